using System.Net.Sockets;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.Tls;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.Tls;

/// <summary>A stream over TLS that ends without a close_notify was cut short (RFC 8446, section 6.1).</summary>
public abstract class TlsTruncationTests(EventSource source) : TlsTest(source)
{
    [Fact]
    public void A_session_that_was_cut_short_ends_as_broken_after_what_has_come()
    {
        var (peer, probe) = SessionPair();
        peer.Send("half of i"u8);
        peer.Socket.Shutdown(SocketShutdown.Send);

        SessionEnd end = Bounded.Result(probe.End);

        Assert.Equal((CloseStatus.AbnormalClosure, SocketError.ConnectionAborted, true), (end.Status, end.Error, end.ByPeer));
        Assert.False(end.IsOrderly);
        Assert.False(probe.ReceiveEnd.IsCompleted);
        Assert.Equal("half of i"u8.ToArray(), probe.Messages.SelectMany(message => message.Bytes));
    }

    [Fact]
    public void A_session_whose_peer_says_that_it_ends_may_go_on_sending()
    {
        var (peer, probe) = SessionPair();
        peer.Send("all of it"u8);
        Bounded.Wait(peer.Tls!.ShutdownAsync());
        peer.Socket.Shutdown(SocketShutdown.Send);

        Bounded.Wait(probe.ReceiveEnd);

        Assert.False(probe.End.IsCompleted);
    }

    [Fact]
    public void A_peer_that_closes_without_a_word_once_it_is_asked_to_is_in_order()
    {
        var (peer, probe, session) = StartSession();
        OnLoop(() => session.Close(CloseStatus.NormalClosure));
        peer.ExpectEnd();
        peer.Socket.Shutdown(SocketShutdown.Send);

        Assert.True(Bounded.Result(probe.End).IsOrderly);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_session_that_breaks_off_sends_what_it_has_and_no_close_notify(bool breaks)
    {
        TlsContext server = Server();
        Listener listener = Listen(
            accepted => accepted.StartTls(server, null, Bounded.Limit, (secured, _) =>
            {
                var session = new TcpSession(secured, Bounded.Limit) { Handler = new SessionProbe() };
                session.Start();
                session.Send(Pattern.Bytes(300_000), MessageKind.Binary);
                if (breaks)
                {
                    session.Break(CloseStatus.BadGateway, "");
                }
                else
                {
                    session.Close(CloseStatus.NormalClosure);
                }
            }),
            System.Net.IPAddress.Loopback);
        var probe = new Probe();
        bool? truncated = null;
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        TlsContext client = Client();
        Loop.Post(() => TlsConnector.Connect(
            Loop, "127.0.0.1", listener.LocalEndPoint.Port, new ConnectOptions { Tls = () => client }, (connection, _) => connection!.Handler = new Probe
            {
                Received = (_, data) => probe.OnReceived(connection, data),
                ReceiveEnded = ending =>
                {
                    truncated = ending.IsReceiveTruncated;
                    ended.SetResult();
                },
            }));

        Bounded.Wait(ended.Task);

        Assert.Equal(breaks, truncated);
        Assert.Equal(Pattern.Bytes(300_000), probe.Bytes);
    }

    [Theory]
    [InlineData(true, CloseStatus.BadGateway)]
    [InlineData(false, CloseStatus.NormalClosure)]
    public void A_relay_tells_the_other_side_of_a_back_end_that_was_cut_short(bool truncated, CloseStatus told)
    {
        var (backEnd, _, session) = StartSession(start: false);
        var client = new RecordingSession(Loop);
        OnLoop(() =>
        {
            _ = new Relay(client, session, 1000);
            session.Start();
        });
        backEnd.Send("x"u8);
        if (!truncated)
        {
            Bounded.Wait(backEnd.Tls!.ShutdownAsync());
        }

        backEnd.Socket.Shutdown(SocketShutdown.Send);

        Assert.Equal((told, truncated), Bounded.Result(client.Ended));
    }

    [Theory]
    [InlineData(1011, true)]
    [InlineData(1014, true)]
    [InlineData(1000, false)]
    [InlineData(1001, false)]
    public void A_stream_is_cut_short_where_the_WebSocket_behind_it_says_that_it_broke(int status, bool cut)
    {
        WebSocketSession? session = null;
        var (backEnd, _) = Pair(connection => session = new WebSocketSession(connection, WebSocketRole.Client, new WebSocketOptions()));
        var client = new RecordingSession(Loop, keepsMessages: false);
        OnLoop(() =>
        {
            _ = new Relay(client, session!, 1000);
            session!.Start();
        });
        backEnd.Send(Wire.CloseFrame(status, mask: false));

        Assert.Equal(((CloseStatus)status, cut), Bounded.Result(client.Ended));
    }

    private (RawPeer Peer, SessionProbe Probe) SessionPair()
    {
        var (peer, probe, _) = StartSession();
        return (peer, probe);
    }

    private (RawPeer Peer, SessionProbe Probe, TcpSession Session) StartSession(bool start = true)
    {
        var probe = new SessionProbe();
        var (peer, connection) = SecurePair(Server(), null);
        var session = new TcpSession(connection, Bounded.Limit) { Handler = probe };
        if (start)
        {
            OnLoop(session.Start);
        }

        return (peer, probe, session);
    }

    /// <summary>A session that notes how it is ended.</summary>
    private sealed class RecordingSession(Tidegate.Engine.Loops.EventLoop loop, bool keepsMessages = true) : Session
    {
        private readonly TaskCompletionSource<(CloseStatus, bool)> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task<(CloseStatus Status, bool Broken)> Ended => _ended.Task;

        public override Tidegate.Engine.Loops.EventLoop Loop => loop;

        public override bool KeepsMessages => keepsMessages;

        public override System.Net.IPEndPoint? RemoteEndPoint => null;

        public override long PendingBytes => 0;

        public override bool IsClosing => false;

        public override void Start()
        {
        }

        public override void SetWaterMarks(int high, int low)
        {
        }

        public override void Relay(Payload payload, MessageKind kind, bool endOfMessage)
        {
        }

        public override void Send(ReadOnlySpan<byte> message, MessageKind kind)
        {
        }

        public override void PauseReading()
        {
        }

        public override void ResumeReading()
        {
        }

        public override void EndSending() => _ended.TrySetResult((CloseStatus.NormalClosure, false));

        public override void CloseSending(CloseStatus status, string reason = "") => _ended.TrySetResult((status, false));

        public override void Close(CloseStatus status, string reason = "") => _ended.TrySetResult((status, false));

        public override void Break(CloseStatus status, string reason) => _ended.TrySetResult((status, true));

        public override void Abort()
        {
        }
    }
}

public sealed class EpollTlsTruncationTests() : TlsTruncationTests(EventSource.Epoll);

public sealed class PortableTlsTruncationTests() : TlsTruncationTests(EventSource.Portable);

public sealed class SslStreamOnEpollTruncationTests() : TlsTruncationTests(EventSource.Epoll)
{
    private protected override TlsLibrary Library => TlsLibrary.SslStream;
}

public sealed class SslStreamOnPortableTruncationTests() : TlsTruncationTests(EventSource.Portable)
{
    private protected override TlsLibrary Library => TlsLibrary.SslStream;
}
