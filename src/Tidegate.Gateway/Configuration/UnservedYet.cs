using System.Collections.Frozen;

namespace Tidegate.Gateway.Configuration;

/// <summary>
/// The one list of what configuration files may hold, <c>validate</c> accepts, and <c>start</c> refuses because this version cannot
/// do it: nothing is silently ignored, and what asks for protection is never started open. Whoever teaches Tidegate one of these
/// things removes its line here.
/// </summary>
internal static class UnservedYet
{
    private const string Remove = "Remove it if the service may run without it.";

    private const string NoSocks = "Remove it together with the transport of scheme socks: SOCKS is not spoken.";

    private const string BindAll = "Write ws.bind or tcp.bind: every way to the WebSocket is bound at one place.";

    // What the old gateway said whenever its schema met one of the two elements.
    private const string NoPush =
        "Could not start because of references to APNs in the configuration. APNs is not supported in this version of the gateway, but will be "
        + "added in a future release. Remove it if the service may run without it.";

    private const string WouldBeOpen =
        "Tidegate never starts a service without the protection that its file asks for; remove this only if everyone may use the service.";

    // By place, as the descriptions call it, and name. A value that is the default anyway is no reason to refuse.
    private static readonly FrozenDictionary<(string Place, string Name), string> s_elements = new Dictionary<(string, string), string>
    {
        // addresses
        [("<accept-options>", "udp.bind")] = Remove,
        [("<accept-options>", "udp.interface")] = Remove,
        [("<accept-options>", "udp.transport")] = Remove,
        [("<accept-options>", "udp.padding.alignment")] = Remove,
        [("<accept-options>", "wsn.bind")] = BindAll,
        [("<accept-options>", "wsx.bind")] = BindAll,
        [("<accept-options>", "httpxe.bind")] = BindAll,
        [("<connect-options>", "udp.interface")] = Remove,
        [("<connect-options>", "udp.transport")] = Remove,
        [("<connect-options>", "udp.padding.alignment")] = Remove,

        // Enterprise Shield
        [("<accept-options>", "socks.bind")] = NoSocks,
        [("<accept-options>", "socks.transport")] = NoSocks,
        [("<accept-options>", "socks.mode")] = NoSocks,
        [("<accept-options>", "socks.retry.maximum.interval")] = NoSocks,
        [("<accept-options>", "socks.ssl.ciphers")] = NoSocks,
        [("<accept-options>", "socks.ssl.protocols")] = NoSocks,
        [("<accept-options>", "socks.ssl.verify-client")] = NoSocks,
        [("<connect-options>", "socks.transport")] = NoSocks,
        [("<connect-options>", "socks.mode")] = NoSocks,
        [("<connect-options>", "socks.timeout")] = NoSocks,
        [("<connect-options>", "socks.ssl.ciphers")] = NoSocks,
        [("<connect-options>", "socks.ssl.protocols")] = NoSocks,
        [("<connect-options>", "socks.ssl.verify-client")] = NoSocks,
        [("<connect-options>", "ssl.verify-client")] = "Remove it: a back-end is asked for its certificate whenever TLS is spoken. To ask clients, write it in accept-options.",

        // HTTP
        [("<accept-options>", "http.maximum.redirects")] = Remove,
        [("<accept-options>", "http.server.header")] = "Remove it: responses have no Server header.",
        [("<connect-options>", "http.max.authentication.attempts")] = "Remove it: challenges of a back-end are passed on to the client, who can answer them.",
        [("<connect-options>", "ws.version")] = "Remove it: WebSocket back-ends are spoken to by RFC 6455.",

        // flow control
        [("<accept-options>", "tcp.maximum.outbound.rate")] = Remove,

        // who may use a service
        [("<accept-options>", "tcp.realm")] = WouldBeOpen,

        // mobile push notifications, which the last releases read and never sent
        [("<service>", "notify")] = NoPush,
        [("<service>", "notify-options")] = NoPush,

        // extensions of WebSocket that only add-ons of the old gateway had
        [("<service>", "ws-extension")] = Remove,
    }.ToFrozenDictionary();

    private static readonly FrozenSet<string> s_schemes = FrozenSet.Create(
        "udp", "mcp", "socks", "socks+ssl",
        "wsn", "wsn+ssl", "wse", "wse+ssl", "wsx", "wsx+ssl", "ws-draft", "ws-draft+ssl", "wsx-draft", "wsx-draft+ssl",
        "ws-draft-75", "ws-draft-75+ssl", "httpx", "httpx+ssl", "httpxe", "httpxe+ssl");

    /// <summary>The places and names of what start refuses.</summary>
    internal static IEnumerable<(string Place, string Name)> All => s_elements.Keys;

    /// <summary>What to do about an element or an option that start refuses, or null if it is served.</summary>
    internal static string? CureFor(string place, string name) => s_elements.GetValueOrDefault((place, name));

    /// <summary>Whether addresses of a scheme are read but not served.</summary>
    internal static bool IsScheme(string name) => s_schemes.Contains(name);
}
