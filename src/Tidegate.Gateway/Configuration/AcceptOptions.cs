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

    /// <summary><c>tcp.bind</c>: where sockets are bound instead of the accept's host and port, whatever its scheme.</summary>
    public BindAddress? TcpBind { get; init; }

    /// <summary><c>http.bind</c>: the same for accepts of scheme http only.</summary>
    public BindAddress? HttpBind { get; init; }

    /// <summary><c>ws.bind</c>: the same for accepts of scheme ws only.</summary>
    public BindAddress? WsBind { get; init; }

    /// <summary>Where an accept of this scheme is bound, or null for its own host and port.</summary>
    public BindAddress? BindFor(UriScheme scheme)
    {
        if (scheme == UriScheme.Ws)
        {
            return WsBind ?? TcpBind;
        }

        return scheme == UriScheme.Http ? HttpBind ?? TcpBind : TcpBind;
    }
}
