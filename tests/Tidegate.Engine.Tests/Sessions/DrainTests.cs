using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.Sessions;

/// <summary>Sessions of clients are closed one after the other, by a clock that only the test moves.</summary>
public abstract class DrainTests(EventSource source) : WebSocketTest(source)
{
    private const int Clients = 10;
    private readonly ManualTime _time = new();

    [Fact]
    public void Sessions_are_closed_evenly_over_the_time()
    {
        StartLoops(options => options with { TimeProvider = _time });
        WebSocketSession[] sessions = [.. Enumerable.Range(0, Clients).Select(_ => Serve(isClient: true).Session)];
        Task<int> draining = DrainAsync(TimeSpan.FromSeconds(Clients));
        Turns();
        Assert.Equal(0, Closing(sessions));

        // One in the middle of each second.
        _time.Advance(TimeSpan.FromSeconds(0.6));
        for (int second = 1; second <= Clients; second++)
        {
            Bounded.Until(() => Closing(sessions) >= second, $"{second} sessions are closed");
            Turns();
            Assert.Equal(second, Closing(sessions));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(Clients, Bounded.Result(draining));
    }

    [Fact]
    public void Loops_take_turns()
    {
        StartLoops(options => options with { TimeProvider = _time, Loops = 2 });
        WebSocketSession[] sessions = [.. Enumerable.Range(0, Clients).Select(_ => Serve(isClient: true).Session)];
        Assert.Equal(2, sessions.Select(session => session.Loop).Distinct().Count());
        Task<int> draining = DrainAsync(TimeSpan.FromSeconds(Clients));

        for (int second = 1; second <= Clients; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(second == 1 ? 0.99 : 1));
            Bounded.Until(() => Closing(sessions) >= second, $"{second} sessions are closed");
            Assert.Equal(second, Closing(sessions));
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Clients, Bounded.Result(draining));
    }

    [Fact]
    public void The_status_is_that_of_the_drain_and_those_who_come_later_are_closed_at_its_end()
    {
        StartLoops(options => options with { TimeProvider = _time });
        var (first, _) = Serve(isClient: true);
        Task<int> draining = DrainAsync(TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(5));
        first.ExpectFrame(Wire.Close, Wire.ClosePayload(1012, "restart"));
        var (late, session) = Serve(isClient: true);
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Turns();
        Assert.False(OnLoop(() => session.IsClosing));
        Assert.False(draining.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(0.1));

        late.ExpectFrame(Wire.Close, Wire.ClosePayload(1012, "restart"));
        Assert.Equal(2, Bounded.Result(draining));
    }

    [Fact]
    public void Without_any_time_all_are_closed_at_once()
    {
        StartLoops(options => options with { TimeProvider = _time });
        RawPeer[] peers = [.. Enumerable.Range(0, Clients).Select(_ => Serve(isClient: true).Peer)];

        Assert.Equal(Clients, Bounded.Result(DrainAsync(TimeSpan.Zero)));

        Assert.All(peers, peer => peer.ExpectFrame(Wire.Close, Wire.ClosePayload(1012, "restart")));
    }

    [Fact]
    public void It_is_over_when_no_client_is_left_although_others_are()
    {
        StartLoops(options => options with { TimeProvider = _time });
        var (_, behind) = Serve(isClient: false);
        var (peer, _) = Serve(isClient: true);
        Task<int> draining = DrainAsync(TimeSpan.FromSeconds(10));
        Assert.False(draining.IsCompleted);

        peer.Send(Wire.CloseFrame(1000, mask: true));
        peer.ExpectClose(1000);
        peer.EndSending();

        Assert.Equal(0, Bounded.Result(draining));
        Assert.False(OnLoop(() => behind.IsClosing));
    }

    [Fact]
    public void What_is_busy_without_a_session_is_waited_for()
    {
        StartLoops(options => options with { TimeProvider = _time });
        Pair(new Probe());
        bool busy = true;
        int asked = 0;
        Task<int> draining = Loops.DrainAsync(
            TimeSpan.FromSeconds(10), CloseStatus.ServiceRestart, "restart",
            _ =>
            {
                Interlocked.Increment(ref asked);
                return Volatile.Read(ref busy);
            },
            CancellationToken.None);
        Bounded.Until(() => Volatile.Read(ref asked) > 1, "it was asked again");
        Assert.False(draining.IsCompleted);

        Volatile.Write(ref busy, false);

        Assert.Equal(0, Bounded.Result(draining));
    }

    [Fact]
    public void Who_hurries_it_has_all_closed_at_once()
    {
        StartLoops(options => options with { TimeProvider = _time });
        RawPeer[] peers = [.. Enumerable.Range(0, Clients).Select(_ => Serve(isClient: true).Peer)];
        using var hurry = new CancellationTokenSource();
        Task<int> draining = Loops.DrainAsync(TimeSpan.FromHours(1), CloseStatus.ServiceRestart, "restart", static _ => false, hurry.Token);

        hurry.Cancel();

        Assert.Equal(Clients, Bounded.Result(draining));
        Assert.All(peers, peer => peer.ExpectFrame(Wire.Close, Wire.ClosePayload(1012, "restart")));
    }

    private static int Closing(WebSocketSession[] sessions) => sessions.Count(session => session.IsClosing);

    private Task<int> DrainAsync(TimeSpan grace) =>
        Loops.DrainAsync(grace, CloseStatus.ServiceRestart, "restart", static _ => false, CancellationToken.None);

    private (RawPeer Peer, WebSocketSession Session) Serve(bool isClient)
    {
        var (peer, session) = Serve(new SessionProbe());
        OnLoop(() => session.IsClient = isClient, session.Loop);
        return (peer, session);
    }
}

public sealed class DrainOnEpollTests() : DrainTests(EventSource.Epoll);

public sealed class DrainOnPortableTests() : DrainTests(EventSource.Portable);
