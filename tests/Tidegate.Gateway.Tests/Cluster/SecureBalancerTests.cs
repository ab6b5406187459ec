using System.Net.Security;
using System.Net.WebSockets;
using System.Text;
using Tidegate.Gateway.Tests.Tls;
using static Tidegate.Gateway.Tests.Cluster.ClusteredGateway;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>A balancer, or a member that drains, that speaks TLS with clients and with other members.</summary>
public sealed class SecureBalancerTests
{
    [Theory]
    [InlineData("127.0.0.1", "HTTP/1.1 101 Switching Protocols")]
    [InlineData("other.example", "HTTP/1.1 503 Service Unavailable")]
    public async Task A_client_is_relayed_to_a_member_whose_certificate_is_for_its_accept_and_to_no_other(string host, string status)
    {
        await using SecureGateway gateway = await SecureGateway.StartAsync(
            Balancer(accept: "wss://balancer.example/echo")
            + $"<service><name>echo</name><accept>wss://{host}/other</accept><balance>wss://balancer.example/echo</balance><type>echo</type>"
            + "<accept-options><tcp.bind>127.0.0.1:0</tcp.bind></accept-options></service>",
            authority => authority.Keystore("localhost", "127.0.0.1", "balancer.example"));
        int port = gateway.Server.Served.First(served => served.Uri.Path == "/echo").BoundTo[0].Port;
        await using SslStream client = await gateway.ConnectAsync(port, "balancer.example");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));

        string handshake = RawClient.Handshake(443).Replace("127.0.0.1:443", "balancer.example", StringComparison.Ordinal);
        await client.WriteAsync(Encoding.ASCII.GetBytes(handshake), patience.Token);
        using var reader = new StreamReader(client);

        Assert.Equal(status, await reader.ReadLineAsync(patience.Token));
        Assert.Equal(
            host == "other.example",
            gateway.Log.Warnings.Any(line => line.StartsWith($"Warning Connection to wss://{host}/other of cluster member standalone failed: ", StringComparison.Ordinal)
                && line.Contains("ostname mismatch", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_newcomer_to_a_member_that_drains_is_relayed_to_another_one_by_tls()
    {
        using var authority = new TestAuthority();
        using var directory = new ScratchDirectory();
        File.WriteAllText(Path.Combine(directory.Path, "keystore.pem"), authority.Keystore("127.0.0.1"));
        File.WriteAllText(Path.Combine(directory.Path, "truststore.pem"), authority.Pem);
        string services =
            $"<security><keystore><file>{directory.Path}/keystore.pem</file></keystore><truststore><file>{directory.Path}/truststore.pem</file></truststore></security>"
            + Echo("<balance>wss://balancer.example/echo</balance>", "wss://127.0.0.1:0/echo");
        await using ClusteredGateway one = await StartAsync(services);
        await using ClusteredGateway two = await StartAsync(
            services, one, change: options => options with { Grace = TimeSpan.FromHours(1), WithdrawalTimeout = TimeSpan.FromSeconds(60) });
        string[] both = [.. new[] { one, two }.Select(Target).Order(StringComparer.Ordinal)];
        await two.SaysAsync($"Information      balance URI: wss://balancer.example:443/echo    target list: [{string.Join(", ", both)}]");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using ClientWebSocket old = await OpenAsync(two, authority, patience.Token);
        Task draining = two.Server.DrainAsync(CancellationToken.None);
        await one.SaysAsync($"Information      balance URI: wss://balancer.example:443/echo    target list: [{Target(one)}]");
        while (two.Server.BalancedSessions != 1)
        {
            await Task.Delay(20, patience.Token);
        }

        using ClientWebSocket newcomer = await OpenAsync(two, authority, patience.Token);
        await newcomer.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, patience.Token);
        byte[] buffer = new byte[64];
        Assert.Equal(5, (await newcomer.ReceiveAsync(buffer, patience.Token)).Count);
        Assert.Equal((1, 1), (one.Server.BalancedSessions, two.Server.BalancedSessions));

        Task stopping = two.Server.StopAsync(CancellationToken.None);
        foreach (ClientWebSocket client in new[] { old, newcomer })
        {
            Assert.Equal(WebSocketMessageType.Close, (await client.ReceiveAsync(buffer, patience.Token)).MessageType);
            Assert.Equal(1012, (int)client.CloseStatus!);
            await client.CloseOutputAsync((WebSocketCloseStatus)1012, null, patience.Token);
        }

        await Task.WhenAll(draining, stopping);
    }

    private static string Target(ClusteredGateway gateway) => $"wss://127.0.0.1:{gateway.At("wss", "/echo").Port}/echo";

    private static async Task<ClientWebSocket> OpenAsync(ClusteredGateway gateway, TestAuthority authority, CancellationToken cancellation)
    {
        var client = new ClientWebSocket();
        client.Options.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Issuer == authority.Certificate.Subject;
        await client.ConnectAsync(new Uri(Target(gateway)), cancellation);
        return client;
    }
}
