using System.Net;
using Tidegate.Engine;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Clients;
using Tidegate.Gateway.Security;
using static Tidegate.Gateway.Tests.Clients.ClientWire;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>Challenges within a WebSocket, for whoever decides by them.</summary>
public sealed class InnerHandshakeTests : IDisposable
{
    private readonly EventLoops _loops = EventLoops.Start(new EngineOptions { Loops = 1 });

    [Fact]
    public async Task After_401_the_client_tries_again_on_the_same_socket()
    {
        using RawClient client = await BeginAsync(request => request.Authorization == "Basic am9lOndlbGNvbWU="
            ? InnerResponse.Granted(null, ExtensionAgreement.None)
            : new InnerResponse(401, "Unauthorized", ("WWW-Authenticate", "Application Basic realm=\"Tides\""), ("Content-Length", "0")));

        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame(Request()));
        Assert.Equal("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Application Basic realm=\"Tides\"\r\nContent-Length: 0\r\n\r\n", await client.ReadResponseAsync());
        await client.ExpectAsync(Empty);
        await client.SendAsync(Frame(Request(more: "Authorization: Basic am9lOndlbGNvbWU=\r\n")));
        Assert.Equal("HTTP/1.1 101 Web Socket Protocol Handshake\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n", await client.ReadResponseAsync());
        await client.ExpectAsync([.. Empty, 0x81, 7, .. "granted"u8]);
    }

    [Fact]
    public async Task Whoever_is_challenged_again_and_again_is_closed()
    {
        using RawClient client = await BeginAsync(_ => new InnerResponse(401, "Unauthorized"));
        await client.ExpectAsync(Stay);
        for (int i = 0; i <= InnerHandshake.MaximumChallenges; i++)
        {
            await client.SendAsync(Frame(Request()));
            Assert.StartsWith("HTTP/1.1 401 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
            await client.ExpectAsync(Empty);
        }

        await client.ExpectAsync(0x88, 2, 0x03, 0xe8);
    }

    [Fact]
    public async Task A_client_that_sends_no_request_is_closed_with_1008_when_its_time_is_over()
    {
        var time = new StandingTime();
        using var loops = EventLoops.Start(new EngineOptions { Loops = 1, TimeProvider = time });
        using RawClient client = await BeginAsync(_ => InnerResponse.Bad(), loops);
        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame("GET /echo HTTP/1.1\r\n"));
        time.Advance(InnerHandshake.RequestTimeout + TimeSpan.FromSeconds(1));
        // Wakes the loop, which looks at the clock then.
        await client.SendAsync(Frame("X"));

        (byte first, byte[] close) = await client.ReadFrameAsync();

        Assert.Equal(0x88, first);
        Assert.Equal([0x03, 0xf0], close[..2]);
    }

    [Fact]
    public async Task A_request_is_decided_once_whatever_comes_with_it_while_somebody_is_still_at_it()
    {
        int decided = 0;
        var answer = new TaskCompletionSource<InnerResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
        using RawClient client = await BeginAsync((_, _) =>
        {
            Interlocked.Increment(ref decided);
            return new ValueTask<InnerResponse>(answer.Task);
        });
        await client.ExpectAsync(Stay);

        // In one piece: what has arrived is handed out, although nothing more is read.
        byte[] nothing = Frame(0x82, []);
        await client.SendAsync((byte[])[.. Frame(Request()), .. nothing, .. nothing, .. nothing]);
        while (Volatile.Read(ref decided) == 0)
        {
            await Task.Delay(10);
        }

        answer.SetResult(Granted);
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        await client.ExpectAsync([.. Empty, 0x81, 7, .. "granted"u8]);

        // A ping is answered behind all that came before it.
        await client.SendAsync(Frame(0x89, "?"u8));
        await client.ExpectAsync(0x8a, 1, (byte)'?');
        Assert.Equal(1, decided);
    }

    [Fact]
    public async Task A_message_that_comes_with_the_request_is_no_part_of_what_is_granted_later()
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using RawClient client = await BeginAsync(async (_, cancellation) =>
        {
            cancellation.Register(gone.SetResult);
            await gone.Task;
            return Granted;
        });
        await client.ExpectAsync(Stay);

        await client.SendAsync((byte[])[.. Frame(Request()), .. Frame("early")]);

        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Empty);
        (byte first, byte[] close) = await client.ReadFrameAsync();
        Assert.Equal(0x88, first);
        Assert.Equal([0x03, 0xea], close[..2]);
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Who_is_asked_and_fails_lets_nobody_in_and_keeps_nobody_waiting()
    {
        using RawClient client = await BeginAsync(async (_, _) =>
        {
            await Task.Yield();
            throw new InvalidOperationException("a defect");
        });
        await client.ExpectAsync(Stay);

        await client.SendAsync(Frame(Request()));

        await client.ExpectAsync(0x88, 2, 0x03, 0xf3);
    }

    public void Dispose() => _loops.Dispose();

    [Fact]
    public async Task The_session_says_who_logged_in_within_it()
    {
        var granted = new TaskCompletionSource<Principal?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var terms = new InnerTerms((_, _) => ValueTask.FromResult(Granted with { Identity = new Identity("joe", ["TRADER"]) }), session => granted.SetResult(session.Principal));
        Listener listener = _loops.Listen(
            new IPEndPoint(IPAddress.Loopback, 0), connection => InnerHandshake.Begin(new WebSocketSession(connection, WebSocketRole.Server, new WebSocketOptions()), terms));
        using RawClient client = await RawClient.ConnectAsync(listener.LocalEndPoint);

        await client.SendAsync(Frame(Request()));

        Principal? principal = await granted.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(("joe", "TRADER"), (principal!.Name, Assert.Single(principal.Roles)));
    }

    private static InnerResponse Granted => InnerResponse.Granted(null, ExtensionAgreement.None);

    private Task<RawClient> BeginAsync(Func<InnerRequest, InnerResponse> decide, EventLoops? loops = null) =>
        BeginAsync((request, _) => ValueTask.FromResult(decide(request)), loops);

    private async Task<RawClient> BeginAsync(Func<InnerRequest, CancellationToken, ValueTask<InnerResponse>> decide, EventLoops? loops = null)
    {
        var terms = new InnerTerms(decide, session => session.Send("granted"u8, MessageKind.Text)) { SaysStay = true, EndsWithEmptyFrame = true };
        var options = new WebSocketOptions();
        // It goes with its loops.
        Listener listener = (loops ?? _loops).Listen(
            new IPEndPoint(IPAddress.Loopback, 0), connection => InnerHandshake.Begin(new WebSocketSession(connection, WebSocketRole.Server, options), terms));
        return await RawClient.ConnectAsync(listener.LocalEndPoint);
    }
}
