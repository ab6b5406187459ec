using System.Net.Sockets;
using Tidegate.Engine.Emulation;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.Emulation;

/// <summary>What ends sessions without a connection of their own though neither side has asked for it.</summary>
public sealed class SessionBoundTests() : EngineTest(EventSource.Portable)
{
    private readonly ManualTime _time = new();
    private readonly List<SessionBound> _reached = [];

    public static TheoryData<bool> Kinds => [true, false];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_service_that_goes_on_sending_to_a_client_that_takes_nothing_loses_it(bool events)
    {
        (Session session, SessionProbe probe) = Open(events);
        long most = 0;
        OnLoop(() =>
        {
            session.SetWaterMarks(2000, 1000);
            for (int i = 0; i < 100; i++)
            {
                session.Send(new byte[900], MessageKind.Binary);
                most = Math.Max(most, session.PendingBytes);
            }
        });

        // 5,000 beyond the mark, and one message with what goes with it. A NUL of an event is U+FFFD or one byte, so its length says little.
        Assert.InRange(most, 7000, 7000 + 3000);
        SessionEnd end = Bounded.Result(probe.End);
        Assert.Equal((CloseStatus.AbnormalClosure, SocketError.NoBufferSpaceAvailable), (end.Status, end.Error));
        Assert.Equal("too much waited for the client", end.Reason);
        Assert.Equal([SessionBound.Pending], _reached);
        Assert.Equal(0, OnLoop(() => Loop.Timers.Count));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_message_that_comes_in_too_long_parts_is_told_of_once(bool events)
    {
        (Session session, SessionProbe _) = Open(events);
        OnLoop(() =>
        {
            session.Relay(new byte[60], MessageKind.Text, endOfMessage: false);
            session.Relay(new byte[60], MessageKind.Text, endOfMessage: false);
            session.Relay(new byte[60], MessageKind.Text, endOfMessage: true);
        });
        Assert.Equal([SessionBound.Gathered], _reached);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_client_that_fetches_nothing_is_given_up_after_the_time_that_is_set(bool events)
    {
        (Session _, SessionProbe probe) = Open(events);
        Pass(6);
        Assert.False(probe.End.IsCompleted);
        Pass(2);
        Assert.Equal(SocketError.TimedOut, Bounded.Result(probe.End).Error);
        Assert.Equal([SessionBound.Reconnect], _reached);
    }

    private (Session Session, SessionProbe Probe) Open(bool events)
    {
        StartLoops(loops => loops with { TimeProvider = _time });
        var probe = new SessionProbe();
        var patience = TimeSpan.FromSeconds(7);
        Session session = events
            ? new EventStreamSession(
                Loop, "1",
                new EventStreamOptions { Location = "/e;s/1", Beginning = "/e", MaximumPending = 5000, MaximumGathered = 100, ReconnectTimeout = patience, Reached = (_, bound) => _reached.Add(bound) },
                null, _ => { })
            : new EmulatedSession(
                Loop, new EmulationOptions { MaximumPending = 5000, MaximumGathered = 100, DownstreamTimeout = patience, Reached = (_, bound) => _reached.Add(bound) }, null, null, _ => { });
        session.Handler = probe;
        OnLoop(session.Start);
        return (session, probe);
    }

    private void Pass(double seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        Turns();
    }
}
