using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Net;

/// <summary>A connection over two pipes behaves as one over a socket.</summary>
public abstract class PipeConnectionTests(EventSource source) : EngineTest(source)
{
    private const int PipeBound = 64 * 1024;
    private readonly Pipe _in = new(new PipeOptions(pauseWriterThreshold: PipeBound, resumeWriterThreshold: PipeBound / 2, useSynchronizationContext: false));
    private readonly Pipe _out = new(new PipeOptions(pauseWriterThreshold: PipeBound, resumeWriterThreshold: PipeBound / 2, useSynchronizationContext: false));
    private volatile bool _aborted;

    [Fact]
    public void What_is_written_to_it_arrives_and_what_it_writes_too()
    {
        Task over = Open(connection => new TcpSession(connection, Bounded.Limit) { Handler = new Echo() }.Start());
        byte[] message = Enumerable.Range(0, 300_000).Select(i => (byte)(i * 7)).ToArray();
        Task sending = SendAsync(message);

        Assert.Equal(message, Bounded.Result(ReceiveAsync(message.Length)));
        Bounded.Wait(sending);
        Assert.Equal(1, OnLoop(() => Loop.ConnectionCount));
        _in.Writer.Complete();
        Assert.Empty(Bounded.Result(ReceiveAsync(int.MaxValue)));
        Bounded.Wait(over);
        Assert.Equal(0, Loop.ConnectionCount);
        Assert.False(_aborted);
    }

    [Fact]
    public void A_half_closed_side_goes_on_in_the_other_direction()
    {
        TcpConnection? opened = null;
        var handler = new Recorder();
        Task over = Open(connection => (opened = connection).Handler = handler);
        _in.Writer.Complete();
        Bounded.Until(() => OnLoop(() => handler.ReceiveEnded), "the end was told");
        OnLoop(() =>
        {
            opened!.Write("still here"u8);
            opened.EndSending();
        });

        Assert.Equal("still here"u8.ToArray(), Bounded.Result(ReceiveAsync(int.MaxValue)));
        Bounded.Wait(over);
        Assert.Null(handler.Error);
    }

    [Fact]
    public void A_reader_that_does_not_read_congests_it_and_what_waited_arrives_in_order()
    {
        TcpConnection? opened = null;
        var handler = new Recorder();
        Task over = Open(connection => (opened = connection).Handler = handler);
        byte[] piece = Enumerable.Range(0, 100_000).Select(i => (byte)(i * 13)).ToArray();
        for (int i = 0; i < 10; i++)
        {
            OnLoop(() => opened!.Write(piece));
        }

        Assert.True(OnLoop(() => opened!.IsCongested));
        // All but what one flush carries and the pipe holds waits where it is counted.
        Assert.InRange(OnLoop(() => opened!.PendingBytes), 800_000, 1_000_000);
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(piece, Bounded.Result(ReceiveAsync(piece.Length)));
        }

        Bounded.Until(() => OnLoop(() => handler.Drained), "it was told that there is room");
        OnLoop(() => opened!.Close(Bounded.Limit));
        _in.Writer.Complete();
        Bounded.Wait(over);
    }

    [Fact]
    public void A_handler_that_pauses_holds_the_writer_back()
    {
        TcpConnection? opened = null;
        var handler = new Recorder();
        Open(connection =>
        {
            opened = connection;
            connection.PauseReading();
            connection.Handler = handler;
        });
        Task sending = SendAsync(new byte[10 * PipeBound]);
        Turns(20);
        Assert.Equal(0, OnLoop(() => handler.Received));
        Assert.False(sending.IsCompleted);

        OnLoop(() => opened!.ResumeReading());
        Bounded.Wait(sending);
        Bounded.Until(() => OnLoop(() => handler.Received) == 10 * PipeBound, "all has come");
    }

    [Fact]
    public void A_break_is_told_as_one()
    {
        var handler = new Recorder();
        Task over = Open(connection => connection.Handler = handler);
        _in.Writer.Complete(new IOException("reset"));
        Bounded.Wait(over);
        Assert.Equal(SocketError.ConnectionReset, handler.Error);
    }

    [Fact]
    public void Aborting_it_aborts_what_carries_it_whatever_is_under_way()
    {
        TcpConnection? opened = null;
        var handler = new Recorder();
        Task over = Open(connection => (opened = connection).Handler = handler);
        OnLoop(() =>
        {
            opened!.Write(new byte[4 * PipeBound]);
            opened.Abort();
        });
        Bounded.Wait(over);
        Assert.True(_aborted);
        Assert.Equal(SocketError.OperationAborted, handler.Error);
    }

    [Fact]
    public void What_is_still_being_flushed_at_an_orderly_end_is_not_waited_for_without_end()
    {
        var time = new ManualTime();
        StartLoops(options => options with { TimeProvider = time });
        TcpConnection? opened = null;
        var handler = new Recorder();
        Task over = Open(connection => (opened = connection).Handler = handler);
        OnLoop(() =>
        {
            opened!.Write(new byte[PipeBound]);
            Assert.Equal(0, opened.PendingBytes);
            opened.Close(TimeSpan.FromSeconds(5));
        });
        _in.Writer.Complete();
        Bounded.Until(() => OnLoop(() => opened!.IsEnded), "both sides have ended");
        time.Advance(TimeSpan.FromSeconds(50));
        Turns();
        Assert.False(over.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(15));
        Turns();
        Bounded.Wait(over);
        Assert.True(_aborted);
    }

    [Fact]
    public void The_end_of_its_loop_is_its_end()
    {
        Task over = Open(connection => connection.Handler = new Recorder());
        Turns();
        Loops.Dispose();
        Bounded.Until(() => _aborted, "what carries it is told");
        _ = over;
    }

    [Fact]
    public void Closing_all_sessions_closes_those_over_pipes_too()
    {
        var handler = new Echo();
        Task over = Open(connection => new TcpSession(connection, Bounded.Limit) { Handler = handler }.Start());
        Turns();
        Task<int> closing = Loops.CloseSessionsAsync(Engine.WebSocket.CloseStatus.GoingAway, "stopping", null, CancellationToken.None);
        Assert.Empty(Bounded.Result(ReceiveAsync(int.MaxValue)));
        _in.Writer.Complete();
        Assert.Equal(0, Bounded.Result(closing));
        Bounded.Wait(over);
    }

    private Task Open(Action<TcpConnection> opened) => PipeConnection.OpenAsync(
        Loop,
        new Ends(_in.Reader, _out.Writer),
        null,
        null,
        () =>
        {
            _aborted = true;
            _in.Writer.Complete(new IOException("aborted"));
        },
        opened);

    private async Task SendAsync(byte[] bytes)
    {
        for (int sent = 0; sent < bytes.Length; sent += 10_000)
        {
            await _in.Writer.WriteAsync(bytes.AsMemory(sent, Math.Min(10_000, bytes.Length - sent)));
        }
    }

    private async Task<byte[]> ReceiveAsync(int count)
    {
        var bytes = new List<byte>();
        while (bytes.Count < count)
        {
            ReadResult result = await _out.Reader.ReadAsync();
            ReadOnlySequence<byte> taken = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, count - bytes.Count));
            bytes.AddRange(taken.ToArray());
            _out.Reader.AdvanceTo(taken.End);
            if (result.IsCompleted && taken.Length == result.Buffer.Length)
            {
                break;
            }
        }

        return [.. bytes];
    }

    private sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class Echo : ISessionHandler
    {
        public void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage) => session.Relay(payload, kind, endOfMessage);

        public void OnReceiveEnded(Session session) => session.EndSending();

        public void OnCongested(Session session) => session.PauseReading();

        public void OnDrained(Session session) => session.ResumeReading();

        public void OnClosed(Session session, SessionEnd end)
        {
        }
    }

    private sealed class Recorder : IConnectionHandler
    {
        internal long Received { get; private set; }

        internal bool ReceiveEnded { get; private set; }

        internal bool Drained { get; private set; }

        internal SocketError? Error { get; private set; }

        public void OnReceived(TcpConnection connection, Payload data) => Received += data.Length;

        public void OnReceiveEnded(TcpConnection connection) => ReceiveEnded = true;

        public void OnCongested(TcpConnection connection)
        {
        }

        public void OnDrained(TcpConnection connection) => Drained = true;

        public void OnClosed(TcpConnection connection, SocketError? error) => Error = error;
    }
}

public sealed class PipeConnectionOnEpollTests() : PipeConnectionTests(EventSource.Epoll);

public sealed class PipeConnectionOnPortableTests() : PipeConnectionTests(EventSource.Portable);
