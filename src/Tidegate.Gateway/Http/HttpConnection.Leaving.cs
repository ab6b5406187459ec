using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;

namespace Tidegate.Gateway.Http;

// How the server lets a connection go: to a new owner, or to its end when the client has taken what it is owed.
internal sealed partial class HttpConnection
{
    // Bytes a second that a client has to take: what the server asks for while it is writing (docs/http.md).
    private const int SlowestClient = 240;

    // How long the client may take to hang up, when all was sent.
    private static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private LoopTimer? _leaving;
    private long _looksLeft;

    public override void Abort(ConnectionAbortedException abortReason) =>
        _connection.Loop.Post(static connection => ((HttpConnection)connection!).AbortOwn(), this);

    /// <summary>Kestrel is done with the connection.</summary>
    public override async ValueTask DisposeAsync()
    {
        // Kestrel leaves this to the transport, and what it wrote last may still be in the pipe.
        await _output.Writer.CompleteAsync().ConfigureAwait(false);
        _connection.Loop.Post(static connection => ((HttpConnection)connection!).BoundSending(), this);
        await _sending.ConfigureAwait(false);
        _connection.Loop.Post(static connection => ((HttpConnection)connection!).Leave(), this);
    }

    /// <summary>Aborts the connection, unless it has another owner by now.</summary>
    private void AbortOwn()
    {
        if (!_handedOn)
        {
            _connection.Abort();
        }
    }

    /// <summary>Sees to it that a client that takes nothing does not keep the connection: Kestrel's clocks have stopped.</summary>
    private void BoundSending()
    {
        if (!_sending.IsCompleted)
        {
            _leaving = _connection.Loop.Schedule(
                LingerTime + TimeToTake(_connection.PendingBytes + MaximumPendingBytes), static connection => ((HttpConnection)connection!).AbortOwn(), this);
        }
    }

    private static TimeSpan TimeToTake(long bytes) => TimeSpan.FromSeconds(bytes / SlowestClient);

    /// <summary>The last step, on the loop: the connection changes its owner, or is closed.</summary>
    private void Leave()
    {
        _leaving?.Cancel();
        _leaving = null;
        if (_continuation is { } continuation && !_connection.IsEnded)
        {
            _handedOn = true;
            _connection.PauseReading();
            _connection.Handler = null;
            CompleteInput(null);
            TakeBackUnconsumed();
            _connection.ResumeReading();
            _input.Reader.Complete();
            _leftovers.Count();
            continuation(_connection);
            return;
        }

        _abandoned?.Invoke();

        CompleteInput(null);
        _input.Reader.Complete();
        _connection.EndSending();
        _looksLeft = (long)TimeToTake(_connection.PendingBytes).TotalSeconds;
        CloseWhenSent();
    }

    /// <summary>Waits while a slow client takes what it is owed, but not for ever.</summary>
    private void CloseWhenSent()
    {
        if (_connection.PendingBytes == 0 || _looksLeft-- <= 0)
        {
            _connection.Close(LingerTime);
            return;
        }

        _connection.Loop.Schedule(LookInterval, static connection => ((HttpConnection)connection!).CloseWhenSent(), this);
    }

    private void TakeBackUnconsumed()
    {
        if (_input.Reader.TryRead(out ReadResult rest))
        {
            _connection.Unread(rest.Buffer.ToArray());
            _input.Reader.AdvanceTo(rest.Buffer.End);
        }
    }
}
