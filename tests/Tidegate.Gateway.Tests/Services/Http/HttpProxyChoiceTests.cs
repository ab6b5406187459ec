using System.Net.Sockets;
using System.Net.WebSockets;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Tests.Tls;

namespace Tidegate.Gateway.Tests.Services.Http;

/// <summary>Several servers behind one <c>http.proxy</c>, servers that come and go, and servers that are reached through something.</summary>
public sealed class HttpProxyChoiceTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("in-order", "aaaaaa")]
    [InlineData("round-robin", "ababab")]
    public async Task Each_request_goes_where_the_policy_says(string policy, string expected)
    {
        await using var first = new ScriptedServer(Answer("a"));
        await using var second = new ScriptedServer(Answer("b"));
        await using ServedText gateway = await StartAsync(policy, first.Origin, second.Origin);

        Assert.Equal(expected, string.Concat(await AskAsync(gateway, 6)));
    }

    [Theory]
    [InlineData("random")]
    [InlineData("least-sessions")]
    public async Task Where_chance_decides_both_get_their_share(string policy)
    {
        await using var first = new ScriptedServer(Answer("a"));
        await using var second = new ScriptedServer(Answer("b"));
        await using ServedText gateway = await StartAsync(policy, first.Origin, second.Origin);

        // That one of two gets none of a hundred is less likely than anything else that can go wrong.
        Assert.Equal(["a", "b"], (await AskAsync(gateway, 100)).Distinct().Order());
    }

    [Fact]
    public async Task A_client_stays_with_its_server()
    {
        await using var first = new ScriptedServer(Answer("a"));
        await using var second = new ScriptedServer(Answer("b"));
        await using ServedText gateway = await StartAsync("sticky", first.Origin, second.Origin);

        Assert.Single((await AskAsync(gateway, 20)).Distinct());
    }

    [Fact]
    public async Task Requests_that_stay_weigh()
    {
        var all = new TaskCompletionSource();
        await using var first = new ScriptedServer(WaitingAnswer(all.Task, "a"));
        await using var second = new ScriptedServer(WaitingAnswer(all.Task, "b"));
        await using ServedText gateway = await StartAsync("least-sessions", first.Origin, second.Origin);
        using var client = new HttpClient();
        var asked = new List<Task<string>>();

        // One after the other, each when the one before is with a server.
        for (int i = 1; i <= 20; i++)
        {
            asked.Add(client.GetStringAsync(new Uri($"http://{gateway.Authority}/")));
            await UntilAsync(() => first.Requests.Length + second.Requests.Length == i);
        }

        all.SetResult();
        Assert.Equal(10, (await Task.WhenAll(asked)).Count(one => one == "a"));
    }

    [Theory]
    [InlineData("in-order")]
    [InlineData("least-sessions")]
    [InlineData("random")]
    [InlineData("round-robin")]
    [InlineData("sticky")]
    public async Task Where_one_can_not_be_reached_another_serves_and_no_request_fails(string policy)
    {
        using var dead = new BackEndServer();
        dead.StopListening();
        await using var second = new ScriptedServer(Answer("b"));
        await using ServedText gateway = await StartAsync(policy, $"http://127.0.0.1:{dead.Port}/", second.Origin);

        Assert.All(await AskAsync(gateway, 20), answer => Assert.Equal("b", answer));
        using HttpClient client = new();
        using HttpResponseMessage posted = await client.PostAsync(new Uri($"http://{gateway.Authority}/"), new StringContent("a body that nobody has read"));
        Assert.Equal("b", await posted.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_service_withdraws_while_no_server_is_there_and_comes_back_with_one()
    {
        using var reserved = new BackEndServer();
        int port = reserved.Port;
        reserved.StopListening();
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", $"http://127.0.0.1:{port}/", "<maximum.recovery.interval>1 s</maximum.recovery.interval>");

        await gateway.Log.WaitForAsync($"Quiescing service with connect uri 'http://127.0.0.1:{port}/'.");
        Assert.StartsWith("HTTP/1.1 404 ", await gateway.AskAsync("GET / HTTP/1.1\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);

        using var back = new BackEndServer(port);
        await gateway.Log.WaitForAsync($"Starting service with connect uri 'http://127.0.0.1:{port}/'.");
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync($"GET / HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");

        // The looks that the gateway took come first, and say nothing.
        while (true)
        {
            using Socket socket = await back.AcceptAsync();
            if (await socket.ReceiveAsync(new byte[1000]) > 0)
            {
                await ScriptedServer.SendAsync(socket, ScriptedServer.Ok);
                break;
            }
        }

        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_balancer_leads_to_it()
    {
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await ServedText.StartAsync(
            $"""
            <service><name>b</name><accept>http://127.0.0.1:0/public/</accept><type>balancer</type></service>
            <service><name>p</name><accept>http://127.0.0.1:0/own/</accept><connect>{server.Origin}</connect><balance>http://127.0.0.1:0/public/</balance><type>http.proxy</type></service>
            """);

        string head = await gateway.AskAsync("GET /public/cart?id=7 HTTP/1.1\r\nHost: {h}\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 302 ", head, StringComparison.Ordinal);
        Assert.Contains($"\r\nLocation: http://127.0.0.1:{gateway.Port}/own/cart?id=7", head, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await gateway.AskAsync("GET /own/cart?id=7 HTTP/1.1\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Servers_with_tls_are_asked_over_tls_and_clients_with_tls_are_served()
    {
        await using SecureGateway behind = await SecureGateway.StartAsync(
            "<service><name>files</name><accept>https://localhost:0/</accept><type>directory</type><properties><directory>/</directory></properties></service>"
            + "<service><name>e</name><accept>wss://localhost:0/echo</accept><type>echo</type></service>");
        int port = behind.Server.Served[0].Port;
        using var directory = new ScratchDirectory();
        await File.WriteAllTextAsync(Path.Combine(directory.Path, "truststore.pem"), behind.Authority.Pem);
        await using ServedText gateway = await ServedText.StartAsync(
            $"<security><truststore><file>{directory.Path}/truststore.pem</file></truststore></security>"
            + $"<service><name>p</name><accept>http://127.0.0.1:0/</accept><connect>https://localhost:{port}/</connect><type>http.proxy</type></service>");
        using var client = new HttpClient();

        Assert.Equal("a page", await client.GetStringAsync(new Uri($"http://{gateway.Authority}/page.txt")));
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://{gateway.Authority}/echo"), new CancellationTokenSource(s_patience).Token);
        await socket.SendAsync("tide"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, new CancellationTokenSource(s_patience).Token);
        Assert.Equal(4, (await socket.ReceiveAsync(new byte[10], new CancellationTokenSource(s_patience).Token)).Count);
    }

    [Fact]
    public async Task A_server_that_is_not_whom_it_should_be_gets_no_request()
    {
        await using SecureGateway behind = await SecureGateway.StartAsync(
            "<service><name>files</name><accept>https://localhost:0/</accept><type>directory</type><properties><directory>/</directory></properties></service>");
        int port = behind.Server.Served[0].Port;
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", $"https://localhost:{port}/");

        Assert.StartsWith("HTTP/1.1 504 ", await gateway.AskAsync("GET / HTTP/1.1\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);
        Assert.Contains(gateway.Log.At(LogLevel.Warning), line => line.StartsWith($"Connection to https://localhost:{port}/ failed: TLS: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_is_reached_through_a_pipe()
    {
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await ServedText.StartAsync(
            $"""
            <service><name>p</name><accept>http://127.0.0.1:0/</accept><connect>http://inside/</connect><type>http.proxy</type>
            <connect-options><tcp.transport>pipe://inside</tcp.transport></connect-options></service>
            <service><name>q</name><accept>pipe://inside</accept><connect>tcp://127.0.0.1:{server.Port}</connect><type>proxy</type></service>
            """);

        Assert.StartsWith("HTTP/1.1 200 ", await gateway.AskAsync("GET / HTTP/1.1\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);
        Assert.Contains("\r\nHost: inside\r\n", Assert.Single(server.Requests), StringComparison.Ordinal);
    }

    private static string Answer(string name) => $"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{name}";

    private static Func<string, Socket, Task> WaitingAnswer(Task until, string name) => async (_, socket) =>
    {
        await until.WaitAsync(s_patience);
        await ScriptedServer.SendAsync(socket, Answer(name));
    };

    private static async Task<string[]> AskAsync(ServedText gateway, int count)
    {
        using var client = new HttpClient();
        var answers = new List<string>();
        for (int i = 0; i < count; i++)
        {
            answers.Add(await client.GetStringAsync(new Uri($"http://{gateway.Authority}/{i}")));
        }

        return [.. answers];
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var timeout = new CancellationTokenSource(s_patience);
        while (!condition())
        {
            await Task.Delay(10, timeout.Token);
        }
    }

    private static Task<ServedText> StartAsync(string policy, params string[] connects) => ServedText.StartAsync(
        $"<service><name>p</name><accept>http://127.0.0.1:0/</accept>{string.Concat(connects.Select(connect => $"<connect>{connect}</connect>"))}<type>http.proxy</type>"
        + $"<properties><policy>{policy}</policy></properties></service>");
}
