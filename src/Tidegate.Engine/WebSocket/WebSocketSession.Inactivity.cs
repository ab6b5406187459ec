namespace Tidegate.Engine.WebSocket;

// Noticing a peer that is gone without a word.
public sealed partial class WebSocketSession
{
    // A loop that stood still finds its timers due before what has arrived meanwhile is read: so it looks twice.
    private const int SecondLook = 4;

    /// <summary>
    /// Asks the peer for a sign of life, because somebody says that it is gone. If nothing at all comes from it, the session is cut off
    /// after a quarter more than <paramref name="within"/>. While this side does not read nothing is asked: silence proves nothing then.
    /// </summary>
    /// <param name="within">How long the answer may take; more than nothing.</param>
    public void Probe(TimeSpan within)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(within, TimeSpan.Zero);
        if (IsPastProbing || Has(Flags.Probed))
        {
            return;
        }

        // A mark and not the time: the loop's clock stands still during a turn, and may be a second old when the turn begins.
        _flags |= Flags.Probed;
        WriteFrame(ControlHeader(Opcode.Ping, 0), []);
        Loop.Schedule(within, _ => CheckProbe(within / SecondLook), null);
    }

    private bool IsPastProbing => Has(Flags.Finished | Flags.CloseSent | Flags.OwesClose) || _connection.IsEnded || _connection.IsReadingPaused;

    private void CheckProbe(TimeSpan more)
    {
        if (IsPastProbing || !Has(Flags.Probed))
        {
            _flags &= ~Flags.Probed;
            return;
        }

        if (more > TimeSpan.Zero)
        {
            Loop.Schedule(more, _ => CheckProbe(TimeSpan.Zero), null);
            return;
        }

        _closeReason = "the peer did not answer a ping";
        Abort();
    }

    private void ScheduleInactivityCheck(TimeSpan delay) =>
        Loop.Schedule(delay, static session => ((WebSocketSession)session!).CheckInactivity(), this);

    private void CheckInactivity()
    {
        if (Has(Flags.Finished | Flags.CloseSent | Flags.OwesClose) || _connection.IsEnded)
        {
            return;
        }

        TimeSpan half = _options.InactivityTimeout / 2;
        TimeSpan quiet = TimeSpan.FromMilliseconds(Loop.Now - _lastReceived);
        if (_connection.IsReadingPaused)
        {
            // This side is not listening, so silence proves nothing.
            ScheduleInactivityCheck(half);
        }
        else if (quiet < half)
        {
            ScheduleInactivityCheck(half - quiet);
        }
        else if (!Has(Flags.AwaitingPong))
        {
            _flags |= Flags.AwaitingPong;
            // A client with text pings has been sent one within this half, and will be in the next.
            if (_agreed is not { TextPings: true, Interval.Ticks: > 0 })
            {
                WriteFrame(ControlHeader(Opcode.Ping, 0), []);
            }

            ScheduleInactivityCheck(half);
        }
        else
        {
            _closeReason = "the peer did not answer a ping";
            Abort();
        }
    }
}
