using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Net;

public abstract class ListenerTests(EventSource source) : EngineTest(source)
{
    [Fact]
    public void Accepted_connections_are_spread_over_the_loops_and_told_on_their_own()
    {
        StartLoops(options => options with { Loops = 3 });
        var seen = new ConcurrentBag<int>();
        Listener listener = Listen(connection =>
        {
            Assert.True(connection.Loop.IsCurrent);
            seen.Add(connection.Loop.Index);
            connection.Handler = Probe.Echo();
        });
        for (int i = 0; i < 9; i++)
        {
            RawPeer peer = Own(RawPeer.Connect(listener.LocalEndPoint));
            peer.Send("x"u8);
            Assert.Equal("x"u8.ToArray(), peer.Receive(1));
        }

        Assert.All(seen.GroupBy(index => index), group => Assert.Equal(3, group.Count()));
        Assert.Equal([3, 3, 3], Loops.All.Select(loop => loop.ConnectionCount));
    }

    [Fact]
    public void A_port_in_use_is_refused()
    {
        Listener listener = Listen(_ => { });
        var exception = Assert.Throws<SocketException>(() => Loops.Listen(listener.LocalEndPoint, _ => { }));
        Assert.Equal(SocketError.AddressAlreadyInUse, exception.SocketErrorCode);
    }

    [Fact]
    public void An_address_of_another_machine_is_refused()
    {
        var exception = Assert.Throws<SocketException>(() => Loops.Listen(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0), _ => { }));
        Assert.Equal(SocketError.AddressNotAvailable, exception.SocketErrorCode);
    }

    [Fact]
    public void IPv4_and_IPv6_listen_on_the_same_port_side_by_side()
    {
        var (v6, _) = RawListener.OnFreePort(() =>
        {
            Listener six = Listen(connection => connection.Handler = Probe.Echo(), IPAddress.IPv6Any);
            var v4 = new IPEndPoint(IPAddress.Any, six.LocalEndPoint.Port);
            return (six, Own(Loops.Listen(v4, connection => connection.Close(TimeSpan.FromSeconds(20)))));
        });
        using RawPeer six = RawPeer.Connect(new IPEndPoint(IPAddress.IPv6Loopback, v6.LocalEndPoint.Port));
        six.Send("x"u8);
        Assert.Equal("x"u8.ToArray(), six.Receive(1));
        using RawPeer four = RawPeer.Connect(new IPEndPoint(IPAddress.Loopback, v6.LocalEndPoint.Port));
        four.ExpectEnd();
    }

    [Fact]
    public void A_disposed_listener_frees_its_port_at_once_and_keeps_what_it_accepted()
    {
        for (int i = 0; i < 20; i++)
        {
            Listener listener = Listen(connection => connection.Handler = Probe.Echo());
            IPEndPoint endPoint = listener.LocalEndPoint;
            using RawPeer peer = RawPeer.Connect(endPoint);
            peer.Send("a"u8);
            _ = peer.Receive(1);
            listener.Dispose();
            Assert.Throws<SocketException>(() => RawPeer.Connect(endPoint));
            using Listener again = Loops.Listen(endPoint, connection => connection.Handler = Probe.Echo());
            peer.Send("b"u8);
            Assert.Equal("b"u8.ToArray(), peer.Receive(1));
        }
    }

    [Fact]
    public void A_listener_may_be_disposed_on_its_loop_and_twice()
    {
        Listener listener = Listen(_ => { });
        OnLoop(listener.Dispose);
        listener.Dispose();
        Assert.Throws<SocketException>(() => RawPeer.Connect(listener.LocalEndPoint));
    }

    [Fact]
    public void A_listener_may_be_disposed_by_what_it_accepted()
    {
        Listener? listener = null;
        var ready = new ManualResetEventSlim();
        listener = Listen(connection =>
        {
            ready.Wait(Bounded.Limit);
            listener!.Dispose();
            connection.Handler = Probe.Echo();
        });
        using RawPeer peer = RawPeer.Connect(listener.LocalEndPoint);
        ready.Set();
        peer.Send("x"u8);
        _ = peer.Receive(1);
        Assert.Throws<SocketException>(() => RawPeer.Connect(listener.LocalEndPoint));
    }

    [Fact]
    public void A_listener_may_be_disposed_after_its_loops()
    {
        Listener listener = Listen(_ => { });
        Loops.Dispose();
        listener.Dispose();
        Assert.Throws<SocketException>(() => RawPeer.Connect(listener.LocalEndPoint));
    }

    [Fact]
    public void A_loop_that_ends_takes_along_what_began_to_listen_in_its_last_turn()
    {
        Listener? listener = null;
        OnLoop(() =>
        {
            listener = Listen(_ => { });
            Loop.Dispose();
        });
        listener!.Dispose();
        Assert.Throws<SocketException>(() => RawPeer.Connect(listener.LocalEndPoint));
    }

    [Fact]
    public void A_burst_of_connections_is_accepted_to_the_last()
    {
        const int Count = 500;
        var accepted = new CountdownEvent(Count);
        Listener listener = Listen(connection =>
        {
            connection.Handler = new Probe();
            accepted.Signal();
        });
        RawPeer[] peers = [.. Enumerable.Range(0, Count).Select(_ => Own(RawPeer.Connect(listener.LocalEndPoint)))];
        Assert.True(accepted.Wait(Bounded.Limit));
        Assert.Equal(Count, OnLoop(() => Loop.ConnectionCount));
    }
}

public sealed class ListenerOnEpollTests() : ListenerTests(EventSource.Epoll);

public sealed class ListenerOnPortableTests() : ListenerTests(EventSource.Portable);
