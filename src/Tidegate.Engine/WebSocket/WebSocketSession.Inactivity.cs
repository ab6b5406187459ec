namespace Tidegate.Engine.WebSocket;

// Noticing a peer that is gone without a word.
public sealed partial class WebSocketSession
{
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
