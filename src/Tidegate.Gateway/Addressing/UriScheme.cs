using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Tidegate.Gateway.Addressing;

/// <summary>A scheme that Tidegate serves, and what its URIs may hold.</summary>
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

    /// <summary>HTTP; port 80 if none is written.</summary>
    public static UriScheme Http { get; } = new("http", 80, takesPath: true, "tcp");

    /// <summary>WebSocket (RFC 6455); port 80 if none is written.</summary>
    public static UriScheme Ws { get; } = new("ws", 80, takesPath: true, "tcp");

    /// <summary>Every scheme that is served.</summary>
    public static ImmutableArray<UriScheme> Served { get; } = [Http, Tcp, Ws];

    /// <summary>Schemes that configuration files use and that this version does not serve.</summary>
    public static FrozenSet<string> NotServedYet { get; } = FrozenSet.Create(
        "https", "wss", "ssl", "tls", "udp", "mcp", "pipe", "sse", "sse+ssl",
        "wsn", "wsn+ssl", "wse", "wse+ssl", "wsx", "wsx+ssl", "ws-draft", "ws-draft+ssl", "wsx-draft", "wsx-draft+ssl",
        "ws-draft-75", "ws-draft-75+ssl", "httpx", "httpx+ssl", "httpxe", "httpxe+ssl", "socks", "socks+ssl");

    /// <summary>The name, in lower case.</summary>
    public string Name { get; }

    /// <summary>The port that a URI without one means; null where one must be written.</summary>
    public int? DefaultPort { get; }

    /// <summary>Whether URIs of this scheme have a path (and, on connects, a query).</summary>
    public bool TakesPath { get; }

    /// <summary>The layers whose bind option holds for accepts of this scheme, the first one found: <c>ws</c>, then <c>tcp</c>.</summary>
    public ImmutableArray<string> BindLayers { get; }

    /// <summary>The served scheme of this name, or null. Case does not matter.</summary>
    public static UriScheme? Find(string name)
    {
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
