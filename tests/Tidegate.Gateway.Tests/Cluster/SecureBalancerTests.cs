using System.Net.Security;
using System.Text;
using Tidegate.Gateway.Tests.Tls;
using static Tidegate.Gateway.Tests.Cluster.ClusteredGateway;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>A balancer that speaks TLS with clients and with members.</summary>
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
}
