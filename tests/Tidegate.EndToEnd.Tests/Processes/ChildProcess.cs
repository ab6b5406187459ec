using System.Diagnostics;
using System.Globalization;

namespace Tidegate.EndToEnd.Tests.Processes;

/// <summary>A process that a test has started: its output is captured, and it ends with the test at the latest.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly List<string> _output = [];
    private readonly List<string> _errors = [];
    private readonly Task _ended;
    private TaskCompletionSource _changed = NewSource();

    private ChildProcess(Process process)
    {
        _process = process;
        _ended = EndAsync(Read(process.StandardOutput, _output), Read(process.StandardError, _errors));
    }

    internal int Id => _process.Id;

    internal bool HasExited => _ended.IsCompleted;

    /// <summary>The lines of standard output so far.</summary>
    internal string[] Output => Snapshot(_output);

    /// <summary>The lines of standard error so far.</summary>
    internal string[] Errors => Snapshot(_errors);

    internal static ChildProcess Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        // A shell that starts the tests in the background has them ignore SIGINT, and they would pass that on.
        var start = new ProcessStartInfo("env", ["--default-signal=INT,TERM", program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository.Root,
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new ChildProcess(Process.Start(start)!);
    }

    /// <summary>Runs a program that ends by itself.</summary>
    internal static async Task<ChildProcess> RunAsync(string program, params string[] arguments)
    {
        ChildProcess process = Start(program, arguments);
        await using (process)
        {
            await process.WaitForExitAsync(Patience.Long);
        }

        return process;
    }

    /// <summary>The first line of standard output that is like this, waiting for it if need be.</summary>
    internal async Task<string> WaitForLineAsync(Predicate<string> isIt, TimeSpan? patience = null)
    {
        long began = Stopwatch.GetTimestamp();
        int seen = 0;
        while (true)
        {
            Task changed;
            bool over = _ended.IsCompleted;
            lock (_lock)
            {
                for (; seen < _output.Count; seen++)
                {
                    if (isIt(_output[seen]))
                    {
                        return _output[seen];
                    }
                }

                changed = _changed.Task;
            }

            TimeSpan left = (patience ?? Patience.Normal) - Stopwatch.GetElapsedTime(began);
            if (over || left <= TimeSpan.Zero)
            {
                throw new InvalidOperationException($"{(over ? "The process ended" : "Time ran out")} before the line came.{Transcript}");
            }

            await Task.WhenAny(changed, _ended, Task.Delay(left));
        }
    }

    /// <summary>Sends a signal, such as TERM.</summary>
    internal void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Waits for the end and returns the exit code.</summary>
    internal async Task<int> WaitForExitAsync(TimeSpan? patience = null)
    {
        try
        {
            await _ended.WaitAsync(patience ?? Patience.Normal);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The process did not end in time.{Transcript}");
        }

        return ExitCode;
    }

    /// <summary>The exit code; 128 and the number for one that a signal ended.</summary>
    internal int ExitCode { get; private set; }

    /// <summary>Writes to standard input.</summary>
    internal void WriteLine(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>What the process has said, for messages.</summary>
    internal string Transcript => $"\nstandard output:\n{string.Join('\n', Output)}\nstandard error:\n{string.Join('\n', Errors)}";

    public async ValueTask DisposeAsync()
    {
        if (!_ended.IsCompleted)
        {
            _process.Kill();
            await _ended.WaitAsync(Patience.Normal);
        }

        _process.Dispose();
    }

    // Reading a pipe blocks: on threads of their own, so that no other test waits for one.
    private Task Read(StreamReader reader, List<string> lines) => Task.Factory.StartNew(
        () =>
        {
            while (reader.ReadLine() is { } line)
            {
                TaskCompletionSource changed;
                lock (_lock)
                {
                    lines.Add(line);
                    changed = _changed;
                    _changed = NewSource();
                }

                changed.SetResult();
            }
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private async Task EndAsync(Task output, Task errors)
    {
        await Task.WhenAll(output, errors);
        await _process.WaitForExitAsync();
        ExitCode = _process.ExitCode;
    }

    private string[] Snapshot(List<string> lines)
    {
        lock (_lock)
        {
            return [.. lines];
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
