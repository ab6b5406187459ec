using System.Net.Sockets;
using System.Text;
using Tidegate.Engine.Emulation;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.Emulation;

/// <summary>The times of an event stream, what a client that comes back gets, and what becomes of bytes that are split anyhow.</summary>
public sealed class EventStreamSessionTests() : EngineTest(EventSource.Portable)
{
    private const string Begun = "retry:2000\nlocation:/e;s/1\nid:1.";
    private readonly ManualTime _time = new();
    private int _gone;
    private bool _started;

    [Fact]
    public void A_session_that_its_client_does_not_come_back_to_ends()
    {
        (EventStreamSession session, SessionProbe probe) = Open();
        Downstream down = Attach(session);
        Pass(120);
        Assert.False(probe.End.IsCompleted);
        OnLoop(() => session.Lose(down));
        Pass(59);
        Assert.False(probe.End.IsCompleted);
        Pass(2);
        SessionEnd end = Bounded.Result(probe.End);
        Assert.Equal((CloseStatus.AbnormalClosure, SocketError.TimedOut, true), (end.Status, end.Error, end.ByPeer));
        Assert.Equal(1, _gone);
        Assert.False(OnLoop(() => session.TryAttach(New(), null)));
        Assert.Equal(0, OnLoop(() => Loop.Timers.Count));
    }

    [Fact]
    public void A_quiet_stream_says_something_every_fifteen_seconds_or_as_often_as_the_client_wants()
    {
        (EventStreamSession session, SessionProbe _) = Open();
        Downstream down = Attach(session);
        Assert.Equal(Begun + "0\n\n", Take(session, down));
        Task<DownstreamPart> next = OnLoop(() => session.TakeAsync(down));
        Pass(14);
        Assert.False(next.IsCompleted);
        Pass(2);
        Assert.Equal(":\n\n", Text(Bounded.Result(next)));
        Downstream often = Attach(session, new Downstream(longPolls: false, long.MaxValue, default) { NoopInterval = TimeSpan.FromSeconds(3) });
        Take(session, often);
        next = OnLoop(() => session.TakeAsync(often));
        Pass(4);
        Assert.Equal(":\n\n", Text(Bounded.Result(next)));
    }

    [Fact]
    public void A_quiet_response_that_something_holds_back_ends_so_that_the_next_one_comes()
    {
        (EventStreamSession session, SessionProbe _) = Open();
        Downstream down = Attach(session, new Downstream(longPolls: true, long.MaxValue, default));
        Task<DownstreamPart> next = OnLoop(() => session.TakeAsync(down));
        Pass(14);
        Assert.False(next.IsCompleted);
        Pass(2);
        Assert.Equal(Begun + "0\n\nreconnect\n\n", Text(Bounded.Result(next)));
        Assert.True(Bounded.Result(next).IsLast);
    }

    [Fact]
    public void Who_comes_back_goes_on_behind_what_it_has_seen()
    {
        (EventStreamSession session, SessionProbe _) = Open();
        Downstream first = Attach(session);
        Send(session, "one", "two", "three");
        Assert.EndsWith("data:three\nid:1.3\n\n", Take(session, first), StringComparison.Ordinal);
        Downstream second = Attach(session, seen: 1);
        Assert.Equal(Begun + "1\n\ndata:two\nid:1.2\n\ndata:three\nid:1.3\n\n", Take(session, second));
        Downstream third = Attach(session, seen: 3);
        Assert.Equal(Begun + "3\n\n", Take(session, third));
        Downstream fourth = Attach(session, seen: 0);
        Assert.StartsWith(Begun + "0\n\ndata:one\n", Take(session, fourth), StringComparison.Ordinal);
        Assert.False(OnLoop(() => session.TryAttach(New(), 4)));
    }

    [Fact]
    public void What_is_too_old_is_not_passed_over_in_silence()
    {
        (EventStreamSession session, SessionProbe _) = Open(new EventStreamOptions { Location = "/e;s/1", Beginning = "/e", History = 100 });
        Downstream down = Attach(session);
        for (int i = 0; i < 100; i++)
        {
            Send(session, $"message {i}");
            Take(session, down);
        }

        Assert.False(OnLoop(() => session.TryAttach(New(), 1)));
        Assert.False(OnLoop(() => session.TryAttach(New(), 90)));
        Downstream late = Attach(session, seen: 99);
        Assert.Equal(Begun + "99\n\ndata:message 99\nid:1.100\n\n", Take(session, late));
    }

    [Fact]
    public void A_close_brings_what_waits_first_and_ends_the_response()
    {
        (EventStreamSession session, SessionProbe probe) = Open();
        Downstream down = Attach(session);
        Take(session, down);
        OnLoop(() =>
        {
            session.Send("last"u8, MessageKind.Text);
            session.Close(CloseStatus.ServiceRestart, "over");
            session.Send("too late"u8, MessageKind.Text);
        });
        DownstreamPart part = Bounded.Result(OnLoop(() => session.TakeAsync(down)));
        Assert.Equal("data:last\nid:1.1\n\nlocation:/e\nreconnect\n\n", Text(part));
        Assert.True(part.IsLast);
        SessionEnd end = Bounded.Result(probe.End);
        Assert.Equal((CloseStatus.ServiceRestart, "over", true, false), (end.Status, end.Reason, end.IsOrderly, end.ByPeer));
    }

    [Fact]
    public void A_client_that_does_not_fetch_the_end_is_not_waited_for()
    {
        (EventStreamSession session, SessionProbe probe) = Open();
        Send(session, "last");
        OnLoop(() => session.Close(CloseStatus.NormalClosure));
        Pass(4);
        Assert.False(probe.End.IsCompleted);
        Pass(2);
        Assert.Equal(SocketError.TimedOut, Bounded.Result(probe.End).Error);
        Assert.Equal(1, _gone);
    }

    [Fact]
    public void A_session_that_is_cut_off_cuts_off_the_response()
    {
        (EventStreamSession session, SessionProbe probe) = Open();
        Downstream down = Attach(session);
        Take(session, down);
        Task<DownstreamPart> next = OnLoop(() => session.TakeAsync(down));
        OnLoop(session.Abort);
        Assert.True(Bounded.Result(next).IsBroken);
        Assert.False(Bounded.Result(probe.End).IsOrderly);
    }

    [Fact]
    public void A_handler_is_told_when_too_much_waits_and_when_it_was_fetched()
    {
        int congested = 0, drained = 0;
        (EventStreamSession session, SessionProbe _) = Open(probe: new SessionProbe { Congested = _ => congested++, Drained = _ => drained++ });
        OnLoop(() => session.SetWaterMarks(1000, 500));
        Send(session, new string('a', 900), new string('b', 900));
        Assert.Equal((1, 0), (congested, drained));
        Downstream down = Attach(session);
        Take(session, down);
        Assert.Equal((1, 1), (congested, drained));
    }

    [Fact]
    public void A_message_in_parts_is_one_event_and_too_long_a_one_closes()
    {
        (EventStreamSession session, SessionProbe _) = Open(new EventStreamOptions { Location = "/e;s/1", Beginning = "/e", MaximumGathered = 10 });
        Downstream down = Attach(session);
        OnLoop(() =>
        {
            session.Relay("on"u8.ToArray(), MessageKind.Text, endOfMessage: false);
            session.Relay("e"u8.ToArray(), MessageKind.Text, endOfMessage: true);
        });
        Assert.Equal(Begun + "0\n\ndata:one\nid:1.1\n\n", Take(session, down));
        OnLoop(() => session.Relay(new byte[11], MessageKind.Text, endOfMessage: false));
        Assert.True(Bounded.Result(OnLoop(() => session.TakeAsync(down))).IsLast);
    }

    [Fact]
    public void However_a_stream_is_split_its_text_arrives_and_nothing_else()
    {
        byte[][] pieces = ["a"u8.ToArray(), "\r"u8.ToArray(), "\n"u8.ToArray(), "\n"u8.ToArray(), "\u00e4"u8.ToArray(), "\u20ac"u8.ToArray(), "\ud83d\ude00"u8.ToArray(),
            [0xe2], [0xf0, 0x9f], [0x80], [0xff], "data: "u8.ToArray(), "id: 9"u8.ToArray(), "\n\n"u8.ToArray(), [0], " "u8.ToArray(), ":"u8.ToArray()];
        for (int seed = 0; seed < 2_000; seed++)
        {
            var random = new Random(seed);
            byte[] stream = [.. Enumerable.Range(0, random.Next(1, 30)).SelectMany(_ => pieces[random.Next(pieces.Length)])];
            (EventStreamSession session, SessionProbe _) = Open();
            Downstream down = Attach(session);
            Take(session, down);
            OnLoop(() =>
            {
                session.JoinsMessages = true;
                for (int at = 0; at < stream.Length;)
                {
                    int length = Math.Min(random.Next(1, 5), stream.Length - at);
                    session.Relay(stream.AsSpan(at, length), MessageKind.Binary, endOfMessage: true);
                    at += length;
                }

                session.EndSending();
            });
            string expected = Encoding.UTF8.GetString(stream).Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
            Assert.Equal((seed, expected), (seed, DataIn(Take(session, down))));
        }
    }

    /// <summary>The data of all events, as the HTML standard reads them; fails where there is any other field than those that belong there.</summary>
    private static string DataIn(string stream)
    {
        var text = new StringBuilder();
        foreach (string block in stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = block.Split('\n');
            Assert.Matches("^id:1\\.[0-9]+$", lines[^1]);
            Assert.All(lines[..^1], line => Assert.StartsWith("data:", line, StringComparison.Ordinal));
            text.AppendJoin('\n', lines[..^1].Select(line => line.StartsWith("data: ", StringComparison.Ordinal) ? line[6..] : line[5..]));
        }

        return text.ToString();
    }

    private (EventStreamSession Session, SessionProbe Probe) Open(EventStreamOptions? options = null, SessionProbe? probe = null)
    {
        if (!_started)
        {
            _started = true;
            StartLoops(loops => loops with { TimeProvider = _time });
        }

        probe ??= new SessionProbe();
        var session = new EventStreamSession(Loop, "1", options ?? new EventStreamOptions { Location = "/e;s/1", Beginning = "/e" }, null, _ => _gone++) { Handler = probe };
        OnLoop(session.Start);
        return (session, probe);
    }

    private void Send(EventStreamSession session, params string[] messages) => OnLoop(() =>
    {
        foreach (string message in messages)
        {
            session.Send(Encoding.UTF8.GetBytes(message), MessageKind.Text);
        }
    });

    private static Downstream New() => new(longPolls: false, long.MaxValue, default);

    private Downstream Attach(EventStreamSession session, Downstream? downstream = null, long? seen = null)
    {
        downstream ??= New();
        Assert.True(OnLoop(() => session.TryAttach(downstream, seen)));
        return downstream;
    }

    private string Take(EventStreamSession session, Downstream downstream) => Text(Bounded.Result(OnLoop(() => session.TakeAsync(downstream))));

    private static string Text(DownstreamPart part) => Encoding.UTF8.GetString(part.Bytes.Span);

    private void Pass(double seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        Turns();
    }
}
