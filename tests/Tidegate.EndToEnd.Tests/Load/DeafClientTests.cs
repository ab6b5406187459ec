using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Load;

/// <summary>Clients that never read.</summary>
public sealed class DeafClientTests
{
    private const int Clients = 20;

    // What the kernel may take for one connection's way from the back-end to the client: four buffers of some megabytes.
    private const long InTheKernel = 64L * 1024 * 1024;

    // What the gateway may take for all of them: far more than it needs, far less than what flows in the time.
    private const long InTheGateway = 100L * 1024 * 1024;

    [Theory]
    [InlineData("ws://127.0.0.1:0/", false)]
    [InlineData("ws://127.0.0.1:0/", true)]
    [InlineData("tcp://127.0.0.1:0", false)]
    public async Task While_the_back_end_sends_for_ever_the_gateways_memory_stays_bounded(string accept, bool compressed)
    {
        using var backEnd = new TcpListener(IPAddress.Loopback, 0);
        backEnd.Start();
        string options = compressed ? "<accept-options><ws.compression>enabled</ws.compression></accept-options>" : "";
        await using GatewayProcess gateway = await StartAsync(Service("proxy", accept, $"<connect>tcp://{backEnd.LocalEndpoint}</connect>{options}"));
        long before = gateway.ResidentBytes;
        var clients = new List<IDisposable>();
        var behind = new List<Socket>();
        for (int i = 0; i < Clients; i++)
        {
            clients.Add(await ConnectAsync(gateway.Served(accept), compressed));
            Socket socket = await backEnd.AcceptSocketAsync(Patience.Token);
            socket.Blocking = false;
            behind.Add(socket);
        }

        long most = Flood(behind, gateway, before);

        behind.ForEach(socket => socket.Dispose());
        clients.ForEach(client => client.Dispose());
        Assert.True(most < InTheGateway, $"The gateway has grown by {most >> 20} MB.");
    }

    /// <summary>Sends whatever the sockets take until they take no more, and returns how much the gateway has grown at most, in bytes.</summary>
    private static long Flood(List<Socket> sockets, GatewayProcess gateway, long before)
    {
        // Random, so that compressing it gains nothing.
        var block = new byte[64 * 1024];
        new Random(1).NextBytes(block);
        var sent = new long[sockets.Count];
        long began = Stopwatch.GetTimestamp();
        long lastProgress = began;
        long most = 0;
        // Stopped for so long, it is taken to be stopped for good: the gateway reads no more.
        while (Stopwatch.GetElapsedTime(lastProgress) < TimeSpan.FromSeconds(2))
        {
            for (int i = 0; i < sockets.Count; i++)
            {
                int count = sockets[i].Send(block, SocketFlags.None, out SocketError error);
                if (error == SocketError.Success && count > 0)
                {
                    sent[i] += count;
                    lastProgress = Stopwatch.GetTimestamp();
                    Assert.True(sent[i] < InTheKernel, $"The gateway has taken {sent[i] >> 20} MB for a client that does not read.");
                }
                else
                {
                    Assert.Equal(SocketError.WouldBlock, error);
                }
            }

            most = Math.Max(most, gateway.ResidentBytes - before);
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience.Normal, "The gateway goes on taking bytes for clients that do not read.");
            Thread.Sleep(1);
        }

        Assert.All(sent, count => Assert.InRange(count, 1, InTheKernel));
        return most;
    }

    private static async Task<IDisposable> ConnectAsync(Uri address, bool compressed)
    {
        if (address.Scheme == "tcp")
        {
            var tcp = new TcpClient();
            await tcp.ConnectAsync(IPAddress.Parse(address.Host), address.Port, Patience.Token);
            return tcp;
        }

        // Nothing reads from it as long as nobody receives.
        var client = new ClientWebSocket();
        client.Options.DangerousDeflateOptions = compressed ? new WebSocketDeflateOptions() : null;
        client.Options.KeepAliveInterval = TimeSpan.Zero;
        await client.ConnectAsync(address, Patience.Token);
        return client;
    }
}
