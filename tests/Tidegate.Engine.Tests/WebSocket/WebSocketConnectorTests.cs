using System.Net.Sockets;
using System.Text.RegularExpressions;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.WebSocket;

/// <summary>RFC 6455, section 4.1: the client's handshake, and the answers that it must not accept.</summary>
public abstract partial class WebSocketConnectorTests(EventSource source) : WebSocketTest(source)
{
    private const string Good = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n";

    [Fact]
    public void The_request_is_what_section_4_1_demands()
    {
        using var server = new RawListener();
        _ = Begin(server, request => request with { Subprotocols = ["b.chat", "a.chat"], Compression = true });
        using RawPeer peer = server.Accept();
        string head = peer.ReceiveHead();
        Assert.StartsWith("GET /path?q=1 HTTP/1.1\r\nHost: gate.example:81\r\n", head, StringComparison.Ordinal);
        foreach (string line in (string[])[
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: b.chat, a.chat",
            "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"])
        {
            Assert.Contains($"\r\n{line}\r\n", head, StringComparison.Ordinal);
        }

        Assert.True(WebSocketHandshake.IsValidKey(Key(head)));
    }

    [Fact]
    public void Further_headers_are_sent_and_the_status_of_another_answer_is_told()
    {
        using var server = new RawListener();
        int status = 0;
        var result = Begin(server, request => request with { Headers = [new("Origin", "http://page.example")], Refused = answered => status = answered.Status });
        using RawPeer peer = server.Accept();

        Assert.Contains("\r\nOrigin: http://page.example\r\n", peer.ReceiveHead(), StringComparison.Ordinal);
        peer.Send("HTTP/1.1 403 Forbidden\r\n\r\n"u8);

        Fails(result, "instead of 101");
        Assert.Equal(403, status);
    }

    [Theory]
    [InlineData(Good)]
    [InlineData("HTTP/1.1 101\r\nupgrade:WebSocket\r\nCONNECTION: keep-alive , upgrade\r\nX: y\r\nsec-websocket-accept:   {accept}  \r\n\r\n")]
    public void A_good_answer_opens_a_session(string answer)
    {
        using var server = new RawListener();
        var result = Begin(server);
        using RawPeer peer = server.Accept();
        Answer(peer, answer);
        var (session, _) = Bounded.Result(result);
        Assert.Null(session!.Subprotocol);
        OnLoop(() =>
        {
            session.Handler = SessionProbe.Echo();
            session.Start();
        });
        peer.Send(Wire.Frame(Wire.Text, "hello", mask: false));
        WireFrame echo = peer.ReadFrame();
        Assert.True(echo.Masked);
        Assert.Equal("hello"u8.ToArray(), echo.Payload);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", "instead of 101")]
    [InlineData("HTTP/1.1 1010 Odd\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n", "instead of 101")]
    [InlineData("HTTP/1.0 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n", "instead of 101")]
    [InlineData("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n", "does not upgrade")]
    [InlineData("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n", "does not upgrade")]
    [InlineData("HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n", "does not upgrade")]
    [InlineData("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "Sec-WebSocket-Accept")]
    [InlineData("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", "Sec-WebSocket-Accept")]
    [InlineData("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: other\r\n\r\n", "not offered")]
    [InlineData("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "not offered")]
    [InlineData("HTTP/1.1 101 X\r\nno colon\r\n\r\n", "malformed")]
    [InlineData("nonsense\r\n\r\n", "instead of 101")]
    public void A_bad_answer_is_refused(string answer, string reason)
    {
        using var server = new RawListener();
        var result = Begin(server);
        using RawPeer peer = server.Accept();
        Answer(peer, answer);
        Fails(result, reason);
        peer.ExpectReset();
    }

    [Fact]
    public void A_head_without_an_end_is_refused()
    {
        using var server = new RawListener();
        var result = Begin(server);
        using RawPeer peer = server.Accept();
        Answer(peer, "HTTP/1.1 101 X\r\nX: " + new string('x', 17_000));
        Fails(result, "longer than 16384 bytes");
    }

    [Fact]
    public void A_head_that_is_too_long_is_refused_also_where_all_of_it_comes_at_once()
    {
        using var server = new RawListener();
        var result = Begin(server);
        RawPeer peer = Own(server.Accept());
        string filler = $"X-Filler: {new string('x', 16 * 1024)}\r\n\r\n";
        Answer(peer, Good[..^2] + filler);
        Fails(result, "the answer's head is longer than 16384 bytes");
    }

    [Fact]
    public void A_server_that_hangs_up_is_reported()
    {
        using var server = new RawListener();
        var result = Begin(server);
        using (RawPeer peer = server.Accept())
        {
            peer.ReceiveHead();
        }

        Fails(result, "closed the connection during the handshake");
    }

    [Fact]
    public void A_server_that_resets_is_reported()
    {
        using var server = new RawListener();
        var result = Begin(server);
        using RawPeer peer = server.Accept();
        peer.ReceiveHead();
        peer.Reset();
        Fails(result, "broke during the handshake");
    }

    [Fact]
    public void A_server_that_says_nothing_is_given_up()
    {
        var time = new ManualTime();
        StartLoops(options => options with { TimeProvider = time });
        using var server = new RawListener();
        var result = Begin(server, timeout: TimeSpan.FromSeconds(1));
        using RawPeer peer = server.Accept();
        peer.ReceiveHead();
        time.Advance(TimeSpan.FromSeconds(2));
        Turns();
        Fails(result, "did not answer the handshake in time");
        peer.ExpectReset();
    }

    [Fact]
    public void A_refused_connection_is_reported()
    {
        using Socket taken = RawListener.BoundOnly(out int port);
        Fails(Begin(port), "connection refused");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public void Frames_glued_to_the_answer_are_not_lost(int piece)
    {
        using var server = new RawListener();
        var result = Begin(server, request => request with { Subprotocols = ["chat"] });
        using RawPeer peer = server.Accept();
        string head = Good.Replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n", StringComparison.Ordinal)
            .Replace("{accept}", WebSocketHandshake.AcceptFor(Key(peer.ReceiveHead())), StringComparison.Ordinal);
        byte[] all = [.. System.Text.Encoding.ASCII.GetBytes(head), .. Wire.Frame(Wire.Text, "early", mask: false), .. Wire.Frame(Wire.Ping, "too", mask: false)];
        for (int at = 0; at < all.Length; at += Math.Min(piece, all.Length - at))
        {
            peer.Send(all.AsSpan(at, Math.Min(piece, all.Length - at)));
        }

        var (session, _) = Bounded.Result(result);
        Assert.Equal("chat", session!.Subprotocol);
        Turns();
        var probe = new SessionProbe();
        OnLoop(() =>
        {
            session.Handler = probe;
            session.Start();
        });
        Assert.Equal("too"u8.ToArray(), peer.ReadFrame().Payload);
        Assert.Equal("early"u8.ToArray(), Assert.Single(probe.Messages).Bytes);
    }

    [Fact]
    public void A_session_whose_connection_ended_before_it_was_started_is_told_so()
    {
        using var server = new RawListener();
        var result = Begin(server);
        using RawPeer peer = server.Accept();
        Answer(peer, Good);
        var (session, _) = Bounded.Result(result);
        var probe = new SessionProbe();
        OnLoop(session!.Abort);
        Bounded.Until(() => Loop.ConnectionCount == 0, "the connection is gone");
        OnLoop(() =>
        {
            session.Handler = probe;
            session.Start();
        });
        Assert.Equal(CloseStatus.AbnormalClosure, Bounded.Result(probe.End).Status);
    }

    private static void Answer(RawPeer peer, string answer)
    {
        string accept = WebSocketHandshake.AcceptFor(Key(peer.ReceiveHead()));
        peer.Send(System.Text.Encoding.ASCII.GetBytes(answer.Replace("{accept}", accept, StringComparison.Ordinal)));
    }

    private static string Key(string head) => KeyHeader().Match(head).Groups[1].Value;

    [GeneratedRegex("Sec-WebSocket-Key: (\\S+)")]
    private static partial Regex KeyHeader();

    private static void Fails(Task<(WebSocketSession? Session, string Reason)> result, string reason)
    {
        var (session, said) = Bounded.Result(result);
        Assert.Null(session);
        Assert.Contains(reason, said, StringComparison.Ordinal);
    }

    private Task<(WebSocketSession? Session, string Reason)> Begin(RawListener server, Func<WebSocketRequest, WebSocketRequest>? change = null, TimeSpan? timeout = null) =>
        Begin(server.Port, change, timeout);

    private Task<(WebSocketSession? Session, string Reason)> Begin(int port, Func<WebSocketRequest, WebSocketRequest>? change = null, TimeSpan? timeout = null)
    {
        var request = new WebSocketRequest { Host = "127.0.0.1", Port = port, Authority = "gate.example:81", Target = "/path?q=1" };
        var done = new TaskCompletionSource<(WebSocketSession?, string)>(TaskCreationOptions.RunContinuationsAsynchronously);
        OnLoop(() => WebSocketConnector.Connect(
            Loop, change?.Invoke(request) ?? request, new ConnectOptions { Timeout = timeout ?? Bounded.Limit }, Patient, (session, reason) => done.SetResult((session, reason))));
        return done.Task;
    }
}

public sealed class WebSocketConnectorOnEpollTests() : WebSocketConnectorTests(EventSource.Epoll);

public sealed class WebSocketConnectorOnPortableTests() : WebSocketConnectorTests(EventSource.Portable);
