using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Net;

/// <summary>A handler that throws is a defect, and costs its own connection only.</summary>
public abstract class HandlerFaultTests(EventSource source) : EngineTest(source)
{
    private sealed class Defect : Exception;

    [Fact]
    public void An_exception_in_OnReceived_ends_that_connection_only() =>
        OtherConnectionsSurvive(new Probe { Received = (_, _) => throw new Defect() }, peer => peer.Send("x"u8));

    [Fact]
    public void An_exception_in_OnReceiveEnded_ends_that_connection_only() =>
        OtherConnectionsSurvive(new Probe { ReceiveEnded = _ => throw new Defect() }, peer => peer.EndSending());

    [Fact]
    public void An_exception_in_OnClosed_is_reported()
    {
        OtherConnectionsSurvive(new Probe { Closed = _ => throw new Defect() }, peer => peer.Reset(), expectsEnd: false);
        Bounded.Until(() => Loop.ConnectionCount == 1, "only the other connection is left");
    }

    [Fact]
    public void An_exception_in_OnCongested_ends_the_congested_connection_not_the_writer()
    {
        var (slow, congested) = Pair(new Probe { Congested = _ => throw new Defect() }, receiveBuffer: 16 * 1024);
        var (peer, _) = Pair(new Probe { Received = (_, _) => Flood(congested) });
        OnLoop(() => congested.SetWaterMarks(1000, 500));
        peer.Send("x"u8);
        Assert.IsType<Defect>(TakeFault());
        Bounded.Until(() => OnLoop(() => congested.IsEnded), "the congested connection ended");
        Assert.ThrowsAny<SocketException>(slow.ReceiveToEnd);
        peer.Send("still here"u8);
        Turns();
        Assert.Equal(1, Loop.ConnectionCount);
    }

    [Fact]
    public void An_exception_in_OnCongested_after_the_peer_has_ended_does_not_take_the_loop_with_it()
    {
        // Here the bytes leave when the turn's gathered writes are flushed, after the callbacks.
        var probe = new Probe
        {
            Received = (connection, _) => { },
            ReceiveEnded = connection => Flood(connection),
            Congested = _ => throw new Defect(),
        };
        var (peer, connection) = Pair(connection =>
        {
            connection.PauseReading();
            connection.SetWaterMarks(1000, 500);
            connection.Handler = probe;
        }, receiveBuffer: 16 * 1024);
        peer.EndSending();
        Turns();
        OnLoop(connection.ResumeReading);
        Assert.IsType<Defect>(TakeFault());
        Assert.Equal(SocketError.OperationAborted, Bounded.Result(probe.End));
        Turns();
    }

    [Fact]
    public void An_exception_in_OnDrained_ends_that_connection_only()
    {
        var probe = new Probe { Drained = _ => throw new Defect() };
        var (peer, connection) = Pair(probe, receiveBuffer: 16 * 1024);
        OnLoop(() =>
        {
            connection.SetWaterMarks(1000, 500);
            Flood(connection);
        });
        byte[] buffer = new byte[64 * 1024];
        while (!probe.End.IsCompleted)
        {
            if (peer.Socket.Poll(TimeSpan.FromMilliseconds(1), SelectMode.SelectRead))
            {
                _ = peer.Socket.Receive(buffer, 0, buffer.Length, SocketFlags.None, out SocketError _);
            }
        }

        Assert.IsType<Defect>(TakeFault());
        Assert.Equal(SocketError.OperationAborted, Bounded.Result(probe.End));
    }

    [Fact]
    public void An_exception_for_an_accepted_connection_ends_it_and_the_next_is_served()
    {
        int accepted = 0;
        Listener listener = Listen(connection =>
        {
            if (++accepted == 1)
            {
                throw new Defect();
            }

            connection.Handler = Probe.Echo();
        });
        RawPeer first = Own(RawPeer.Connect(listener.LocalEndPoint));
        Assert.IsType<Defect>(TakeFault());
        first.ExpectReset();
        RawPeer second = Own(RawPeer.Connect(listener.LocalEndPoint));
        second.Send("x"u8);
        _ = second.Receive(1);
        Assert.Equal(1, Loop.ConnectionCount);
    }

    [Fact]
    public void An_exception_for_a_connected_connection_ends_it()
    {
        using var target = new RawListener();
        Loop.Post(() => Connector.Connect(Loop, "127.0.0.1", target.Port, new ConnectOptions(), (_, _) => throw new Defect()));
        using RawPeer peer = target.Accept();
        Assert.IsType<Defect>(TakeFault());
        peer.ExpectReset();
        Assert.Equal(0, OnLoop(() => Loop.ConnectionCount));
    }

    private static void Flood(TcpConnection connection)
    {
        while (connection.PendingBytes < 100_000 && !connection.IsEnded)
        {
            connection.Write(new byte[64 * 1024]);
        }
    }

    private void OtherConnectionsSurvive(Probe faulty, Action<RawPeer> provoke, bool expectsEnd = true)
    {
        var (other, _) = Pair(Probe.Echo());
        var (peer, _) = Pair(faulty);
        provoke(peer);
        Assert.IsType<Defect>(TakeFault());
        if (expectsEnd)
        {
            Assert.Equal(SocketError.OperationAborted, Bounded.Result(faulty.End));
            peer.ExpectReset();
        }

        other.Send("alive"u8);
        Assert.Equal("alive"u8.ToArray(), other.Receive(5));
    }
}

public sealed class HandlerFaultOnEpollTests() : HandlerFaultTests(EventSource.Epoll);

public sealed class HandlerFaultOnPortableTests() : HandlerFaultTests(EventSource.Portable);
