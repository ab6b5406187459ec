using System.Runtime.Versioning;

// Signals, /proc and the programs that the gateway is tried against.
[assembly: SupportedOSPlatform("linux")]

// Processes wait more than they work, so more of them than cores may run at once; too many would starve each other.
[assembly: CollectionBehavior(MaxParallelThreads = 3)]
