using System.Net.Sockets;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Net;

public abstract class HandlerChangeTests(EventSource source) : EngineTest(source)
{
    [Fact]
    public void Nothing_is_read_before_there_is_a_handler()
    {
        var (peer, connection) = Pair((IConnectionHandler?)null);
        peer.Send("early"u8);
        Turns(5);
        var probe = new Probe();
        OnLoop(() => connection.Handler = probe);
        probe.ExpectBytes("early"u8.ToArray());
    }

    [Fact]
    public void Bytes_that_were_put_back_come_first_and_in_order()
    {
        var (peer, connection) = Pair((IConnectionHandler?)null);
        peer.Send("3"u8);
        Turns(5);
        var probe = new Probe();
        OnLoop(() =>
        {
            connection.Unread("2"u8);
            connection.Unread("1"u8);
            connection.Handler = probe;
        });
        probe.ExpectBytes("123"u8.ToArray());
    }

    [Fact]
    public void Bytes_put_back_may_be_more_than_a_read_buffer_holds()
    {
        StartLoops(options => options with { ReadBufferSize = 4096 });
        var (peer, connection) = Pair((IConnectionHandler?)null);
        peer.Send(Pattern.Bytes(10_000, 50_000));
        var probe = new Probe();
        OnLoop(() =>
        {
            connection.Unread(Pattern.Bytes(50_000));
            connection.Handler = probe;
        });
        probe.ExpectBytes(Pattern.Bytes(60_000));
    }

    [Fact]
    public void Bytes_put_back_within_a_callback_come_again_to_the_next_handler()
    {
        var second = new Probe();
        var first = new Probe
        {
            Received = (connection, data) =>
            {
                connection.Handler = null;
                connection.Unread(data.Span[1..]);
                connection.Handler = second;
            },
        };
        var (peer, _) = Pair(first);
        peer.Send("abc"u8);
        second.ExpectBytes("bc"u8.ToArray());
        peer.Send("def"u8);
        second.ExpectBytes("bcdef"u8.ToArray());
    }

    [Fact]
    public async Task A_stream_gives_the_connection_back_with_what_was_read_and_what_was_not()
    {
        var (peer, connection) = Pair((IConnectionHandler?)null);
        ConnectionStream? stream = null;
        OnLoop(() => stream = connection.ToStream());
        peer.Send("abcdef"u8);
        byte[] read = new byte[3];
        await stream!.ReadExactlyAsync(read);

        stream.Detach();
        Assert.Equal(0, await stream.ReadAsync(new byte[10]));
        await stream.DisposeAsync();
        var probe = new Probe();
        OnLoop(() =>
        {
            stream.GiveBack(read.AsSpan(1));
            connection.Handler = probe;
        });

        probe.ExpectBytes("bcdef"u8.ToArray());
        peer.Send("g"u8);
        probe.ExpectBytes("bcdefg"u8.ToArray());
    }

    [Fact]
    public async Task A_stream_that_was_held_back_gives_all_back_and_its_next_owner_reads_on()
    {
        const int Length = 1024 * 1024;
        var (peer, connection) = Pair((IConnectionHandler?)null);
        ConnectionStream? stream = null;
        OnLoop(() => stream = connection.ToStream());
        Task sending = Task.Run(() => peer.Send(Pattern.Bytes(Length)));
        Turns(20);

        var probe = new Probe();
        stream!.Detach();
        OnLoop(() =>
        {
            stream.GiveBack([]);
            connection.Handler = probe;
        });

        probe.ExpectBytes(Pattern.Bytes(Length));
        await sending.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public void Changing_the_handler_in_the_stream_loses_nothing()
    {
        const int Length = 4 * 1024 * 1024;
        StartLoops(options => options with { ReadBufferSize = 4096 });
        var all = new MemoryStream();
        var end = new TaskCompletionSource();
        Probe? one = null, other = null;
        one = new Probe { Received = (connection, data) => Take(connection, data, other!), ReceiveEnded = _ => end.SetResult() };
        other = new Probe { Received = (connection, data) => Take(connection, data, one), ReceiveEnded = _ => end.SetResult() };
        void Take(TcpConnection connection, Payload data, Probe next)
        {
            all.Write(data.Span);
            connection.Handler = null;
            if (all.Length % 3 == 0)
            {
                connection.Loop.Post(() => connection.Handler = next);
            }
            else
            {
                connection.Handler = next;
            }
        }

        var (peer, _) = Pair(one);
        peer.Send(Pattern.Bytes(Length));
        peer.EndSending();
        Bounded.Wait(end.Task);
        Assert.Equal(Length, Pattern.Check(all.ToArray(), 0));
    }

    [Fact]
    public void An_end_that_was_seen_before_is_told_to_a_handler_set_later()
    {
        var first = new Probe();
        var (peer, connection) = Pair(first);
        peer.Send("x"u8);
        peer.EndSending();
        Bounded.Wait(first.ReceiveEnd);
        var second = new Probe();
        OnLoop(() =>
        {
            connection.Handler = null;
            connection.Unread("again"u8);
        });
        Turns(5);
        OnLoop(() => connection.Handler = second);
        Bounded.Wait(second.ReceiveEnd);
        Assert.Equal("again"u8.ToArray(), second.Bytes);
        Assert.Equal("re", second.Calls.ToString());
        Assert.Equal("re", first.Calls.ToString());
    }

    [Fact]
    public void An_end_that_came_while_there_was_no_handler_is_told_to_the_first()
    {
        var (peer, connection) = Pair((IConnectionHandler?)null);
        peer.EndSending();
        Turns(5);
        var probe = new Probe { ReceiveEnded = connection => connection.EndSending() };
        OnLoop(() => connection.Handler = probe);
        Assert.Null(Bounded.Result(probe.End));
        peer.ExpectEnd();
    }

    [Fact]
    public void A_handler_set_after_the_connection_has_ended_is_told_so()
    {
        var (_, connection) = Pair((IConnectionHandler?)null);
        OnLoop(connection.Abort);
        Bounded.Until(() => Loop.ConnectionCount == 0, "the connection is gone");
        var probe = new Probe();
        OnLoop(() => connection.Handler = probe);
        Assert.Equal(SocketError.OperationAborted, Bounded.Result(probe.End));
        Assert.Equal("x", probe.Calls.ToString());
    }

    [Fact]
    public void A_connection_without_a_handler_can_be_closed()
    {
        var (peer, connection) = Pair((IConnectionHandler?)null);
        peer.Send("never read"u8);
        OnLoop(() => connection.Close(TimeSpan.FromSeconds(20)));
        peer.ExpectEnd();
        peer.EndSending();
        Bounded.Until(() => Loop.ConnectionCount == 0, "the connection is gone");
    }
}

public sealed class HandlerChangeOnEpollTests() : HandlerChangeTests(EventSource.Epoll);

public sealed class HandlerChangeOnPortableTests() : HandlerChangeTests(EventSource.Portable);
