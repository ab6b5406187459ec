using System.Runtime.InteropServices;

namespace Tidegate.Host;

/// <summary>
/// Listens for SIGTERM and SIGINT (Ctrl-C): the first asks for an orderly stop, the second ends the process at once.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _requested = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _count;

    internal StopSignals()
    {
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Received(context, 143)),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Received(context, 130)),
        ];
    }

    /// <summary>Cancelled once a stop has been asked for.</summary>
    internal CancellationToken Requested => _requested.Token;

    /// <summary>Completes once a stop has been asked for.</summary>
    internal Task Wait()
    {
        // Elsewhere than on the signal's own thread, which must be free for the second signal.
        var received = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Requested.Register(received.SetResult);
        return received.Task;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _requested.Dispose();
    }

    private void Received(PosixSignalContext context, int exitCode)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _count) == 1)
        {
            _ = _requested.CancelAsync();
        }
        else
        {
            Environment.Exit(exitCode);
        }
    }
}
