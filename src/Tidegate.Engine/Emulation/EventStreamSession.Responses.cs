using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Tidegate.Engine.Loops;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Emulation;

// The responses that events are written to: one at a time, and a new one takes over from the one before.
public sealed partial class EventStreamSession
{
    private Downstream? _downstream;
    private LoopTimer? _clientTimer;
    private LoopTimer? _quietTimer;

    // Two bytes would do: the empty line is for clients that look for whole events only.
    private static ReadOnlySpan<byte> Quiet => ":\n\n"u8;

    private static ReadOnlySpan<byte> Reconnect => "reconnect\n\n"u8;

    /// <summary>Gives the session a response to write to. The one before ends.</summary>
    /// <param name="downstream">The response.</param>
    /// <param name="seen">The number of the last event that the client has seen; null to go on behind what the response before was given.</param>
    /// <returns>False where the session is over, or does not have all that comes after that event.</returns>
    public bool TryAttach(Downstream downstream, long? seen)
    {
        ArgumentNullException.ThrowIfNull(downstream);
        if (Has(Flags.Gone))
        {
            return false;
        }

        // What the response before has not been given yet, this one will be.
        if (seen is { } number && !_log.TryRewind(number))
        {
            return false;
        }

        if (_downstream is { } old)
        {
            _downstream = null;
            if (old.Waiting is not null)
            {
                Complete(old, [.. old.FirstBytes.Span, .. Reconnect], isLast: true);
            }
        }

        _clientTimer?.Cancel();
        _downstream = downstream;
        downstream.FirstBytes = Introduction(downstream.FirstBytes.Span);
        downstream.LastWritten = Loop.Now;
        ScheduleQuiet(downstream, QuietTimeOf(downstream));
        return true;
    }

    /// <inheritdoc/>
    public Task<DownstreamPart> TakeAsync(Downstream downstream)
    {
        ArgumentNullException.ThrowIfNull(downstream);
        if (!ReferenceEquals(downstream, _downstream))
        {
            // Another one has taken over while this was writing, or the session is over.
            return Task.FromResult(new DownstreamPart(Reconnect.ToArray(), IsLast: true, IsBroken: Has(Flags.Gone)));
        }

        downstream.Waiting = new TaskCompletionSource<DownstreamPart>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<DownstreamPart> part = downstream.Waiting.Task;
        Pump();
        return part;
    }

    /// <summary>A response can not be written to any more: the client may come back and say what it has seen.</summary>
    public void Lose(Downstream downstream)
    {
        if (!ReferenceEquals(downstream, _downstream))
        {
            return;
        }

        _downstream = null;
        if (downstream.Waiting is not null)
        {
            Complete(downstream, [], isLast: true);
        }

        if (Has(Flags.Closing) && _log.Pending == 0)
        {
            Finish(null);
        }
        else
        {
            AwaitClient();
        }
    }

    /// <summary>Gives what waits to the response that waits for it.</summary>
    private void Pump()
    {
        // Behind something that holds a response back until it ends, the introduction alone would be held back as well.
        if (_downstream is not { Waiting: not null } downstream
            || (_log.Pending == 0 && !Has(Flags.Closing) && (downstream.FirstBytes.IsEmpty || downstream.LongPolls)))
        {
            return;
        }

        bool closes = Has(Flags.Closing);
        bool isLast = closes || (downstream.LongPolls && _log.Pending > 0) || downstream.Written + _log.Pending >= downstream.ReconnectAfter;
        byte[] bytes = [.. downstream.FirstBytes.Span, .. _log.Peek(), .. closes ? Farewell() : isLast ? Reconnect : default];
        downstream.FirstBytes = default;
        _log.Take();
        if (isLast)
        {
            _downstream = null;
        }

        Complete(downstream, bytes, isLast);
        if (closes)
        {
            Finish(null);
            return;
        }

        if (isLast)
        {
            AwaitClient();
        }

        TellIfDrained();
    }

    private void Complete(Downstream downstream, byte[] bytes, bool isLast)
    {
        downstream.Written += bytes.Length;
        downstream.LastWritten = Loop.Now;
        downstream.IsOver = isLast;
        TaskCompletionSource<DownstreamPart> waiting = downstream.Waiting!;
        downstream.Waiting = null;
        waiting.SetResult(new DownstreamPart(bytes, isLast, IsBroken: false));
    }

    private void CutOff()
    {
        if (_downstream is { } downstream)
        {
            _downstream = null;
            if (downstream.Waiting is { } waiting)
            {
                downstream.Waiting = null;
                waiting.SetResult(new DownstreamPart(default, IsLast: true, IsBroken: true));
            }
        }
    }

    /// <summary>
    /// What each response begins with: when and, for clients of the old kind, where to come back, and the number that a client says
    /// then. No event comes of it, since there is no data.
    /// </summary>
    private byte[] Introduction(ReadOnlySpan<byte> before)
    {
        var text = new ArrayBufferWriter<byte>();
        text.Write(before);
        text.Write(Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"retry:{(long)_options.Retry.TotalMilliseconds}\nlocation:{_options.Location}\n")));
        WriteId(text, _log.LastTaken);
        text.Write("\n"u8);
        return text.WrittenSpan.ToArray();
    }

    /// <summary>Clients of the old kind would come back to a session that is over; where the service goes on elsewhere they are told to begin anew.</summary>
    private byte[] Farewell() => _closeStatus is CloseStatus.GoingAway or CloseStatus.ServiceRestart
        ? [.. Encoding.ASCII.GetBytes($"location:{_options.Beginning}\n"), .. Reconnect]
        : [];

    private void AwaitClient()
    {
        _clientTimer?.Cancel();
        _clientTimer = Loop.Schedule(_options.ReconnectTimeout, static session => ((EventStreamSession)session!).GiveUpWaiting(), this);
    }

    private void GiveUpWaiting()
    {
        _closeReason = "the client did not come back";
        _options.Reached?.Invoke(this, SessionBound.Reconnect);
        Finish(SocketError.TimedOut);
    }

    private TimeSpan QuietTimeOf(Downstream downstream) =>
        downstream.NoopInterval is { } interval && interval < _options.KeepAlive ? interval : _options.KeepAlive;

    private void ScheduleQuiet(Downstream downstream, TimeSpan delay)
    {
        _quietTimer?.Cancel();
        _quietTimer = Loop.Schedule(delay, _ => BreakSilence(downstream), null);
    }

    private void BreakSilence(Downstream downstream)
    {
        if (!ReferenceEquals(downstream, _downstream))
        {
            return;
        }

        TimeSpan quiet = TimeSpan.FromMilliseconds(Loop.Now - downstream.LastWritten);
        if (quiet < QuietTimeOf(downstream))
        {
            ScheduleQuiet(downstream, QuietTimeOf(downstream) - quiet);
            return;
        }

        if (downstream.Waiting is not null && downstream.LongPolls)
        {
            _downstream = null;
            Complete(downstream, [.. downstream.FirstBytes.Span, .. Reconnect], isLast: true);
            AwaitClient();
            return;
        }

        if (downstream.Waiting is not null)
        {
            Complete(downstream, Quiet.ToArray(), isLast: false);
        }

        ScheduleQuiet(downstream, QuietTimeOf(downstream));
    }
}
