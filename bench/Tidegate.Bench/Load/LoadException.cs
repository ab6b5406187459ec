namespace Tidegate.Bench.Load;

/// <summary>The server did something that makes the measurement void: a wrong byte, a lost connection, no answer.</summary>
internal sealed class LoadException(string message) : Exception(message);
