using System.Net.Sockets;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;

namespace Tidegate.Engine.Emulation;

// Requests that bring what the client sends: one at a time.
public sealed partial class EmulatedSession
{
    private UpstreamReader? _upstream;
    private TaskCompletionSource? _released;
    private long? _nextUpstream;
    private long _lastReceived;
    private LoopTimer? _inactivityTimer;

    /// <summary>Begins a request of the client.</summary>
    /// <param name="encoding">How its body is written.</param>
    /// <param name="sequence">Its number, where it has one.</param>
    /// <returns>What is wrong with it, and has ended the session; null where nothing is.</returns>
    public string? BeginUpstream(EmulationEncoding encoding, long? sequence)
    {
        if (Has(Flags.Gone))
        {
            return "the session is over";
        }

        string? fault = Has(Flags.UpstreamOpen) ? "another request is under way" : Advance(ref _nextUpstream, sequence);
        if (fault is not null)
        {
            Break(SocketError.ProtocolNotSupported, byPeer: true);
            return fault;
        }

        _flags |= Flags.UpstreamOpen;
        _upstream = new UpstreamReader(encoding, _options.MaximumMessageSize);
        return null;
    }

    /// <summary>Takes the next piece of the body of the request that has begun, once the service has room.</summary>
    /// <param name="piece">The piece. It is overwritten.</param>
    /// <returns>What is wrong with it, and has ended the session; null where nothing is.</returns>
    public async Task<string?> ReceiveAsync(Memory<byte> piece)
    {
        _lastReceived = Loop.Now;
        _flags &= ~Flags.AwaitingPong;
        if (!_upstream!.TryRead(piece.Span, this, out string? fault))
        {
            _closeReason = fault;
            Break(SocketError.ProtocolNotSupported, byPeer: true);
            return fault;
        }

        // Of a session that is gone by now nobody would say when to go on.
        if (!Has(Flags.Gone) && (Has(Flags.Paused) || !Has(Flags.Started)))
        {
            _released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await _released.Task.ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Ends the request that has begun.</summary>
    /// <param name="whole">False where its body broke off.</param>
    /// <returns>What is wrong with it, and has ended the session; null where nothing is.</returns>
    public string? EndUpstream(bool whole)
    {
        _flags &= ~Flags.UpstreamOpen;
        // What came after a break has not reached anybody.
        string? fault = !whole || !_upstream!.IsAtEnd ? "the body ends within a frame" : Has(Flags.Broken) ? "the session is over" : null;
        _upstream = null;
        if (fault is not null)
        {
            Break(SocketError.ConnectionReset, byPeer: true);
        }

        return fault;
    }

    unsafe void IUpstreamSink.OnMessage(Span<byte> message, MessageKind kind)
    {
        if (!Hears)
        {
            return;
        }

        fixed (byte* pointer = message)
        {
            byte none = 0;
            Handler?.OnPayload(this, new Payload(message.IsEmpty ? &none : pointer, message.Length, headroom: 0), kind, endOfMessage: true);
        }
    }

    void IUpstreamSink.OnPing()
    {
        if (!IsClosing && _pending.WrittenCount < KeptCapacity)
        {
            EmulationFrames.WritePong(_pending, _options.Encoding);
            Pump();
        }
    }

    void IUpstreamSink.OnPong()
    {
        // That it came is all there is to know, and was noted.
    }

    private static string? Advance(ref long? next, long? given)
    {
        if (next is null)
        {
            return null;
        }

        if (given != next)
        {
            return $"the sequence number is not {next}";
        }

        next++;
        return null;
    }

    private void ReleaseUpstream()
    {
        TaskCompletionSource? released = _released;
        _released = null;
        released?.SetResult();
    }

    private void ScheduleInactivityCheck(TimeSpan delay) =>
        _inactivityTimer = Loop.Schedule(delay, static session => ((EmulatedSession)session!).CheckInactivity(), this);

    private void CheckInactivity()
    {
        if (Has(Flags.Gone | Flags.Finished | Flags.CloseSent | Flags.OwesClose))
        {
            return;
        }

        TimeSpan half = _options.InactivityTimeout / 2;
        TimeSpan quiet = TimeSpan.FromMilliseconds(Loop.Now - _lastReceived);
        if (Has(Flags.Paused))
        {
            ScheduleInactivityCheck(half);
        }
        else if (quiet < half)
        {
            ScheduleInactivityCheck(half - quiet);
        }
        else if (!Has(Flags.AwaitingPong))
        {
            _flags |= Flags.AwaitingPong;
            EmulationFrames.WritePing(_pending, _options.Encoding);
            Pump();
            ScheduleInactivityCheck(half);
        }
        else
        {
            _closeReason = "the client did not answer a ping";
            Abort();
        }
    }
}
