using System.Net.Sockets;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Net;

public abstract class BackPressureTests(EventSource source) : EngineTest(source)
{
    private const int High = 64 * 1024;

    [Fact]
    public void The_handler_is_told_past_the_high_mark_and_again_at_the_low_one()
    {
        long atDrained = -1;
        var probe = new Probe { Drained = connection => atDrained = connection.PendingBytes };
        var (peer, connection) = Pair(probe, receiveBuffer: 16 * 1024);
        OnLoop(() =>
        {
            connection.SetWaterMarks(High, High / 2);
            while (connection.PendingBytes == 0)
            {
                connection.Write(Pattern.Bytes(1024));
            }

            while (connection.PendingBytes <= High)
            {
                Assert.Equal(string.Empty, probe.Calls.ToString());
                connection.Write(Pattern.Bytes(1024));
            }

            Assert.Equal("c", probe.Calls.ToString());
            connection.Write(Pattern.Bytes(16 * 1024 * 1024));
            Assert.Equal("c", probe.Calls.ToString());
        });
        byte[] buffer = new byte[64 * 1024];
        while (OnLoop(() => connection.PendingBytes) > 0)
        {
            _ = peer.Receive(buffer);
        }

        Assert.Equal("cd", OnLoop(() => probe.Calls.ToString()));
        Assert.InRange(atDrained, 0, High / 2);
    }

    [Fact]
    public void A_peer_that_never_reads_makes_the_echo_stop_reading()
    {
        const int Limit = 256 * 1024;
        var options = new EngineOptions();
        var probe = new Probe
        {
            Keeps = false,
            Received = (connection, data) => connection.Write(data.Span),
            Congested = connection => connection.PauseReading(),
            Drained = connection => connection.ResumeReading(),
        };
        var (peer, connection) = Pair(probe, receiveBuffer: 16 * 1024);
        OnLoop(() => connection.SetWaterMarks(Limit, Limit / 2));
        peer.Socket.SendBufferSize = 64 * 1024;
        peer.Socket.Blocking = false;
        byte[] chunk = new byte[64 * 1024];
        long sent = 0;
        while (true)
        {
            int count = peer.Socket.Send(chunk, 0, chunk.Length, SocketFlags.None, out SocketError error);
            if (error == SocketError.Success)
            {
                sent += count;
                Assert.InRange(sent, 0, 1L << 30);
            }
            else if (OnLoop(() => connection.IsReadingPaused) && !peer.Socket.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectWrite))
            {
                break;
            }
        }

        Assert.InRange(OnLoop(() => connection.PendingBytes), Limit, Limit + options.ReadBufferSize);
        peer.Socket.Blocking = true;
        Task ended = Bounded.Start(peer.EndSending);
        Assert.Equal(sent, peer.Receive(checked((int)sent)).Length);
        Bounded.Wait(ended);
        Assert.Equal(0, OnLoop(() => connection.PendingBytes));
        Assert.False(OnLoop(() => connection.IsReadingPaused));
    }

    [Fact]
    public void Paused_reading_hands_out_nothing_until_it_is_resumed()
    {
        var probe = new Probe();
        var (peer, connection) = Pair(connection =>
        {
            connection.PauseReading();
            connection.Handler = probe;
        });
        peer.Send("first"u8);
        Turns(10);
        Assert.Empty(probe.Bytes);
        OnLoop(connection.ResumeReading);
        probe.ExpectBytes("first"u8.ToArray());
    }

    [Fact]
    public void Pausing_and_resuming_in_any_order_loses_no_event()
    {
        // Every schedule of four steps, with bytes that arrive between any two of them.
        Action<TcpConnection>[] steps =
        [
            connection => connection.PauseReading(),
            connection => connection.ResumeReading(),
            connection => { connection.ResumeReading(); connection.PauseReading(); },
            connection => { connection.PauseReading(); connection.ResumeReading(); },
        ];
        var probe = new Probe();
        var (peer, connection) = Pair(probe);
        var sent = new List<byte>();
        for (int schedule = 0; schedule < 256; schedule++)
        {
            for (int step = 0; step < 4; step++)
            {
                byte[] some = Pattern.Bytes(3, sent.Count);
                sent.AddRange(some);
                peer.Send(some);
                Action<TcpConnection> action = steps[(schedule >> (2 * step)) & 3];
                OnLoop(() => action(connection));
            }
        }

        OnLoop(connection.ResumeReading);
        probe.ExpectBytes([.. sent]);
    }

    [Fact]
    public void A_pause_within_a_callback_holds_back_the_rest_even_the_end()
    {
        var probe = new Probe { Received = (connection, _) => connection.PauseReading() };
        StartLoops(options => options with { ReadBufferSize = 4096 });
        var (peer, connection) = Pair(probe);
        peer.Send(Pattern.Bytes(10_000));
        peer.EndSending();
        for (int expected = 4096; expected < 10_000; expected += 4096)
        {
            int wanted = expected;
            Bounded.Until(() => probe.Bytes.Length >= Math.Min(wanted, 10_000), "the next buffer came");
            Turns(5);
            Assert.InRange(probe.Bytes.Length, 1, wanted);
            OnLoop(connection.ResumeReading);
        }

        Bounded.Until(() => OnLoop(() =>
        {
            connection.ResumeReading();
            return probe.ReceiveEnd.IsCompleted;
        }), "the end came");
        Assert.Equal(Pattern.Bytes(10_000), probe.Bytes);
    }

    [Fact]
    public void One_flooding_connection_does_not_starve_another()
    {
        StartLoops(options => options with { ReadBufferSize = 4096, BuffersPerTurn = 2 });
        long flooded = 0;
        int longestRun = 0, run = 0;
        Listener listener = Listen(connection => connection.Handler = new Probe
        {
            Keeps = false,
            Received = (connection, data) =>
            {
                if (data.Span[0] == 'F')
                {
                    flooded += data.Length;
                    longestRun = Math.Max(longestRun, ++run);
                }
                else
                {
                    run = 0;
                    connection.Write(data.Span);
                }
            },
        });
        RawPeer flood = Own(RawPeer.Connect(listener.LocalEndPoint));
        RawPeer quiet = Own(RawPeer.Connect(listener.LocalEndPoint));
        using var stop = new CancellationTokenSource();
        byte[] chunk = new byte[256 * 1024];
        chunk.AsSpan().Fill((byte)'F');
        Task flooding = Bounded.Start(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                flood.Send(chunk);
            }
        });
        Bounded.Until(() => OnLoop(() => flooded) > 1024 * 1024, "the flood runs");
        for (int i = 0; i < 100; i++)
        {
            quiet.Send("q"u8);
            Assert.Equal("q"u8.ToArray(), quiet.Receive(1));
        }

        stop.Cancel();
        Bounded.Wait(flooding);
    }

    [Fact]
    public void Connections_that_are_ready_at_once_take_turns_of_a_bounded_length()
    {
        const int PerTurn = 3, Buffers = 12;
        StartLoops(options => options with { ReadBufferSize = 4096, BuffersPerTurn = PerTurn });
        var order = new List<int>();
        TcpConnection[] connections = new TcpConnection[2];
        for (int i = 0; i < 2; i++)
        {
            int index = i;
            (_, connections[i]) = Pair(new Probe { Received = (_, _) => order.Add(index) });
        }

        // Bytes put back are ready for certain, which bytes on their way are not.
        OnLoop(() => Array.ForEach(connections, connection => connection.Unread(new byte[Buffers * 4096])));
        Bounded.Until(() => OnLoop(() => order.Count) == 2 * Buffers, "all was read");
        Assert.Equal(Enumerable.Range(0, 2 * Buffers).Select(i => i / PerTurn % 2), order);
    }
}

public sealed class BackPressureOnEpollTests() : BackPressureTests(EventSource.Epoll);

public sealed class BackPressureOnPortableTests() : BackPressureTests(EventSource.Portable);
