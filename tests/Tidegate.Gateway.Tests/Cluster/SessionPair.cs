using System.Net;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>Two gateways of a cluster that have one address in public.</summary>
internal sealed class SessionPair(ClusteredGateway first, ClusteredGateway second, string scheme) : IAsyncDisposable
{
    /// <summary>Where a session is opened, without the letters that say how it is written.</summary>
    internal const string Place = "http://public.example/echo/;e/";

    private int _turn;

    internal ClusteredGateway First => first;

    internal ClusteredGateway Second => second;

    internal IPEndPoint One => first.At(scheme, "/echo");

    internal IPEndPoint Two => second.At(scheme, "/echo");

    internal int Sessions => first.Server.BalancedSessions + second.Server.BalancedSessions;

    /// <summary>The service of both.</summary>
    internal static string Service(string more = "", string balance = "", string scheme = "ws") =>
        $"<service><name>echo</name><accept>{scheme}://public.example/echo</accept><accept>{scheme}://public.example/other</accept>{balance}<type>echo</type>"
        + $"<accept-options><tcp.bind>127.0.0.1:0</tcp.bind></accept-options>{more}</service>";

    internal static async Task<SessionPair> StartAsync(string more = "", string balance = "", string? key = null, TimeSpan? grace = null, string scheme = "ws", string before = "")
    {
        string services = before + Service(more, balance, scheme);
        Func<GatewayServerOptions, GatewayServerOptions> change = options => options with { Grace = grace ?? TimeSpan.Zero, WithdrawalTimeout = TimeSpan.FromSeconds(60) };
        ClusteredGateway first = await ClusteredGateway.StartAsync(services, key: key, change: change);
        var pair = new SessionPair(first, await ClusteredGateway.StartAsync(services, first, key: key, change: change), scheme);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (first.Server.KnownEntrances != 1 || pair.Second.Server.KnownEntrances != 1)
        {
            await Task.Delay(20, patience.Token);
        }

        return pair;
    }

    /// <summary>Where the next connection goes: to each of the two in turn.</summary>
    internal IPEndPoint Next() => Interlocked.Increment(ref _turn) % 2 == 1 ? One : Two;

    internal void Skip() => Interlocked.Increment(ref _turn);

    internal async Task CountsAsync(int sessions)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (Sessions != sessions)
        {
            await Task.Delay(20, patience.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await second.DisposeAsync();
        await first.DisposeAsync();
    }
}
