using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;
using Tidegate.Membership;
using static Tidegate.Gateway.Tests.Cluster.ClusteredGateway;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>What becomes of clients that a balancer relays, or is about to relay, to a member that is gone without a word.</summary>
public sealed class DepartureTests
{
    [Fact]
    public void Who_follows_a_member_is_told_of_each_of_its_departures_until_it_has_done_with_it()
    {
        var departures = new MemberDepartures();
        int one = 0;
        int two = 0;
        IDisposable first = departures.Follow("a", () => one++);
        departures.Follow("b", () => two++);

        departures.Tell("a");
        departures.Tell("a");
        first.Dispose();
        departures.Tell("a");
        departures.Tell("c");

        Assert.Equal((2, 0), (one, two));
        Assert.Equal(1, departures.Count);
    }

    [Fact]
    public async Task A_client_that_is_relayed_to_a_member_which_falls_silent_is_told_long_before_the_silence_is_over()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Balancer());
        using var silent = new BackEndServer();
        await using Member member = await JoinAsync(one, silent);
        Task<Socket> accepted = silent.AcceptAsync();
        Task<(string Head, RawClient Client)> asked = one.HandshakeAsync();
        await GrantAsync(await accepted);
        (string head, RawClient client) = await asked;
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);

        // The cluster loses it, while its socket is still there: as behind a cut cable.
        await member.DisposeAsync();
        await one.SaysAsync($"Information Cluster member /{member.EndPoint} is down");

        // 1014, and not after the half minute that a silent member has otherwise: reading is given up before.
        Assert.Equal([0x88, 0x03, 0xf6], (await client.ReadAsync(4)).Where((_, place) => place != 1));
        client.Dispose();
    }

    [Fact]
    public async Task A_client_does_not_wait_for_a_member_that_goes_while_it_is_being_connected()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Balancer());
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!one.Log.All.Any(line => line.EndsWith(" failed: the member has gone meanwhile (service balancer)", StringComparison.Ordinal)))
        {
            // Where leaving takes longer than connecting may, there is another time.
            Assert.False(patience.IsCancellationRequested, string.Join('\n', one.Log.All));
            using var silent = new BackEndServer();
            await using Member member = await JoinAsync(one, silent);
            Task<Socket> accepted = silent.AcceptAsync();
            Task<(string Head, RawClient Client)> asked = one.HandshakeAsync();
            await accepted;
            await member.LeaveAsync(CancellationToken.None);

            (string head, RawClient client) = await asked;
            client.Dispose();
            Assert.StartsWith("HTTP/1.1 503 ", head, StringComparison.Ordinal);
        }
    }

    /// <summary>A member that offers a service which a test plays by hand; returns when the gateway knows it.</summary>
    private static async Task<Member> JoinAsync(ClusteredGateway gateway, BackEndServer server)
    {
        Member member = await Member.StartAsync(new MemberOptions
        {
            ClusterName = "c",
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Discovery = [$"tcp://{gateway.Server.ClusterEndPoint}"],
        });
        string uri = $"ws://127.0.0.1:{server.Port}/echo";
        member.Publish(BalanceRecord.Write(
        [
            new BalanceTarget
            {
                Uri = GatewayUri.Parse(uri, UriUse.Connect),
                Balances = ["ws://balancer.example:80/echo"],
                At = [new IPEndPoint(IPAddress.Loopback, server.Port)],
            },
        ]));
        await gateway.LeadsToAsync(uri);
        return member;
    }

    /// <summary>Grants a handshake that comes whole, and says nothing any more.</summary>
    private static async Task GrantAsync(Socket socket)
    {
        string head = "";
        while (!head.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head += Encoding.ASCII.GetString(await BackEndServer.ReadAsync(socket, 1));
        }

        string key = head.Split("\r\n").Single(line => line.StartsWith("Sec-WebSocket-Key: ", StringComparison.Ordinal))["Sec-WebSocket-Key: ".Length..];
#pragma warning disable CA5350 // RFC 6455, section 4.2.2, asks for SHA-1.
        string accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"));
    }
}
