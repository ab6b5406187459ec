using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
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
public sealed class PipeConnection : TcpConnection
{
    // Bytes that one flush may carry.
    private const int MaximumWrite = 64 * 1024;

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

    private protected override unsafe int Receive(byte* buffer, int capacity, out SocketError error)
    {
        error = SocketError.WouldBlock;
        if (Is(State.Reading))
        {
            return -1;
        }

        try
        {
            if (!Is(State.ReadFailed | State.Held) && _pipe.Input.TryRead(out _held))
            {
                _state |= State.Held;
            }

            if (Is(State.Held))
            {
                return TakeHeld(new Span<byte>(buffer, capacity), ref error);
            }
        }
        catch (Exception)
        {
            // Whatever a pipe throws says that its other end is gone.
            _state |= State.ReadFailed;
        }

        if (Is(State.ReadFailed))
        {
            // As the other implementation of TLS calls it, whose peer may also have broken its rules.
            error = _security is null ? SocketError.ConnectionReset : SocketError.ConnectionAborted;
        }

        return -1;
    }

    private protected override unsafe int Send(byte* data, int length, out SocketError error)
    {
        error = SocketError.Success;
        if (Is(State.Flushing))
        {
            error = SocketError.WouldBlock;
            return -1;
        }

        int count = Math.Min(length, MaximumWrite);
        try
        {
            _pipe.Output.Write(new ReadOnlySpan<byte>(data, count));
            ValueTask<FlushResult> flush = _pipe.Output.FlushAsync();
            if (!flush.IsCompletedSuccessfully)
            {
                _state |= State.Flushing;
                _ = FinishFlushAsync(flush);
            }
            else if (flush.Result.IsCompleted)
            {
                _state |= State.WriteFailed;
            }
        }
        catch (Exception)
        {
            _state |= State.WriteFailed;
        }

        if (Is(State.WriteFailed))
        {
            error = SocketError.ConnectionReset;
            return -1;
        }

        return count;
    }

    private protected override void AwaitReadable()
    {
        if (!Is(State.Reading | State.Held | State.ReadFailed | State.Released))
        {
            _state |= State.Reading;
            _ = ReadAsync();
        }
    }

    private protected override void AwaitWritable()
    {
        // Bytes are refused only while a flush is under way, and its end is announced.
    }

    private protected override void ShutdownSending()
    {
        if (Is(State.Flushing))
        {
            _state |= State.CompleteWanted;
        }
        else if (!Is(State.Completing | State.Aborted))
        {
            _state |= State.Completing;
            if (_security is not null)
            {
                _security.EndsTruncated = IsToEndTruncated;
            }

            if (_ownEnd is not null)
            {
                _ownEnd.IsTruncated = IsToEndTruncated;
            }

            _ = CompleteAsync();
        }
    }

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

    private void GiveUpFlushing()
    {
        ResetOnClose();
        if (Is(State.Flushing))
        {
            _pipe.Output.CancelPendingFlush();
        }
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

    private int TakeHeld(Span<byte> buffer, ref SocketError error)
    {
        _state &= ~State.Held;
        ReadResult result = _held;
        _held = default;
        if (result.Buffer.IsEmpty)
        {
            _pipe.Input.AdvanceTo(result.Buffer.End);
            error = result.IsCompleted ? SocketError.Success : SocketError.WouldBlock;
            if (result.IsCompleted && (_peersEnd is { IsTruncated: true } || (_security is { } security && security.IsEndUnannounced())))
            {
                NoteTruncation();
            }

            return result.IsCompleted ? 0 : -1;
        }

        int count = (int)Math.Min(buffer.Length, result.Buffer.Length);
        var taken = result.Buffer.Slice(0, count);
        taken.CopyTo(buffer);
        _pipe.Input.AdvanceTo(taken.End);
        error = SocketError.Success;
        return count;
    }

    private async Task ReadAsync()
    {
        try
        {
            _held = await _pipe.Input.ReadAsync().ConfigureAwait(false);
            Loop.Post(static connection => ((PipeConnection)connection!).OnRead(State.Held), this);
        }
        catch (Exception)
        {
            Loop.Post(static connection => ((PipeConnection)connection!).OnRead(State.ReadFailed), this);
        }
    }

    private void OnRead(State outcome)
    {
        _state = (_state & ~State.Reading) | outcome;
        if (Is(State.Released))
        {
            FinishRelease();
        }
        else if (!IsEnded)
        {
            OnReadable(hungUp: false);
        }
    }

    private async Task FinishFlushAsync(ValueTask<FlushResult> flush)
    {
        bool failed;
        try
        {
            failed = (await flush.ConfigureAwait(false)).IsCompleted;
        }
        catch (Exception)
        {
            failed = true;
        }

        Loop.Post(() => OnFlushed(failed));
    }

    private void OnFlushed(bool failed)
    {
        _state &= ~State.Flushing;
        if (Is(State.CompleteWanted))
        {
            ShutdownSending();
        }

        if (Is(State.Released))
        {
            FinishRelease();
        }
        else if (failed)
        {
            FailSending(SocketError.ConnectionReset);
        }
        else if (!IsEnded)
        {
            OnWritable(0);
        }
    }

    private async Task CompleteAsync()
    {
        try
        {
            await _pipe.Output.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The other end is gone, and reading says so.
        }

        Loop.Post(static connection =>
        {
            var self = (PipeConnection)connection!;
            self._state &= ~State.Completing;
            if (self.Is(State.Released))
            {
                self.FinishRelease();
            }
        }, this);
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
