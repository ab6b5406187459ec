using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Configuration;

/// <summary>How a service connects to what is behind it. A new instance holds the documented defaults.</summary>
public sealed record ConnectOptions
{
    /// <summary><c>ws.maximum.message.size</c>: the largest message a WebSocket back-end may send, in bytes; 1 to 2147483647.</summary>
    public int MaximumMessageSize { get; init; } = 128 * 1024;

    /// <summary><c>ws.inactivity.timeout</c>: how long a WebSocket back-end may be silent, pings unanswered; zero for ever.</summary>
    public TimeSpan InactivityTimeout { get; init; }

    /// <summary><c>ws.compression</c>: whether permessage-deflate (RFC 7692) is offered.</summary>
    public bool Compression { get; init; }

    /// <summary><c>tcp.connect.timeout</c>: how long a connection, with its WebSocket handshake if any, may take to open.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary><c>ssl.*</c> and <c>tls.*</c>: how TLS is spoken, where the connect's scheme has it.</summary>
    public TlsOptions Tls { get; init; } = new();

    /// <summary><c>tcp.bind</c>: the local address that connections come from, or null.</summary>
    public BindAddress? TcpBind { get; init; }

    /// <summary><c>http.transport</c> and so on, as in <see cref="AcceptOptions.Transports"/>.</summary>
    public ImmutableDictionary<string, GatewayUri> Transports { get; init; } = ImmutableDictionary<string, GatewayUri>.Empty;

    /// <summary><c>http.keepalive</c>: whether HTTP connections to back-ends are used again.</summary>
    public bool Keepalive { get; init; } = true;

    /// <summary><c>http.keepalive.timeout</c>: how long an HTTP connection to a back-end may idle.</summary>
    public TimeSpan KeepaliveTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary><c>http.keepalive.connections</c>: how many idle HTTP connections each event loop keeps; 1 to 10000.</summary>
    public int KeepaliveConnections { get; init; } = 2;

    /// <summary><c>http.maximum.redirects</c>: how many redirects are followed, 0 to 100.</summary>
    public int MaximumRedirects { get; init; }

    /// <summary><c>http.max.authentication.attempts</c>: how often a back-end's challenge is answered, 0 to 100.</summary>
    public int MaximumAuthenticationAttempts { get; init; }

    /// <summary><c>ws.version</c>: how WebSocket back-ends are spoken to.</summary>
    public WebSocketVersion WebSocketVersion { get; init; }

    /// <summary><c>udp.interface</c>: the network interface for multicast, or null.</summary>
    public string? UdpInterface { get; init; }

    /// <summary><c>udp.padding.alignment</c>: datagrams are padded to a multiple of so many bytes, 0 to 65507; 0 for not at all.</summary>
    public int UdpPaddingAlignment { get; init; }

    /// <summary><c>socks.*</c>: read, and not served.</summary>
    public SocksOptions Socks { get; init; } = new();
}

/// <summary>A version of the WebSocket protocol: <c>ws.version</c>.</summary>
public enum WebSocketVersion
{
    /// <summary>RFC 6455.</summary>
    Rfc6455,

    /// <summary>The draft of 2009 that Hixie numbered 75.</summary>
    Draft75,
}
