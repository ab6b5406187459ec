using System.IO.Pipelines;
using System.Net;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Tls;

namespace Tidegate.Engine.Net;

/// <summary>
/// A connection that has no socket of its own: a stream of HTTP/2, or anything else that is two pipes. To its handler it is like
/// any other. What the pipes do on other threads is posted to the loop, which alone reads and writes them.
/// </summary>
/// <remarks>
/// Bounded both ways: nothing is read ahead of the handler, so the pipe's own bound holds the peer back; and while one write is
/// being flushed the next ones wait in the connection, where they count as pending.
/// </remarks>
public sealed partial class PipeConnection : TcpConnection
{
    // How long the peer may take for the rest of a connection that has ended in order.
    private static readonly TimeSpan LastFlushBound = TimeSpan.FromSeconds(60);

    private readonly IDuplexPipe _pipe;
    private readonly Action _abort;
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PipeSecurity? _security;
    private LocalPair.StreamEnd? _ownEnd;
    private LocalPair.StreamEnd? _peersEnd;
    private ReadResult _held;
    private LoopTimer? _lastFlush;
    private State _state;

    private PipeConnection(EventLoop loop, IDuplexPipe pipe, IPEndPoint? local, IPEndPoint? remote, Action abort, PipeSecurity? security)
        : base(loop)
    {
        _security = security;
        _pipe = pipe;
        _abort = abort;
        LocalEndPoint = local;
        RemoteEndPoint = remote;
    }

    [Flags]
    private enum State : ushort
    {
        None = 0,
        // A read, a flush or the completing of the output is under way on the pipes.
        Reading = 1,
        Flushing = 2,
        Completing = 4,
        // A read has brought something that was not handed out yet.
        Held = 8,
        ReadFailed = 16,
        WriteFailed = 32,
        CompleteWanted = 64,
        Released = 128,
        Aborted = 256,
    }

    /// <inheritdoc/>
    public override IPEndPoint? RemoteEndPoint { get; }

    /// <inheritdoc/>
    public override IPEndPoint? LocalEndPoint { get; }

    /// <summary>Makes a connection of two pipes, and gives it to <paramref name="opened"/> on the loop. Callable from any thread.</summary>
    /// <param name="loop">The loop that is to own it.</param>
    /// <param name="pipe">What is read and written. The input is completed at the end, the output when sending ends in order.</param>
    /// <param name="local">This side's address, or null.</param>
    /// <param name="remote">The peer's address, or null.</param>
    /// <param name="abort">Cuts the peer off; called once at most, on the loop, and has to make pending reads and flushes end.</param>
    /// <param name="opened">Gives it a handler.</param>
    /// <returns>A task that ends when the connection is over and the pipes are no longer touched.</returns>
    public static Task OpenAsync(EventLoop loop, IDuplexPipe pipe, IPEndPoint? local, IPEndPoint? remote, Action abort, Action<TcpConnection> opened) =>
        OpenAsync(loop, pipe, local, remote, abort, opened, null);

    /// <summary>As the other, where the pipes are what TLS makes of others.</summary>
    internal static Task OpenAsync(
        EventLoop loop, IDuplexPipe pipe, IPEndPoint? local, IPEndPoint? remote, Action abort, Action<TcpConnection> opened, PipeSecurity? security)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(pipe);
        ArgumentNullException.ThrowIfNull(abort);
        ArgumentNullException.ThrowIfNull(opened);
        var connection = new PipeConnection(loop, pipe, local, remote, abort, security);
        loop.Post(() => connection.Open(opened));
        return connection._released.Task;
    }

    /// <summary>As the other, for one of a pair inside the process.</summary>
    internal static Task OpenAsync(
        EventLoop loop, IDuplexPipe pipe, IPEndPoint? remote, Action abort, Action<TcpConnection> opened, LocalPair.StreamEnd own, LocalPair.StreamEnd peers)
    {
        var connection = new PipeConnection(loop, pipe, null, remote, abort, null) { _ownEnd = own, _peersEnd = peers };
        loop.Post(() => connection.Open(opened));
        return connection._released.Task;
    }

    private protected override PipeSecurity? Security => _security;

    private protected override void ResetOnClose()
    {
        _state |= State.Aborted;
        _abort();
    }

    // There is no system behind it that would go on.
    private protected override void LetGo() => ResetOnClose();

    private protected override void ReleaseSocket()
    {
        _state |= State.Released;
        Loop.DropCarried(this);
        if (Is(State.Reading))
        {
            _pipe.Input.CancelPendingRead();
        }

        if (Is(State.Flushing) && Is(State.Aborted))
        {
            _pipe.Output.CancelPendingFlush();
        }
        else if (Is(State.Flushing | State.Completing) && !Is(State.Aborted) && Loop.IsCurrent)
        {
            // In an orderly end, what is still being flushed arrives, if the peer takes it.
            _lastFlush = Loop.Schedule(LastFlushBound, static connection => ((PipeConnection)connection!).GiveUpFlushing(), this);
        }

        FinishRelease();
    }

    private void Open(Action<TcpConnection> opened)
    {
        Loop.AddCarried(this);
        try
        {
            opened(this);
        }
        catch (Exception exception)
        {
            Loop.Report(exception);
            Abort();
        }

        AwaitReadable();
    }

    /// <summary>Lets go of the pipes once nothing is under way on them.</summary>
    private void FinishRelease()
    {
        if (Is(State.Reading | State.Flushing | State.Completing))
        {
            return;
        }

        _lastFlush?.Cancel();
        try
        {
            if (Is(State.Held))
            {
                _state &= ~State.Held;
                _pipe.Input.AdvanceTo(_held.Buffer.Start);
                _held = default;
            }

            _pipe.Input.Complete();
        }
        catch (Exception)
        {
            // A pipe whose other end is gone may refuse even this.
        }

        _released.TrySetResult();
    }

    private bool Is(State any) => (_state & any) != 0;
}
