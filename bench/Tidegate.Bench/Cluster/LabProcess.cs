using System.Diagnostics;

namespace Tidegate.Bench.Cluster;

/// <summary>A process on a host of the laboratory, whose lines are kept with the time at which they came; it ends with this program.</summary>
internal sealed class LabProcess : IDisposable
{
    internal const int SIGKILL = 9;
    private static readonly Lock Gate = new();
    private static readonly HashSet<LabProcess> Running = [];
    private readonly Process _process;
    private readonly List<(long Time, string Line)> _lines = [];

    private LabProcess(Process process)
    {
        _process = process;
        Read(process.StandardOutput);
        Read(process.StandardError);
    }

    /// <summary>Starts a command; the process is the command's own, whose id no shell keeps from being known.</summary>
    internal static LabProcess Start(IEnumerable<string> command)
    {
        var start = new ProcessStartInfo("env", command) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        lock (Gate)
        {
            var process = new LabProcess(Process.Start(start)!);
            Running.Add(process);
            return process;
        }
    }

    /// <summary>Ends all that still run.</summary>
    internal static void EndAll()
    {
        LabProcess[] all;
        lock (Gate)
            all = [.. Running];
        foreach (LabProcess process in all)
            process.Dispose();
    }

    internal void Signal(int signal)
    {
        if (!_process.HasExited)
            _ = Sockets.kill(_process.Id, signal);
    }

    internal void Say(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>All lines that came at this time or later.</summary>
    internal (long Time, string Line)[] Since(long time)
    {
        lock (_lines)
            return [.. _lines.Where(line => line.Time >= time)];
    }

    /// <summary>Waits until something is so of the lines that came at this time or later, and returns it.</summary>
    /// <exception cref="IOException">It did not become so, or the process ended.</exception>
    internal T Wait<T>(long since, string what, Func<(long Time, string Line)[], T?> find, int seconds = 60)
        where T : struct
    {
        long until = CrowdLoop.Now + (seconds * 1000L);
        while (true)
        {
            bool hasExited = _process.HasExited;
            if (find(Since(since)) is { } found)
                return found;
            if (hasExited || CrowdLoop.Now > until)
                throw new IOException($"{what}: {(hasExited ? "the process ended" : "this did not come")}. It said last: {string.Join(" / ", Since(0).TakeLast(6).Select(line => line.Line))}");
            lock (_lines)
                Monitor.Wait(_lines, 20);
        }
    }

    /// <summary>Waits until it has ended by itself.</summary>
    /// <exception cref="IOException">It has not.</exception>
    internal void WaitForEnd(string what, int seconds)
    {
        if (!_process.WaitForExit(TimeSpan.FromSeconds(seconds)))
            throw new IOException($"{what} did not end within {seconds} s");
    }

    public void Dispose()
    {
        lock (Gate)
        {
            if (!Running.Remove(this))
                return;
        }

        Signal(SIGKILL);
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Read(StreamReader reader) => new Thread(() =>
    {
        while (reader.ReadLine() is { } line)
        {
            lock (_lines)
            {
                _lines.Add((CrowdLoop.Now, line));
                Monitor.PulseAll(_lines);
            }
        }
    })
    { IsBackground = true }.Start();
}
