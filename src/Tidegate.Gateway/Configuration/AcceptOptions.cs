using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Configuration;

/// <summary>How a service accepts connections. A new instance holds the documented defaults.</summary>
public sealed record AcceptOptions
{
    /// <summary><c>ws.maximum.message.size</c>: the largest message a client may send, in bytes; 1 to 2147483647.</summary>
    public int MaximumMessageSize { get; init; } = 128 * 1024;

    /// <summary><c>ws.inactivity.timeout</c>: how long a WebSocket client may be silent, pings unanswered; zero for ever.</summary>
    public TimeSpan InactivityTimeout { get; init; }

    /// <summary><c>http.keepalive.timeout</c>: how long an HTTP connection may idle between requests.</summary>
    public TimeSpan KeepaliveTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary><c>ws.subprotocols</c>: what the service speaks, the one it likes best first; empty if it does not mind.</summary>
    public ImmutableArray<string> Subprotocols { get; init; } = [];

    /// <summary><c>ws.compression</c>: whether permessage-deflate (RFC 7692) is agreed to.</summary>
    public bool Compression { get; init; }

    /// <summary><c>http.http2</c>: whether HTTP/2 is spoken to clients that ask for it.</summary>
    public bool Http2 { get; init; } = true;

    /// <summary><c>ws.http2</c>: whether a WebSocket may be a stream of HTTP/2 (RFC 8441).</summary>
    public bool WebSocketsOverHttp2 { get; init; } = true;

    /// <summary><c>ws.transports</c>: in which ways clients may open a WebSocket.</summary>
    public WebSocketOffer Offer { get; init; }

    /// <summary><c>ws.close.timeout</c>: how long the answer to a close is waited for; more than zero.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>wse.*</c>: times and bounds of sessions without a connection of their own.</summary>
    public EmulationLimits Emulation { get; init; } = new();

    /// <summary><c>ssl.*</c> and <c>tls.*</c>: how TLS is spoken, where the accept's scheme has it.</summary>
    public TlsOptions Tls { get; init; } = new();

    /// <summary>
    /// <c>tcp.bind</c>, <c>http.bind</c> and so on: where sockets are bound instead of the accept's host and port. The key is what
    /// stands before <c>.bind</c> (<c>tls</c> is kept as <c>ssl</c>).
    /// </summary>
    public ImmutableDictionary<string, BindAddress> Binds { get; init; } = ImmutableDictionary<string, BindAddress>.Empty;

    /// <summary>
    /// <c>http.transport</c>, <c>tcp.transport</c> and so on: what carries a layer instead of the layer usually below it. The key is
    /// what stands before <c>.transport</c> (<c>tls</c> is kept as <c>ssl</c>).
    /// </summary>
    public ImmutableDictionary<string, GatewayUri> Transports { get; init; } = ImmutableDictionary<string, GatewayUri>.Empty;

    /// <summary><c>http.maximum.redirects</c>: how many redirects an HTTP transport below the accept follows; 0 to 100.</summary>
    public int MaximumRedirects { get; init; }

    /// <summary><c>http.server.header</c>: whether responses have a <c>Server</c> header.</summary>
    public bool ServerHeader { get; init; }

    /// <summary><c>http.realm</c>: realms that a client passes one after the other; empty for that of <c>realm-name</c> alone.</summary>
    public ImmutableArray<string> HttpRealms { get; init; } = [];

    /// <summary><c>tcp.realm</c>: the realm that TCP clients pass, the service's own; or null.</summary>
    public string? TcpRealm { get; init; }

    /// <summary><c>udp.interface</c>: the network interface for multicast, or null.</summary>
    public string? UdpInterface { get; init; }

    /// <summary><c>udp.padding.alignment</c>: datagrams are padded to a multiple of so many bytes, 0 to 65507; 0 for not at all.</summary>
    public int UdpPaddingAlignment { get; init; }

    /// <summary><c>socks.*</c>: read, and not served.</summary>
    public SocksOptions Socks { get; init; } = new();

    /// <summary><c>tcp.maximum.outbound.rate</c>: bytes a second to one client, 1 to 4294967295; null for no limit.</summary>
    public long? MaximumOutboundRate { get; init; }

    /// <summary><c>balance.weight</c>: how many clients balancers send here for each that they send to a service of weight 1, 1 to 256.</summary>
    public int BalanceWeight { get; init; } = 1;

    /// <summary>Where the sockets of an accept are bound, or which pipe it is at: its transport says so, or a bind option, or it itself.</summary>
    internal BindAddress PlaceOf(GatewayUri accept)
    {
        GatewayUri place = Carriage.Of(accept, Transports).Place;
        return place != accept ? new BindAddress(place.Host, place.Port)
            : BindFor(accept.Scheme) ?? new BindAddress(accept.Host, accept.Port);
    }

    /// <summary>What the bind options say of accepts of this scheme, or null.</summary>
    public BindAddress? BindFor(UriScheme scheme)
    {
        ArgumentNullException.ThrowIfNull(scheme);
        foreach (string layer in scheme.BindLayers)
        {
            if (Binds.TryGetValue(layer, out BindAddress? bind))
            {
                return bind;
            }
        }

        return null;
    }
}
