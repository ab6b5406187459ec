using System.Diagnostics;
using System.Globalization;

namespace Tidegate.Host.Commands;

/// <summary>A gateway that <c>tidegate demo</c> has started as a process, whose lines are passed on with its number in front.</summary>
internal sealed class DemoMember : IDisposable
{
    private readonly Process _process;
    private readonly TaskCompletionSource<bool> _up = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DemoMember(int number, Process process, Action<string> say)
    {
        Number = number;
        _process = process;
        Ended = RunAsync(say);
    }

    internal int Number { get; }

    internal int Id => _process.Id;

    /// <summary>Completes when it serves, with true, or has ended before that, with false.</summary>
    internal Task<bool> Up => _up.Task;

    /// <summary>Completes with its exit code, when all that it said has been passed on.</summary>
    internal Task<int> Ended { get; }

    internal static DemoMember Start(int number, string file, Installation installation, Action<string> say)
    {
        string program = Environment.ProcessPath ?? "dotnet";
        bool isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
        var start = new ProcessStartInfo(program, [.. isHost ? [Path.Combine(AppContext.BaseDirectory, "tidegate.dll")] : Array.Empty<string>(), "start", "--until-input-ends", "--config", file])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment[Installation.HomeVariable] = installation.Home;
        return new DemoMember(number, Process.Start(start)!, line => say($"[{number.ToString(CultureInfo.InvariantCulture)}] {line}"));
    }

    /// <summary>
    /// Has it stop as by Ctrl-C, which it may have got from the terminal already. By its input, since it ignores SIGINT where this process does,
    /// as behind the <c>&amp;</c> of a script; and that ends when this process is killed, too.
    /// </summary>
    internal void Stop()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended.
        }
    }

    /// <summary>Ends it at once, where it has not ended.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private async Task<int> RunAsync(Action<string> say)
    {
        await Task.WhenAll(PassOnAsync(_process.StandardOutput, say), PassOnAsync(_process.StandardError, say));
        await _process.WaitForExitAsync();
        _up.TrySetResult(false);
        return _process.ExitCode;
    }

    private async Task PassOnAsync(StreamReader lines, Action<string> say)
    {
        while (await lines.ReadLineAsync() is { } line)
        {
            say(line);
            if (line.Contains("Started server successfully", StringComparison.Ordinal))
            {
                _up.TrySetResult(true);
            }
        }
    }
}
