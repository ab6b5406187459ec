using System.Net;
using System.Net.Sockets;
using System.Text;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;
using Tidegate.Membership;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>A member of a cluster that offers an echo service and answers handshakes as a test says.</summary>
internal sealed class FakeMember : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<string, string> _answer;
    private readonly Task _serving;
    private readonly List<TcpClient> _clients = [];
    private Member? _member;

    private FakeMember(Func<string, string> answer)
    {
        _answer = answer;
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>The heads of the handshakes that came.</summary>
    internal System.Collections.Concurrent.ConcurrentQueue<string> Heads { get; } = new();

    internal string Target => $"ws://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/other";

    /// <summary>Joins.</summary>
    /// <param name="seed">A member to join.</param>
    /// <param name="answer">Makes the answer to a handshake from its head.</param>
    /// <param name="key">The cluster's key, or null.</param>
    internal static async Task<FakeMember> StartAsync(ClusteredGateway seed, Func<string, string> answer, string? key = null)
    {
        var fake = new FakeMember(answer);
        fake._member = await Member.StartAsync(new MemberOptions
        {
            ClusterName = "c",
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Discovery = [$"tcp://{seed.Server.ClusterEndPoint}"],
            Keys = key is null ? [] : [key],
        });
        fake._member.Publish(BalanceRecord.Write(
        [
            new BalanceTarget
            {
                Uri = GatewayUri.Parse(fake.Target, UriUse.Connect),
                Balances = ["ws://balancer.example:80/echo"],
                At = [(IPEndPoint)fake._listener.LocalEndpoint],
            },
        ]));
        return fake;
    }

    /// <summary>The answer that grants a handshake.</summary>
    internal static string Granted(string head)
    {
        string key = head.Split("\r\n").First(line => line.StartsWith("Sec-WebSocket-Key: ", StringComparison.Ordinal))["Sec-WebSocket-Key: ".Length..];
        return $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {WebSocketHandshake.AcceptFor(key)}\r\n\r\n";
    }

    public async ValueTask DisposeAsync()
    {
        if (_member is not null)
        {
            await _member.DisposeAsync();
        }

        _listener.Stop();
        await _serving;
        _clients.ForEach(client => client.Dispose());
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync();
                _clients.Add(client);
                NetworkStream stream = client.GetStream();
                var head = new StringBuilder();
                byte[] buffer = new byte[4096];
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
                {
                    int read = await stream.ReadAsync(buffer);
                    if (read == 0)
                    {
                        break;
                    }

                    head.Append(Encoding.Latin1.GetString(buffer, 0, read));
                }

                if (head.Length > 0)
                {
                    Heads.Enqueue(head.ToString());
                    await stream.WriteAsync(Encoding.Latin1.GetBytes(_answer(head.ToString())));
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or InvalidOperationException or IOException)
        {
            // The test is over, or the balancer has gone.
        }
    }
}
