using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Tidegate.Gateway.Addressing;

/// <summary>A scheme whose URIs Tidegate reads, and what they may hold. What a service accepts or connects to is up to its type.</summary>
public sealed record UriScheme
{
    private UriScheme(string name, int? defaultPort, bool takesPath, params ReadOnlySpan<string> carriers)
    {
        Name = name;
        BindLayers = [name, .. carriers];
        DefaultPort = defaultPort;
        TakesPath = takesPath;
    }

    /// <summary>Plain TCP. The port must be written; there is no path.</summary>
    public static UriScheme Tcp { get; } = new("tcp", null, takesPath: false);

    /// <summary>TLS over TCP, also written <c>tls</c>. The port must be written; there is no path.</summary>
    public static UriScheme Ssl { get; } = new("ssl", null, takesPath: false, "tcp") { UsesTls = true };

    /// <summary>HTTP; port 80 if none is written.</summary>
    public static UriScheme Http { get; } = new("http", 80, takesPath: true, "tcp");

    /// <summary>HTTP over TLS; port 443 if none is written.</summary>
    public static UriScheme Https { get; } = new("https", 443, takesPath: true, "ssl", "tcp") { UsesTls = true };

    /// <summary>WebSocket (RFC 6455); port 80 if none is written.</summary>
    public static UriScheme Ws { get; } = new("ws", 80, takesPath: true, "tcp") { IsWebSocket = true };

    /// <summary>WebSocket over TLS; port 443 if none is written.</summary>
    public static UriScheme Wss { get; } = new("wss", 443, takesPath: true, "ssl", "tcp") { IsWebSocket = true, UsesTls = true };

    /// <summary>Every scheme that is read.</summary>
    public static ImmutableArray<UriScheme> Served { get; } = [Http, Https, Ssl, Tcp, Ws, Wss];

    /// <summary>Schemes that configuration files use and that this version does not serve.</summary>
    public static FrozenSet<string> NotServedYet { get; } = FrozenSet.Create(
        "udp", "mcp", "pipe", "sse", "sse+ssl",
        "wsn", "wsn+ssl", "wse", "wse+ssl", "wsx", "wsx+ssl", "ws-draft", "ws-draft+ssl", "wsx-draft", "wsx-draft+ssl",
        "ws-draft-75", "ws-draft-75+ssl", "httpx", "httpx+ssl", "httpxe", "httpxe+ssl", "socks", "socks+ssl");

    /// <summary>The name, in lower case.</summary>
    public string Name { get; }

    /// <summary>The port that a URI without one means; null where one must be written.</summary>
    public int? DefaultPort { get; }

    /// <summary>Whether URIs of this scheme have a path (and, on connects, a query).</summary>
    public bool TakesPath { get; }

    /// <summary>Whether it is WebSocket: an accept takes exactly its path, where one of HTTP takes all below it, too.</summary>
    public bool IsWebSocket { get; private init; }

    /// <summary>Whether it is spoken over TLS.</summary>
    public bool UsesTls { get; private init; }

    /// <summary>The layers whose bind option holds for accepts of this scheme, the first one found: <c>ws</c>, then <c>tcp</c>.</summary>
    public ImmutableArray<string> BindLayers { get; }

    /// <summary>The served scheme of this name, or null. Case does not matter.</summary>
    public static UriScheme? Find(string name)
    {
        // Two words for one thing, as in the options tls.* and ssl.*.
        if (string.Equals(name, "tls", StringComparison.OrdinalIgnoreCase))
        {
            return Ssl;
        }

        foreach (UriScheme scheme in Served)
        {
            if (string.Equals(scheme.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                return scheme;
            }
        }

        return null;
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
