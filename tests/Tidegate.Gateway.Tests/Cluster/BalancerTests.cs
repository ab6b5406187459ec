using System.Net;
using System.Net.WebSockets;
using System.Text;
using Tidegate.Gateway.Configuration;
using static Tidegate.Gateway.Tests.Cluster.ClusteredGateway;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>Where a balancer sends clients.</summary>
public sealed class BalancerTests
{
    private const string Redirecting = "<unaware.clients>redirect</unaware.clients>";

    [Fact]
    public async Task A_websocket_client_is_relayed_and_gets_its_messages_back()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer() + Echo(accept: "ws://127.0.0.1:0/other"));

        (string head, RawClient client) = await gateway.HandshakeAsync();
        using RawClient disposed = client;
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        await client.SendAsync(RawClient.Frame(1, "hello"u8));

        Assert.Equal("hello", Encoding.UTF8.GetString(await client.ReadMessageAsync()));
    }

    [Fact]
    public async Task What_the_client_sends_behind_its_handshake_is_relayed_too()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer() + Echo(accept: "ws://127.0.0.1:0/other"));
        using RawClient client = await RawClient.ConnectAsync(gateway.At("ws", "/echo"));

        byte[] handshake = Encoding.ASCII.GetBytes(RawClient.Handshake(80).Replace("127.0.0.1:80", "balancer.example", StringComparison.Ordinal));
        await client.SendAsync((byte[])[.. handshake, .. RawClient.Frame(1, "early"u8)]);

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal("early", Encoding.UTF8.GetString(await client.ReadMessageAsync()));
    }

    [Fact]
    public async Task The_member_agrees_to_a_subprotocol_and_the_client_hears_which()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(
            Balancer() + Echo(Balance, "ws://127.0.0.1:0/other").Replace(
                "</type>", "</type><accept-options><ws.subprotocols>two</ws.subprotocols></accept-options>", StringComparison.Ordinal));

        (string head, RawClient client) = await gateway.HandshakeAsync(more: "Sec-WebSocket-Protocol: one, two\r\n");

        client.Dispose();
        Assert.Contains("Sec-WebSocket-Protocol: two", head.Split("\r\n"));
    }

    [Fact]
    public async Task The_end_that_a_client_asks_for_goes_through_to_the_member_and_back()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer() + Echo(accept: "ws://127.0.0.1:0/other"));
        (string _, RawClient client) = await gateway.HandshakeAsync();
        using RawClient disposed = client;

        await client.SendAsync(RawClient.Frame(8, [0x0f, 0xa1]));

        // 4001, an application's own.
        Assert.Equal([0x88, 2, 0x0f, 0xa1], await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_websocket_over_http2_is_relayed_too_beside_others_of_its_connection()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer(accept: "ws://127.0.0.1:0/echo")
            .Replace("<accept-options><tcp.bind>127.0.0.1:0</tcp.bind></accept-options>", "", StringComparison.Ordinal)
            + Echo("<balance>ws://127.0.0.1:0/echo</balance>", "ws://127.0.0.1:0/other"));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var connection = new HttpMessageInvoker(new SocketsHttpHandler());

        await Task.WhenAll(Enumerable.Range(0, 5).Select(async i =>
        {
            using var client = new ClientWebSocket();
            client.Options.HttpVersion = HttpVersion.Version20;
            client.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            client.Options.CollectHttpResponseDetails = true;
            await client.ConnectAsync(new Uri($"ws://{gateway.At("ws", "/echo")}/echo?{i}"), connection, patience.Token);
            Assert.StartsWith("TIDEGATE_MEMBER=", Assert.Single(client.HttpResponseHeaders!["Set-Cookie"]), StringComparison.Ordinal);

            byte[] sent = Encoding.ASCII.GetBytes($"client {i}"), received = new byte[100];
            await client.SendAsync(sent, WebSocketMessageType.Text, endOfMessage: true, patience.Token);
            WebSocketReceiveResult message = await client.ReceiveAsync(received, patience.Token);
            Assert.Equal(sent, received[..message.Count]);
            await client.CloseAsync((WebSocketCloseStatus)4001, "done", patience.Token);
            Assert.Equal((WebSocketCloseStatus)4001, client.CloseStatus);
        }));
    }

    [Fact]
    public async Task Where_clients_are_to_be_redirected_the_handshake_gets_302_with_the_query()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer(Redirecting) + Echo(accept: "ws://127.0.0.1:0/other"));

        (string head, RawClient client) = await gateway.HandshakeAsync("?a=b&c=%20");

        client.Dispose();
        Assert.StartsWith("HTTP/1.1 302 ", head, StringComparison.Ordinal);
        Assert.Contains($"Location: http://127.0.0.1:{gateway.At("ws", "/other").Port}/other?a=b&c=%20", head.Split("\r\n"));
    }

    [Theory]
    [InlineData("")]
    [InlineData(Redirecting)]
    public async Task Where_no_service_is_available_the_handshake_gets_503_and_the_time_to_try_again(string properties)
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer(properties));

        (string head, RawClient client) = await gateway.HandshakeAsync();

        client.Dispose();
        Assert.StartsWith("HTTP/1.1 503 ", head, StringComparison.Ordinal);
        Assert.Contains("Retry-After: 1", head.Split("\r\n"));
        Assert.Contains(
            gateway.Log.Warnings,
            line => line.StartsWith("Warning Rejected GET request for URI \"/echo\" on session ", StringComparison.Ordinal)
                && line.EndsWith(": no available balancee URI was found", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_http_request_that_is_no_get_is_redirected_so_that_it_keeps_its_method_and_body()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(
            Balancer(accept: "http://balancer.example/app")
            + "<service><name>files</name><accept>http://127.0.0.1:0/app/</accept><balance>http://balancer.example/app</balance><type>directory</type>"
            + $"<properties><directory>file://{Path.GetTempPath()}</directory></properties></service>");
        foreach ((string method, int status) in new[] { ("HEAD", 302), ("POST", 307), ("PUT", 307), ("DELETE", 307) })
        {
            using RawClient client = await RawClient.ConnectAsync(gateway.At("http", "/app"));
            await client.SendAsync($"{method} /app/a HTTP/1.1\r\nHost: balancer.example\r\nContent-Length: 3\r\n\r\nabc");
            string head = await client.ReadHeadAsync();

            Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
            Assert.Contains($"Location: http://127.0.0.1:{gateway.At("http", "/app/").Port}/app/a", head.Split("\r\n"));
        }
    }

    [Theory]
    [InlineData("/app", "/app/")]
    [InlineData("/app?x=1&y=%2F", "/app/?x=1&y=%2F")]
    [InlineData("/app/a%20b/c?x", "/app/a%20b/c?x")]
    public async Task An_http_client_is_redirected_with_what_follows_the_path(string asked, string location)
    {
        using var directory = new ScratchDirectory();
        await using ClusteredGateway gateway = await StartAloneAsync(
            Balancer(accept: "http://balancer.example/app")
            + "<service><name>files</name><accept>http://127.0.0.1:0/app/</accept><balance>http://balancer.example/app</balance><type>directory</type>"
            + $"<properties><directory>file://{directory.Path}</directory></properties></service>");

        using RawClient client = await RawClient.ConnectAsync(gateway.At("http", "/app"));
        await client.SendAsync($"GET {asked} HTTP/1.1\r\nHost: balancer.example\r\n\r\n");
        string head = await client.ReadHeadAsync();

        Assert.StartsWith("HTTP/1.1 302 ", head, StringComparison.Ordinal);
        Assert.Contains($"Location: http://127.0.0.1:{gateway.At("http", "/app/").Port}{location}", head.Split("\r\n"));
    }

    [Fact]
    public async Task The_balancers_own_rule_for_origins_comes_first_and_the_member_takes_its_pages()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer() + Echo(accept: "ws://127.0.0.1:0/other"));

        (string foreign, RawClient first) = await gateway.HandshakeAsync(more: "Origin: http://evil.example\r\n");
        (string own, RawClient second) = await gateway.HandshakeAsync(more: "Origin: http://balancer.example\r\n");

        first.Dispose();
        second.Dispose();
        Assert.StartsWith("HTTP/1.1 403 ", foreign, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 101 ", own, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_the_member_does_not_take_is_refused_as_the_member_would()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(
            Balancer(more: "<cross-site-constraint><allow-origin>*</allow-origin></cross-site-constraint>") + Echo(accept: "ws://127.0.0.1:0/other"));

        (string head, RawClient client) = await gateway.HandshakeAsync(more: "Origin: http://page.example\r\n");

        client.Dispose();
        Assert.StartsWith("HTTP/1.1 403 ", head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?a\tb")]
    [InlineData("?a\vb")]
    [InlineData("?a\rX: b")]
    [InlineData("?a\u007f")]
    public async Task What_can_not_stand_in_a_query_is_refused_and_not_passed_on(string query)
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer() + Echo(accept: "ws://127.0.0.1:0/other"));

        (string head, RawClient client) = await gateway.HandshakeAsync(query);

        client.Dispose();
        Assert.StartsWith("HTTP/1.1 400 ", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handshake_that_a_balancer_has_relayed_is_not_relayed_again()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer() + Echo(accept: "ws://127.0.0.1:0/other"));

        (string head, RawClient client) = await gateway.HandshakeAsync(more: "Tidegate-Hop: 1\r\n");

        client.Dispose();
        Assert.StartsWith("HTTP/1.1 508 ", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_go_to_the_members_that_are_there()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Balancer(Redirecting + "<policy>round-robin</policy>") + Echo(accept: "ws://127.0.0.1:0/other"));
        await using ClusteredGateway two = await ClusteredGateway.StartAsync(Echo(accept: "ws://127.0.0.1:0/other"), one);
        string own = $"ws://127.0.0.1:{one.At("ws", "/other").Port}/other";
        string other = $"ws://127.0.0.1:{two.At("ws", "/other").Port}/other";
        await one.LeadsToAsync([.. new[] { own, other }.Order(StringComparer.Ordinal)]);

        var locations = new HashSet<string>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (locations.Count < 2)
        {
            Assert.False(patience.IsCancellationRequested, $"All went to {string.Join(", ", locations)}.");
            locations.Add(await LocationAsync(one));
        }

        await two.Server.StopAsync(CancellationToken.None);
        await one.LeadsToAsync(own);
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(own.Replace("ws://", "http://", StringComparison.Ordinal), await LocationAsync(one));
        }
    }

    [Fact]
    public async Task Where_a_member_does_not_answer_another_serves_the_client()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Balancer("<policy>round-robin</policy>") + Echo(accept: "ws://127.0.0.1:0/other"));
        await using ClusteredGateway two = await ClusteredGateway.StartAsync(Echo(accept: "ws://127.0.0.1:0/other"), one);
        string[] both = [.. new[] { one, two }.Select(gateway => $"ws://127.0.0.1:{gateway.At("ws", "/other").Port}/other").Order(StringComparer.Ordinal)];
        await one.LeadsToAsync(both);

        // Without a word: for a moment the balancer takes it for alive.
        await two.DisposeAsync();

        long began = Environment.TickCount64;
        for (int i = 0; i < 20; i++)
        {
            (string head, RawClient client) = await one.HandshakeAsync();
            client.Dispose();
            Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        }

        // A line a second at most, however many clients there are.
        Assert.InRange(
            one.Log.Warnings.Count(line => line.StartsWith("Warning Connection to ", StringComparison.Ordinal)), 0, 2 + ((Environment.TickCount64 - began) / 1000));
    }

    [Fact]
    public async Task The_member_with_fewer_sessions_gets_the_next_client()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Balancer(Redirecting) + Echo(accept: "ws://127.0.0.1:0/other"));
        await using ClusteredGateway two = await ClusteredGateway.StartAsync(Echo(accept: "ws://127.0.0.1:0/other"), one);
        string[] both = [.. new[] { one, two }.Select(gateway => $"ws://127.0.0.1:{gateway.At("ws", "/other").Port}/other").Order(StringComparer.Ordinal)];
        await one.LeadsToAsync(both);
        foreach ((ClusteredGateway busy, ClusteredGateway idle) in ((ClusteredGateway, ClusteredGateway)[])[(two, one), (one, two)])
        {
            // The second time round those of the first are gone, and count no more.
            IPEndPoint at = busy.At("ws", "/other");
            var clients = new List<RawClient>();
            try
            {
                for (int i = 0; i < 20; i++)
                {
                    RawClient client = await RawClient.ConnectAsync(at);
                    clients.Add(client);
                    await client.SendAsync(RawClient.Handshake(at.Port, "/other"));
                    Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
                }

                await AllGoToAsync(one, $"http://127.0.0.1:{idle.At("ws", "/other").Port}/other");
            }
            finally
            {
                clients.ForEach(client => client.Dispose());
            }
        }
    }

    /// <summary>Waits until the balancer knows who is busy: ten clients more than the others must then all go to the idle one.</summary>
    private static async Task AllGoToAsync(ClusteredGateway balancer, string idle)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        for (int inARow = 0; inARow < 10;)
        {
            Assert.False(patience.IsCancellationRequested, "Clients are still sent to the busy member.");
            inARow = await LocationAsync(balancer) == idle ? inARow + 1 : 0;
            if (inARow == 0)
            {
                // Those who were just sent somewhere count there for two seconds.
                await Task.Delay(TimeSpan.FromSeconds(2.5), CancellationToken.None);
            }
        }
    }

    [Fact]
    public void A_balancer_behind_a_balancer_is_worth_a_warning() =>
        Assert.Contains(
            "A balancer is not led to by another balancer, so this does nothing.",
            Configuration.ConfigurationText.Read(Balancer().Replace("<type>", "<balance>ws://other.example/echo</balance><type>", StringComparison.Ordinal))
                .Warnings.Select(warning => warning.Problem));

    private static async Task<string> LocationAsync(ClusteredGateway gateway)
    {
        (string head, RawClient client) = await gateway.HandshakeAsync();
        client.Dispose();
        return head.Split("\r\n").Single(line => line.StartsWith("Location: ", StringComparison.Ordinal))["Location: ".Length..];
    }
}
