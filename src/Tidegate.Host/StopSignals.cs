using System.Runtime.InteropServices;

namespace Tidegate.Host;

/// <summary>
/// Listens for SIGTERM and SIGINT (Ctrl-C): the first asks for an orderly stop, SIGTERM for a polite one; a second one ends the process
/// at once.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    /// <summary>
    /// What comes so soon after the first is the first once more: some programs signal a process and then its group, as timeout(1) does.
    /// </summary>
    internal static readonly TimeSpan SameSignal = TimeSpan.FromMilliseconds(500);

    private const int Terminated = 143;
    private const int Interrupted = 130;
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Action<int> _exit;
    private readonly CancellationTokenSource _requested = new();
    private readonly PosixSignalRegistration[] _registrations;
    private long? _first;
    private bool _disposed;

    /// <param name="time">Tells one signal from two.</param>
    /// <param name="exit">Ends the process with an exit code; null for the real thing.</param>
    internal StopSignals(TimeProvider time, Action<int>? exit = null)
    {
        _time = time;
        _exit = exit ?? Environment.Exit;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Take(context, Terminated)),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Take(context, Interrupted)),
        ];
    }

    /// <summary>Cancelled once a stop has been asked for.</summary>
    internal CancellationToken Requested => _requested.Token;

    /// <summary>True where the first signal was SIGTERM, which is what service managers send, and not the Ctrl-C of somebody who waits.</summary>
    internal bool IsPolite { get; private set; }

    /// <summary>The exit code of a process that the first signal ends: 128 and the signal's number. 0 where there was none.</summary>
    internal int ExitCode { get; private set; }

    /// <summary>Completes once a stop has been asked for.</summary>
    internal Task Wait()
    {
        // Elsewhere than on the signal's own thread, which must be free for the second signal.
        var received = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Requested.Register(received.SetResult);
        return received.Task;
    }

    /// <summary>Asks for a stop as Ctrl-C does, where none has been asked for.</summary>
    internal void Request()
    {
        lock (_lock)
        {
            if (_first is null && !_disposed)
            {
                Begin(Interrupted);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _requested.Dispose();
    }

    /// <summary>A signal came. <paramref name="exitCode"/> is that of a process which it ends.</summary>
    internal void Received(int exitCode)
    {
        lock (_lock)
        {
            if (_first is null)
            {
                Begin(exitCode);
                return;
            }

            if (_time.GetElapsedTime(_first.Value) < SameSignal)
            {
                return;
            }
        }

        _exit(exitCode);
    }

    private void Begin(int exitCode)
    {
        _first = _time.GetTimestamp();
        ExitCode = exitCode;
        IsPolite = exitCode == Terminated;
        _ = _requested.CancelAsync();
    }

    private void Take(PosixSignalContext context, int exitCode)
    {
        context.Cancel = true;
        Received(exitCode);
    }
}
