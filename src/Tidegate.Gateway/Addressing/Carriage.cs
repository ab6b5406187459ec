using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Addressing;

/// <summary>
/// What carries an accept or a connect once its <c>*.transport</c> options are heeded. From the top: what its scheme speaks, then TLS
/// or not, then a WebSocket or not whose messages are the bytes (which may have TLS of its own), then TCP at a place or a pipe.
/// </summary>
internal sealed record Carriage
{
    private const string WhatIs = "Write a transport of scheme tcp, ssl, pipe, ws or wss.";

    private Carriage(GatewayUri place) => Place = place;

    /// <summary>The URI that says where it really is: host and port, or a pipe.</summary>
    internal GatewayUri Place { get; private init; }

    /// <summary>The URI of the layer that brings TLS, whose host the certificate is for; null without.</summary>
    internal GatewayUri? Tls { get; private init; }

    /// <summary>The ws or wss URI of the WebSocket that the bytes go through; null without.</summary>
    internal GatewayUri? Tunnel { get; private init; }

    /// <summary>As <see cref="Tls"/>, for the TLS that the tunnel itself is in.</summary>
    internal GatewayUri? TunnelTls { get; private init; }

    /// <summary>The layers whose transport option was heeded, <c>http</c> before <c>tcp</c>.</summary>
    internal ImmutableArray<string> Replaced { get; private init; } = [];

    /// <summary>What can not be served, and what would be right; null if nothing. The option at fault is that of the last layer of <see cref="Replaced"/>.</summary>
    internal TextFault? Fault { get; private init; }

    /// <summary>Whether there is no transport option to heed.</summary>
    internal bool IsDirect => Replaced.IsEmpty;

    /// <summary>Follows the transport options down from a URI. Each is heeded once at most, in the highest layer that it is for.</summary>
    internal static Carriage Of(GatewayUri uri, ImmutableDictionary<string, GatewayUri> transports)
    {
        var carriage = new Carriage(uri);
        bool found = true;
        while (found)
        {
            found = false;
            GatewayUri current = carriage.Place;
            foreach (string layer in LayersOf(current.Scheme))
            {
                if (layer == "ssl")
                {
                    // Only those layers are there that nothing above them was put in the place of.
                    carriage = carriage.Tunnel is null ? carriage with { Tls = current } : carriage with { TunnelTls = current };
                }

                if (transports.TryGetValue(layer, out GatewayUri? carrier) && !carriage.Replaced.Contains(layer))
                {
                    carriage = carriage.On(layer, Native(carrier), uri);
                    found = carriage.Fault is null;
                    break;
                }
            }
        }

        return carriage;
    }

    /// <summary>The URIs that bring TLS to an address, each at its place in the file.</summary>
    internal IEnumerable<ServiceAddress> TlsLayersOf(ServiceAddress address) =>
        from layer in (GatewayUri?[])[Tls, TunnelTls]
        where layer is not null
        select address with { Uri = layer };

    /// <summary>What carries an address of a service.</summary>
    /// <exception cref="GatewayStartException">It is not served.</exception>
    internal static Carriage Check(ServiceAddress address, ImmutableDictionary<string, GatewayUri> transports, ServiceConfiguration service)
    {
        Carriage carriage = Of(address.Uri, transports);
        return carriage.Fault is not { } fault
            ? carriage
            : throw new GatewayStartException($"{address.Position}: service \"{service.Name}\": Tidegate does not serve {fault.Problem} yet. {fault.Cure}");
    }

    private Carriage On(string layer, GatewayUri carrier, GatewayUri uri)
    {
        Carriage next = this with { Replaced = Replaced.Add(layer), Place = carrier };
        GatewayUri? above = Tunnel is null ? Tls : TunnelTls;
        string? cure = carrier.Scheme switch
        {
            { IsWebSocket: true } when Tunnel is not null => "A WebSocket in a WebSocket is one too many: write a transport of scheme tcp, ssl or pipe for the inner one.",
            { IsWebSocket: true } => null,
            var scheme when scheme == UriScheme.Ssl && above is not null => "TLS in TLS is one too many: write tcp instead of ssl.",
            var scheme when scheme == UriScheme.Tcp || scheme == UriScheme.Ssl || scheme == UriScheme.Pipe => null,
            var scheme when scheme == UriScheme.Http || scheme == UriScheme.Https => $"HTTP carries requests, not a stream of bytes. {WhatIs}",
            { Name: "socks" or "socks+ssl" } =>
                "SOCKS, and with it a gateway that connects to the one in front of it, is not spoken. Let the gateway in front connect to an accept of this one, " +
                "with TLS and ssl.verify-client required if nobody else may.",
            _ => WhatIs,
        };
        return cure is not null ? next with { Fault = new TextFault($"{uri.Scheme} over {carrier}", cure) }
            : carrier.Scheme.IsWebSocket ? next with { Tunnel = carrier }
            : next;
    }

    // "Native" is what the old gateway called RFC 6455 among its ways to carry a WebSocket.
    private static GatewayUri Native(GatewayUri carrier) => carrier.Scheme.Name switch
    {
        "wsn" => carrier.WithScheme(UriScheme.Ws),
        "wsn+ssl" => carrier.WithScheme(UriScheme.Wss),
        _ => carrier,
    };

    private static ImmutableArray<string> LayersOf(UriScheme scheme)
    {
        if (!UriScheme.Served.Contains(scheme))
        {
            return [];
        }

        if (scheme == UriScheme.Pipe)
        {
            return ["pipe"];
        }

        ImmutableArray<string> lower = scheme.UsesTls ? ["ssl", "tcp"] : ["tcp"];
        return scheme.TakesPath ? ["http", .. lower] : lower;
    }
}
