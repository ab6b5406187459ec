using Tidegate.Engine.Net;
using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Net;

/// <summary>What one turn writes is gathered; whoever writes, whenever, each connection gets its own bytes in order.</summary>
public abstract class OutboxTests(EventSource source) : EngineTest(source)
{
    [Fact]
    public void Writes_to_connections_in_turn_arrive_whole_and_in_order()
    {
        var targets = new List<TcpConnection>();
        var peers = new List<RawPeer>();
        for (int i = 0; i < 3; i++)
        {
            var (target, connection) = Pair(new Probe());
            targets.Add(connection);
            peers.Add(target);
        }

        // Every byte goes to the connection that its value names, in pieces of every kind.
        var (peer, _) = Pair(new Probe
        {
            Received = (connection, data) =>
            {
                foreach (byte value in data.Span)
                {
                    targets[value % 3].Write([value]);
                }

                connection.Write(data.Span);
            },
        });
        byte[] sent = Pattern.Bytes(200_000);
        Task sending = Bounded.Start(() => peer.Send(sent));
        Assert.Equal(sent, peer.Receive(sent.Length));
        Bounded.Wait(sending);
        for (int i = 0; i < 3; i++)
        {
            byte[] expected = [.. sent.Where(value => value % 3 == i)];
            Assert.Equal(expected, peers[i].Receive(expected.Length));
        }
    }

    [Fact]
    public void A_handler_that_writes_when_told_of_congestion_does_not_mix_connections_up()
    {
        const int Rounds = 2000;
        var (thirdPeer, third) = Pair(new Probe());
        var (otherPeer, other) = Pair(new Probe());
        int congested = 0;
        var (slowPeer, slow) = Pair(
            new Probe
            {
                Congested = connection =>
                {
                    congested++;
                    third.Write("third"u8);
                    connection.Close(TimeSpan.FromSeconds(20));
                },
            },
            receiveBuffer: 16 * 1024);
        var (peer, _) = Pair(new Probe
        {
            Received = (_, _) =>
            {
                byte[] chunk = new byte[30 * 1024];
                for (int i = 0; i < Rounds; i++)
                {
                    slow.Write(chunk);
                    other.Write([Pattern.At(i)]);
                }
            },
        });
        OnLoop(() => slow.SetWaterMarks(1, 0));
        peer.Send("go"u8);
        Assert.Equal(Pattern.Bytes(Rounds), otherPeer.Receive(Rounds));
        Assert.Equal("third"u8.ToArray(), thirdPeer.Receive(5));
        Assert.Equal(1, OnLoop(() => congested));
        Assert.All(slowPeer.ReceiveToEnd(), value => Assert.Equal(0, value));
        foreach ((RawPeer Peer, TcpConnection Connection) pair in new[] { (otherPeer, other), (thirdPeer, third) })
        {
            OnLoop(pair.Connection.EndSending);
            pair.Peer.ExpectEnd();
        }
    }

    [Fact]
    public void What_is_written_after_the_kernel_has_refused_bytes_stays_in_order()
    {
        // Large pieces leave on their own, small ones are gathered: whichever meets the full socket, the order holds.
        const int Length = 24 * 1024 * 1024;
        var (slowPeer, slow) = Pair(new Probe(), receiveBuffer: 16 * 1024);
        var (peer, _) = Pair(new Probe
        {
            Received = (_, _) =>
            {
                var random = new Random(9);
                for (int position = 0; position < Length;)
                {
                    int count = Math.Min(Length - position, random.Next(4) == 0 ? random.Next(40_000) : random.Next(100));
                    slow.Write(Pattern.Bytes(count, position));
                    position += count;
                }
            },
        });
        peer.Send("go"u8);
        byte[] buffer = new byte[64 * 1024];
        for (long position = 0; position < Length;)
        {
            position = Pattern.Check(buffer.AsSpan(0, slowPeer.Receive(buffer)), position);
        }
    }

    [Fact]
    public void Whatever_callbacks_do_to_other_connections_each_gets_a_prefix_of_its_own_bytes()
    {
        // In every callback some connection is closed, aborted, paused, resumed or written to, from a fixed seed.
        const int Count = 24;
        var random = new Random(42);
        var connections = new List<TcpConnection>();
        var written = new Dictionary<TcpConnection, long>();
        int ended = 0;
        void Act(TcpConnection? caller = null)
        {
            for (int i = random.Next(4); i >= 0; i--)
            {
                TcpConnection target = random.Next(3) == 0 && caller is not null ? caller : connections[random.Next(connections.Count)];
                switch (random.Next(40))
                {
                    case 0: target.Abort(); break;
                    case 1: target.Close(TimeSpan.FromMilliseconds(100)); break;
                    case 2: target.EndSending(); break;
                    case < 8: target.PauseReading(); break;
                    case < 16: target.ResumeReading(); break;
                    case 16: target.Unread("u"u8); break;
                    default:
                        byte[] data = Pattern.Bytes(random.Next(random.Next(5) == 0 ? 70_000 : 200), written[target]);
                        written[target] += data.Length;
                        target.Write(data);
                        break;
                }
            }
        }

        var peers = new List<RawPeer>();
        for (int i = 0; i < Count; i++)
        {
            var probe = new Probe
            {
                Keeps = false,
                Received = (connection, _) => Act(connection),
                ReceiveEnded = Act,
                Congested = Act,
                Drained = Act,
                Closed = _ =>
                {
                    ended++;
                    Act();
                },
            };
            var (peer, connection) = Pair(connection =>
            {
                connection.SetWaterMarks(64 * 1024, 32 * 1024);
                connections.Add(connection);
                written[connection] = 0;
            });
            OnLoop(() => connection.Handler = probe);
            peers.Add(peer);
        }

        Task[] reading = [.. peers.Select(peer => Bounded.Start(() =>
        {
            byte[] buffer = new byte[16 * 1024];
            long position = 0;
            try
            {
                for (int count; (count = peer.Receive(buffer)) > 0;)
                {
                    position = Pattern.Check(buffer.AsSpan(0, count), position);
                }
            }
            catch (System.Net.Sockets.SocketException)
            {
                // Aborted.
            }
        }))];
        Task[] sending = [.. peers.Select((peer, index) => Bounded.Start(() =>
        {
            try
            {
                for (int i = 0; i < 300; i++)
                {
                    peer.Send(new byte[1 + (i * 37 % 3000)]);
                }

                peer.EndSending();
            }
            catch (System.Net.Sockets.SocketException)
            {
                // Aborted.
            }
        }))];
        // What is left paused or half closed at the end is closed.
        Bounded.Until(() => OnLoop(() =>
        {
            connections.ForEach(connection => { connection.ResumeReading(); connection.Close(TimeSpan.FromMilliseconds(100)); });
            return Loop.ConnectionCount;
        }) == 0, "every connection ended");
        Assert.Equal(Count, OnLoop(() => ended));
        Array.ForEach(reading, Bounded.Wait);
        Array.ForEach(sending, Bounded.Wait);
    }
}

public sealed class OutboxOnEpollTests() : OutboxTests(EventSource.Epoll);

public sealed class OutboxOnPortableTests() : OutboxTests(EventSource.Portable);
