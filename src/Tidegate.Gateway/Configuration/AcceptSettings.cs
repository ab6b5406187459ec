using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Configuration;

/// <summary>What <c>accept-options</c> may hold.</summary>
internal static class AcceptSettings
{
    private static readonly AcceptOptions s_defaults = new();

    internal static readonly Setting<int> MaximumMessageSize = new(
        "ws.maximum.message.size", new DataSizeFormat(), s_defaults.MaximumMessageSize,
        "The largest WebSocket message that a client may send; a larger one closes the connection with code 1009.");

    internal static readonly Setting<TimeSpan> InactivityTimeout = new(
        "ws.inactivity.timeout", new TimeIntervalFormat(), s_defaults.InactivityTimeout,
        "How long a WebSocket client may stay silent before it is taken for gone; it is pinged meanwhile. 0 is for ever.");

    internal static readonly Setting<TimeSpan> KeepaliveTimeout = new(
        "http.keepalive.timeout", new TimeIntervalFormat(TimeSpan.FromMilliseconds(1)), s_defaults.KeepaliveTimeout,
        "How long an HTTP connection may idle between requests. Where only ws.inactivity.timeout is set, that holds here too.");

    internal static readonly Setting<ImmutableArray<string>> Subprotocols = new(
        "ws.subprotocols", new TokenListFormat(), s_defaults.Subprotocols,
        "The WebSocket subprotocols that the service speaks, with commas between, the preferred one first.");

    internal static readonly Setting<bool> Compression = new(
        "ws.compression", Choices.EnabledOrDisabled, s_defaults.Compression,
        "Whether messages are compressed (permessage-deflate) for clients that offer it.");

    internal static readonly Setting<BindAddress> TcpBind = new(
        "tcp.bind", new BindAddressFormat(), "Where sockets are really bound, if not at the accept URI's host and port.");

    internal static readonly Setting<BindAddress> HttpBind = new(
        "http.bind", new BindAddressFormat(), "The same as tcp.bind, for accepts of scheme http.");

    internal static readonly Setting<BindAddress> WsBind = new(
        "ws.bind", new BindAddressFormat(), "The same as tcp.bind, for accepts of scheme ws.");

    internal static readonly SettingGroup Group = new(
        "<accept-options>",
        [MaximumMessageSize, InactivityTimeout, KeepaliveTimeout, Subprotocols, Compression, TcpBind, HttpBind, WsBind],
        NotServedYet.Names(
            "ssl.ciphers", "tls.ciphers", "ssl.protocols", "tls.protocols", "ssl.encryption", "tls.encryption",
            "ssl.verify-client", "tls.verify-client", "ssl.bind", "tls.bind", "wss.bind", "https.bind", "udp.bind",
            "pipe.transport", "tcp.transport", "udp.transport", "ssl.transport", "tls.transport", "http.transport",
            "http.maximum.redirects", "http.realm", "http.server.header", "udp.interface", "tcp.maximum.outbound.rate", "tcp.realm"));

    /// <summary>The options that these values make.</summary>
    internal static AcceptOptions Build(SettingValues values)
    {
        TimeSpan inactivity = values.Get(InactivityTimeout);
        return new()
        {
            MaximumMessageSize = values.Get(MaximumMessageSize),
            InactivityTimeout = inactivity,
            KeepaliveTimeout = !values.Has(KeepaliveTimeout) && inactivity > TimeSpan.Zero ? inactivity : values.Get(KeepaliveTimeout),
            Subprotocols = values.Get(Subprotocols),
            Compression = values.Get(Compression),
            Binds = ImmutableDictionary.CreateRange(
                from bind in (Setting<BindAddress>[])[TcpBind, HttpBind, WsBind]
                where values.Has(bind)
                select KeyValuePair.Create(bind.Name[..^".bind".Length], values.Get(bind)!)),
        };
    }
}
