using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Services;

/// <summary>Services of one gateway that reach each other inside it.</summary>
public sealed class PipeTests
{
    private const string Echo = "<service><name>echo</name><accept>pipe://Orders</accept><type>echo</type></service>";

    [Fact]
    public async Task A_proxy_reaches_a_service_behind_a_pipe()
    {
        await using GatewayServer gateway = await StartAsync(Echo + Proxy("tcp://127.0.0.1:0", "pipe://orders"));

        using RawClient client = await RawClient.ConnectAsync(EndPoint(gateway, "tcp"));
        byte[] sent = new byte[3_000_000];
        Random.Shared.NextBytes(sent);
        Task<byte[]> received = client.ReadAsync(sent.Length);
        await client.SendAsync(sent);

        Assert.Equal(sent, await received);
        Assert.Contains("pipe://orders", gateway.Served.Select(served => served.ToString()));
        client.Socket.Shutdown(SocketShutdown.Send);
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_web_socket_is_carried_by_a_pipe_and_keeps_its_authority()
    {
        const string Over = "<http.transport>pipe://inner</http.transport>";
        await using GatewayServer gateway = await StartAsync(
            "<service><name>echo</name><accept>ws://inner.example/echo</accept><type>echo</type><accept-options>" + Over + "</accept-options></service>"
            + Proxy("ws://127.0.0.1:0/relay", "ws://inner.example/echo", "<connect-options>" + Over + "</connect-options>"));
        IPEndPoint endPoint = EndPoint(gateway, "ws");

        using RawClient client = await RawClient.ConnectAsync(endPoint);
        await client.SendAsync(RawClient.Handshake(endPoint.Port, "/relay"));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.SendAsync(RawClient.Frame(1, "hello"u8));

        Assert.Equal([0x81, 5, .. "hello"u8], await client.ReadAsync(7));
        Assert.Contains("ws://inner.example/echo @ pipe://inner", gateway.Served.Select(served => served.ToString()));
    }

    [Fact]
    public async Task A_tcp_transport_is_another_place_to_bind_and_to_connect_to()
    {
        await using GatewayServer gateway = await StartAsync(
            "<service><name>echo</name><accept>ws://inner.example/echo</accept><type>echo</type>"
            + "<accept-options><tcp.transport>tcp://127.0.0.1:0</tcp.transport></accept-options></service>");
        IPEndPoint endPoint = Assert.Single(gateway.Served[0].BoundTo);

        using RawClient client = await RawClient.ConnectAsync(endPoint);
        await client.SendAsync(RawClient.Handshake(endPoint.Port).Replace($"127.0.0.1:{endPoint.Port}", "inner.example", StringComparison.Ordinal));

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_connects_to_a_pipe_that_nobody_listens_at_is_refused()
    {
        await using GatewayServer gateway = await StartAsync(Proxy("ws://127.0.0.1:0/relay", "pipe://nobody"));
        IPEndPoint endPoint = EndPoint(gateway, "ws");
        using RawClient client = await RawClient.ConnectAsync(endPoint);
        await client.SendAsync(RawClient.Handshake(endPoint.Port, "/relay"));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);

        byte[] close = await client.ReadAsync(4);

        // 1014: the back-end can not be reached.
        Assert.Equal((0x88, 0x03, 0xF6), (close[0], close[2], close[3]));
    }

    [Fact]
    public async Task Sessions_over_pipes_end_when_the_gateway_stops()
    {
        await using GatewayServer gateway = await StartAsync(Echo + Proxy("tcp://127.0.0.1:0", "pipe://orders"));
        using RawClient client = await RawClient.ConnectAsync(EndPoint(gateway, "tcp"));
        await client.SendAsync("a");
        await client.ReadAsync(1);

        Task stopped = gateway.StopAsync(CancellationToken.None);
        Assert.Empty(await client.ReadToEndAsync());
        client.Dispose();

        await stopped.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Two_services_at_one_pipe_are_an_error_that_names_both_lines()
    {
        GatewayStartException error = await Assert.ThrowsAsync<GatewayStartException>(
            () => StartAsync(Echo + "\n<service><name>more</name><accept>tcp://h:1</accept><type>echo</type><accept-options><tcp.transport>pipe://orders</tcp.transport></accept-options></service>"));

        Assert.Matches(@"^test\.xml:3:\d+: service ""more"": pipe://orders is taken already by pipe://orders of service ""echo"" \(test\.xml:2:\d+\)\.", error.Message);
    }

    [Theory]
    [InlineData("pipe://a", "pipe://b", "pipe://b", "pipe://a", "\"first\" to \"second\" to \"first\"")]
    [InlineData("pipe://a", "pipe://a", "pipe://b", "pipe://a", "\"first\" to \"first\"")]
    public async Task Services_that_connect_to_themselves_through_pipes_are_an_error(string accept1, string connect1, string accept2, string connect2, string way)
    {
        GatewayStartException error = await Assert.ThrowsAsync<GatewayStartException>(() => StartAsync(
            Proxy(accept1, connect1).Replace("relay", "first", StringComparison.Ordinal) + Proxy(accept2, connect2).Replace("relay", "second", StringComparison.Ordinal)));

        Assert.Equal($"test.xml:3:1: service \"first\": It connects to itself through pipes ({way}). Let one of them connect elsewhere.", error.Message);
    }

    [Fact]
    public async Task A_way_through_too_many_services_is_an_error()
    {
        string chain = string.Concat(Enumerable.Range(0, 66).Select(i => Proxy($"pipe://p{i}", $"pipe://p{i + 1}").Replace("relay", $"s{i}", StringComparison.Ordinal)));

        GatewayStartException error = await Assert.ThrowsAsync<GatewayStartException>(() => StartAsync(chain));

        Assert.Contains("A client of service \"s0\" would have to go through more than 64 services.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_may_connect_to_another_at_its_own_pipe()
    {
        const string Over = "<http.transport>pipe://inner</http.transport>";
        await using GatewayServer gateway = await StartAsync(
            "<service><name>relay</name><accept>ws://inner.example/relay</accept><connect>ws://inner.example/echo</connect><type>proxy</type>"
            + $"<accept-options>{Over}</accept-options><connect-options>{Over}</connect-options></service>"
            + $"<service><name>echo</name><accept>ws://inner.example/echo</accept><type>echo</type><accept-options>{Over}</accept-options></service>");

        Assert.Equal(2, gateway.Served.Length);
    }

    [Fact]
    public void A_transport_that_is_not_served_is_noted_with_its_place()
    {
        UnservedPart part = Assert.Single(Read(
            "<service><name>echo</name><accept>ws://h/</accept><type>echo</type>\n<accept-options><http.transport>udp://h:1</http.transport></accept-options></service>").Unserved);

        Assert.Equal("Tidegate does not serve ws over udp://h:1 yet.", part.Finding.Problem);
        Assert.Equal(3, part.Finding.Position.Line);
    }

    [Fact]
    public async Task A_proxy_connects_from_the_address_of_its_tcp_bind()
    {
        using var backEnd = new BackEndServer();
        await using GatewayServer gateway = await StartAsync(Proxy(
            "tcp://127.0.0.1:0", $"tcp://127.0.0.1:{backEnd.Port}", "<connect-options><tcp.bind>127.0.0.9:0</tcp.bind></connect-options>"));
        using RawClient client = await RawClient.ConnectAsync(EndPoint(gateway, "tcp"));

        using Socket server = await backEnd.AcceptAsync();

        Assert.Equal(IPAddress.Parse("127.0.0.9"), ((IPEndPoint)server.RemoteEndPoint!).Address);
    }

    private static string Proxy(string accept, string connect, string rest = "") =>
        $"\n<service><name>relay</name><accept>{accept}</accept><connect>{connect}</connect><type>proxy</type>{rest}</service>";

    private static IPEndPoint EndPoint(GatewayServer gateway, string scheme) =>
        new(IPAddress.Loopback, gateway.Served.First(served => served.Uri.Scheme.Name == scheme && served.Pipe is null).Port);

    private static Task<GatewayServer> StartAsync(string services) => GatewayServer.StartAsync(
        Read(services), new GatewayServerOptions { WebDirectory = Path.GetTempPath(), Loops = 2 }, NullLoggerFactory.Instance, CancellationToken.None);
}
