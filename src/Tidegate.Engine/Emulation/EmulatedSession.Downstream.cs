using System.Buffers;
using System.Net.Sockets;
using Tidegate.Engine.Loops;

namespace Tidegate.Engine.Emulation;

// Requests whose responses bring the client what it is sent: one at a time, and a new one takes over from the one before.
public sealed partial class EmulatedSession
{
    private Downstream? _downstream;
    private LoopTimer? _downstreamTimer;
    private LoopTimer? _noopTimer;
    private long? _nextDownstream;

    /// <summary>Gives the session a response to write to. The one before gets what waits, and ends.</summary>
    /// <param name="downstream">The response.</param>
    /// <param name="sequence">The number of its request, where it has one.</param>
    /// <returns>What is wrong with it; null where nothing is.</returns>
    public string? Attach(Downstream downstream, long? sequence)
    {
        if (Has(Flags.Gone))
        {
            return "the session is over";
        }

        if (Advance(ref _nextDownstream, sequence) is { } fault)
        {
            return fault;
        }

        if (_downstream is { } old)
        {
            EndResponse(old);
        }

        _downstreamTimer?.Cancel();
        _downstream = downstream;
        downstream.LastWritten = Loop.Now;
        ScheduleNoop(downstream, QuietTimeOf(downstream));
        return null;
    }

    /// <summary>The next bytes for a response, when there are any. The call before has been answered.</summary>
    public Task<DownstreamPart> TakeAsync(Downstream downstream)
    {
        if (Has(Flags.Gone) && !ReferenceEquals(downstream, _downstream))
        {
            return Task.FromResult(new DownstreamPart(EmulationFrames.Reconnect.ToArray(), IsLast: true, IsBroken: !downstream.IsOver));
        }

        downstream.Waiting = new TaskCompletionSource<DownstreamPart>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<DownstreamPart> part = downstream.Waiting.Task;
        if (!ReferenceEquals(downstream, _downstream))
        {
            // Another one has taken over while this was writing.
            Answer(downstream, isLast: true);
        }
        else
        {
            Pump();
        }

        return part;
    }

    /// <summary>A response can not be written to any more: what it was given may be lost, so the session is.</summary>
    public void Lose(Downstream downstream)
    {
        if (ReferenceEquals(downstream, _downstream))
        {
            Break(SocketError.ConnectionReset, byPeer: true);
        }
    }

    /// <summary>Ends the response that is under way, behind what waits for it: the client comes for another one.</summary>
    public void EndResponse()
    {
        if (_downstream is { } downstream)
        {
            EndResponse(downstream);
            AwaitDownstream();
        }
    }

    /// <summary>Gives what waits to the response that waits for it.</summary>
    private void Pump()
    {
        if (_downstream is not { Waiting: not null } downstream || (_pending.WrittenCount == 0 && downstream.FirstBytes.IsEmpty))
        {
            return;
        }

        long written = downstream.Written + _pending.WrittenCount;
        bool isLast = Has(Flags.CloseSent) || (downstream.LongPolls && _pending.WrittenCount > 0) || written >= downstream.ReconnectAfter;
        if (isLast)
        {
            _downstream = null;
            if (!Has(Flags.CloseSent))
            {
                AwaitDownstream();
            }
        }

        TakePending(downstream, isLast);
        if (Has(Flags.EndReported))
        {
            // That was what was left for the client.
            Go();
        }
        else
        {
            TellIfDrained();
        }
    }

    private void TakePending(Downstream downstream, bool isLast)
    {
        byte[] bytes = [.. downstream.FirstBytes.Span, .. _pending.WrittenSpan, .. isLast ? EmulationFrames.Reconnect : default];
        downstream.FirstBytes = default;
        if (_pending.Capacity > KeptCapacity)
        {
            _pending = new ArrayBufferWriter<byte>();
        }
        else
        {
            _pending.ResetWrittenCount();
        }

        downstream.Written += bytes.Length;
        downstream.LastWritten = Loop.Now;
        Complete(downstream, new DownstreamPart(bytes, isLast, IsBroken: false));
    }

    /// <summary>Ends the response that another one takes over from.</summary>
    private void EndResponse(Downstream old)
    {
        _downstream = null;
        if (old.Waiting is not null)
        {
            TakePending(old, isLast: true);
            TellIfDrained();
        }
    }

    private static void Answer(Downstream downstream, bool isLast) =>
        Complete(downstream, new DownstreamPart((byte[])[.. downstream.FirstBytes.Span, .. EmulationFrames.Reconnect], isLast, IsBroken: false));

    private static void Complete(Downstream downstream, DownstreamPart part)
    {
        downstream.IsOver = part.IsLast;
        TaskCompletionSource<DownstreamPart> waiting = downstream.Waiting!;
        downstream.Waiting = null;
        waiting.SetResult(part);
    }

    private void CutOff()
    {
        if (_downstream is { } downstream)
        {
            _downstream = null;
            if (downstream.Waiting is not null)
            {
                Complete(downstream, new DownstreamPart(default, IsLast: true, IsBroken: true));
            }
        }
    }

    private void AwaitDownstream()
    {
        _downstreamTimer?.Cancel();
        _downstreamTimer = Loop.Schedule(_options.DownstreamTimeout, static session => ((EmulatedSession)session!).GiveUpWaiting(), this);
    }

    private void GiveUpWaiting()
    {
        _closeReason = "the client did not fetch what it was sent";
        _options.Reached?.Invoke(this, SessionBound.Reconnect);
        Break(SocketError.TimedOut, byPeer: true);
    }

    /// <summary>The client gives up after the idle time-out, so it hears something before that.</summary>
    private TimeSpan QuietTimeOf(Downstream downstream) => downstream.NoopInterval is { } interval && interval < _options.IdleTimeout ? interval : _options.IdleTimeout * 0.75;

    // One for the session, not for each response: they come and go faster than such times pass.
    private void ScheduleNoop(Downstream downstream, TimeSpan delay)
    {
        _noopTimer?.Cancel();
        _noopTimer = Loop.Schedule(delay, _ => SayNothing(downstream), null);
    }

    /// <summary>Shows the client, and whatever is on the way to it, that a response is still there.</summary>
    private void SayNothing(Downstream downstream)
    {
        if (!ReferenceEquals(downstream, _downstream))
        {
            return;
        }

        TimeSpan quiet = TimeSpan.FromMilliseconds(Loop.Now - downstream.LastWritten);
        if (quiet < QuietTimeOf(downstream))
        {
            ScheduleNoop(downstream, QuietTimeOf(downstream) - quiet);
            return;
        }

        if (_pending.WrittenCount == 0)
        {
            _pending.Write(EmulationFrames.Noop);
            Pump();
        }

        ScheduleNoop(downstream, QuietTimeOf(downstream));
    }
}
