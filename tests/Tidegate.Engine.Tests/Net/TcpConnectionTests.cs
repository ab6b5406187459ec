using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Net;

public abstract class TcpConnectionTests(EventSource source) : EngineTest(source)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [Fact]
    public void What_is_written_comes_back_from_an_echo()
    {
        var (peer, _) = Pair(Probe.Echo());
        for (int i = 0; i < 100; i++)
        {
            byte[] sent = Pattern.Bytes(i + 1);
            peer.Send(sent);
            Assert.Equal(sent, peer.Receive(sent.Length));
        }
    }

    [Fact]
    public void A_large_transfer_arrives_unchanged_both_ways_at_once()
    {
        const int Length = 48 * 1024 * 1024;
        var (peer, connection) = Pair(new Probe
        {
            Keeps = false,
            Received = (connection, data) => connection.Write(data.Span),
            Congested = connection => connection.PauseReading(),
            Drained = connection => connection.ResumeReading(),
        });
        OnLoop(() => connection.SetWaterMarks(256 * 1024, 128 * 1024));
        Task sending = Bounded.Start(() =>
        {
            for (int at = 0; at < Length; at += 1024 * 1024)
            {
                peer.Send(Pattern.Bytes(1024 * 1024, at));
            }

            peer.EndSending();
        });
        byte[] buffer = new byte[256 * 1024];
        long position = 0;
        while (position < Length)
        {
            int count = peer.Receive(buffer);
            Assert.True(count > 0);
            position = Pattern.Check(buffer.AsSpan(0, count), position);
        }

        Bounded.Wait(sending);
    }

    [Fact]
    public void Nothing_follows_the_end()
    {
        var probe = new Probe { Received = (connection, _) => connection.Abort() };
        var (peer, connection) = Pair(probe);
        peer.Send(Pattern.Bytes(300 * 1024));
        Bounded.Wait(probe.End);
        OnLoop(() =>
        {
            connection.Write("x"u8);
            connection.EndSending();
            connection.Close(Bound);
            connection.Abort();
            connection.ResumeReading();
            connection.Unread("x"u8);
        });
        Turns();
        Assert.Equal("rx", probe.Calls.ToString());
        Assert.Equal(0, Loop.ConnectionCount);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void Both_ends_know_their_addresses(string text)
    {
        var connected = new TaskCompletionSource<(IPEndPoint?, IPEndPoint?)>();
        Listener listener = Listen(
            connection =>
            {
                connection.Handler = Probe.Echo();
                connected.SetResult((connection.LocalEndPoint, connection.RemoteEndPoint));
            },
            IPAddress.Parse(text));
        RawPeer peer = Own(RawPeer.Connect(listener.LocalEndPoint));
        var (local, remote) = Bounded.Result(connected.Task);
        Assert.Equal(peer.Socket.RemoteEndPoint, local);
        Assert.Equal(peer.Socket.LocalEndPoint, remote);
        peer.Send("hello"u8);
        Assert.Equal("hello"u8.ToArray(), peer.Receive(5));
    }

    [Fact]
    public void Many_connections_that_come_and_go_leave_nothing_behind()
    {
        Listener listener = Listen(connection => connection.Handler = new Probe
        {
            Received = static (connection, data) => connection.Write(data.Span),
            ReceiveEnded = static connection => connection.Close(Bound),
        });
        for (int round = 0; round < 20; round++)
        {
            RawPeer[] peers = [.. Enumerable.Range(0, 20).Select(_ => RawPeer.Connect(listener.LocalEndPoint))];
            for (int i = 0; i < peers.Length; i++)
            {
                peers[i].Send(Pattern.Bytes(100, i));
            }

            for (int i = 0; i < peers.Length; i++)
            {
                Assert.Equal(Pattern.Bytes(100, i), peers[i].Receive(100));
                if (i % 3 == 0)
                {
                    peers[i].Reset();
                }

                peers[i].Dispose();
            }
        }

        Bounded.Until(() => Loop.ConnectionCount == 0, "all connections are gone");
    }
}

public sealed class TcpConnectionOnEpollTests() : TcpConnectionTests(EventSource.Epoll);

public sealed class TcpConnectionOnPortableTests() : TcpConnectionTests(EventSource.Portable);
