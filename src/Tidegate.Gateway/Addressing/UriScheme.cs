using System.Collections.Immutable;

namespace Tidegate.Gateway.Addressing;

/// <summary>A scheme whose URIs Tidegate reads, and what they may hold. Whether a service accepts it or connects to it is up to its type.</summary>
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

    /// <summary>Events for clients that only receive, as an HTTP response that goes on (HTML standard, section 9.2); port 80 if none is written.</summary>
    public static UriScheme Sse { get; } = new("sse", 80, takesPath: true, "http", "tcp") { IsEventStream = true };

    /// <summary>The same over TLS; port 443 if none is written.</summary>
    public static UriScheme SecureSse { get; } = new("sse+ssl", 443, takesPath: true, "https", "ssl", "tcp") { IsEventStream = true, UsesTls = true };

    /// <summary>A pipe between two services of one gateway: a name, and neither port nor path.</summary>
    public static UriScheme Pipe { get; } = new("pipe", null, takesPath: false) { TakesPort = false };

    /// <summary>The schemes that a service may have.</summary>
    public static ImmutableArray<UriScheme> Served { get; } = [Http, Https, Pipe, Sse, SecureSse, Ssl, Tcp, Ws, Wss];

    /// <summary>Every scheme that configuration files have been documented to hold; what is not among <see cref="Served"/> is only read.</summary>
    public static ImmutableArray<UriScheme> Known { get; } =
    [
        .. Served,
        .. from name in (string[])["udp", "mcp", "socks", "socks+ssl"] select new UriScheme(name, null, takesPath: false),
        .. from name in (string[])["httpx", "httpxe", "wsn", "wse", "wsx", "ws-draft", "wsx-draft", "ws-draft-75"]
           from suffix in (string[])["", "+ssl"]
           select new UriScheme(name + suffix, suffix.Length == 0 ? 80 : 443, takesPath: true),
    ];

    /// <summary>The name, in lower case.</summary>
    public string Name { get; }

    /// <summary>The port that a URI without one means; null where one must be written.</summary>
    public int? DefaultPort { get; }

    /// <summary>Whether URIs of this scheme have a path (and, on connects, a query).</summary>
    public bool TakesPath { get; }

    /// <summary>Whether URIs of this scheme have a port.</summary>
    public bool TakesPort { get; private init; } = true;

    /// <summary>Whether it is WebSocket: an accept takes exactly its path, where one of HTTP takes all below it, too.</summary>
    public bool IsWebSocket { get; private init; }

    /// <summary>Whether it is a stream of events: an accept takes exactly its path, too.</summary>
    public bool IsEventStream { get; private init; }

    /// <summary>Whether it is spoken over TLS.</summary>
    public bool UsesTls { get; private init; }

    /// <summary>The layers whose bind option holds for accepts of this scheme, the first one found: <c>ws</c>, then <c>tcp</c>.</summary>
    public ImmutableArray<string> BindLayers { get; }

    /// <summary>Whether clients of the one scheme can be served by services that accept the other: both are spoken alike, TLS included.</summary>
    internal bool IsSpokenLike(UriScheme other) =>
        IsWebSocket == other.IsWebSocket && IsEventStream == other.IsEventStream && TakesPath == other.TakesPath && UsesTls == other.UsesTls;

    /// <summary>The known scheme of this name, or null. Case does not matter.</summary>
    public static UriScheme? Find(string name)
    {
        // Two words for one thing, as in the options tls.* and ssl.*.
        if (string.Equals(name, "tls", StringComparison.OrdinalIgnoreCase))
        {
            return Ssl;
        }

        foreach (UriScheme scheme in Known)
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
