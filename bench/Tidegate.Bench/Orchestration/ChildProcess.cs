using System.Diagnostics;

namespace Tidegate.Bench.Orchestration;

/// <summary>A process started here on one core, and ended by its id with all that it started in turn.</summary>
internal sealed class ChildProcess : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<ChildProcess> Running = [];
    private readonly Process _process;
    private readonly string? _log;
    private bool _disposed;

    private ChildProcess(Process process, string? log)
    {
        _process = process;
        _log = log;
    }

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    /// <summary>What it prints, for one that was started with <see cref="StartTalking"/>.</summary>
    internal StreamReader Output => _process.StandardOutput;

    internal StreamWriter Input => _process.StandardInput;

    /// <summary>Starts a server; all that it prints goes to <paramref name="log"/>.</summary>
    internal static ChildProcess Start(int core, string log, IReadOnlyDictionary<string, string> environment, IEnumerable<string> command)
    {
        // The shell only redirects: exec keeps the process id.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" >\"$0\" 2>&1 </dev/null", log, "taskset", "-c", $"{core}", .. command]);
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return Start(start, log);
    }

    /// <summary>Starts a load, whose output is read here.</summary>
    internal static ChildProcess StartTalking(int core, IEnumerable<string> command) =>
        Start(new ProcessStartInfo("taskset", ["-c", $"{core}", .. command]) { RedirectStandardOutput = true, RedirectStandardInput = true }, null);

    /// <summary>The end of what a server printed.</summary>
    internal string LastWords()
    {
        string? text = _log is null ? null : ProcessTree.Read(_log);
        string[] lines = text?.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
        return string.Join(" / ", lines.TakeLast(2));
    }

    internal static void EndAll()
    {
        ChildProcess[] all;
        lock (Gate)
            all = [.. Running];
        foreach (ChildProcess child in all)
            child.End();
    }

    public void Dispose()
    {
        End();
        lock (Gate)
            Running.Remove(this);
        lock (_process)
        {
            _disposed = true;
            _process.Dispose();
        }
    }

    private static ChildProcess Start(ProcessStartInfo start, string? log)
    {
        lock (Gate)
        {
            Process process = Process.Start(start) ?? throw new IOException($"{start.FileName} did not start");
            var child = new ChildProcess(process, log);
            Running.Add(child);
            return child;
        }
    }

    /// <summary>Asks it to end, and after two seconds ends it and what it started.</summary>
    private void End()
    {
        // A signal may end everything while a measurement ends its own.
        lock (_process)
        {
            if (!_disposed && !_process.HasExited)
                EndTree();
        }
    }

    private void EndTree()
    {
        List<int> tree = ProcessTree.Of(_process.Id);
        _ = Sockets.kill(_process.Id, Sockets.SIGTERM);
        bool ended = _process.WaitForExit(2000);
        if (!ended)
            _process.Kill(entireProcessTree: true);
        // A worker may outlive the process that started it.
        foreach (int process in tree.Skip(1).Where(p => Directory.Exists($"/proc/{p}")))
            _ = Sockets.kill(process, 9);
        _process.WaitForExit(2000);
    }
}
