using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Configuration;

/// <summary>What <c>connect-options</c> may hold.</summary>
internal static class ConnectSettings
{
    private static readonly ConnectOptions s_defaults = new();

    internal static readonly Setting<int> MaximumMessageSize = new(
        "ws.maximum.message.size", new DataSizeFormat(), s_defaults.MaximumMessageSize,
        "The largest WebSocket message that a back-end may send; a larger one closes the connection with code 1009.");

    internal static readonly Setting<TimeSpan> InactivityTimeout = new(
        "ws.inactivity.timeout", new TimeIntervalFormat(), s_defaults.InactivityTimeout,
        "How long a WebSocket back-end may stay silent before it is taken for gone; it is pinged meanwhile. 0 is for ever.");

    internal static readonly Setting<bool> Compression = new(
        "ws.compression", Choices.EnabledOrDisabled, s_defaults.Compression,
        "Whether compression (permessage-deflate) is offered to WebSocket back-ends.");

    internal static readonly Setting<TimeSpan> ConnectTimeout = new(
        "tcp.connect.timeout", new TimeIntervalFormat(TimeSpan.FromMilliseconds(1)), s_defaults.ConnectTimeout,
        "How long opening a connection may take, WebSocket handshake included, before the next connect URI is tried.");

    internal static readonly SettingGroup Group = new(
        "<connect-options>",
        [MaximumMessageSize, InactivityTimeout, Compression, ConnectTimeout],
        NotServedYet.Names(
            "ssl.ciphers", "tls.ciphers", "ssl.protocols", "tls.protocols", "ssl.encryption", "tls.encryption",
            "ssl.verify-client", "tls.verify-client", "tcp.bind",
            "pipe.transport", "tcp.transport", "udp.transport", "ssl.transport", "tls.transport", "http.transport",
            "http.keepalive", "http.keepalive.timeout", "http.keepalive.connections", "http.maximum.redirects",
            "http.max.authentication.attempts", "ws.version", "udp.interface"));

    /// <summary>The options that these values make.</summary>
    internal static ConnectOptions Build(SettingValues values) => new()
    {
        MaximumMessageSize = values.Get(MaximumMessageSize),
        InactivityTimeout = values.Get(InactivityTimeout),
        Compression = values.Get(Compression),
        ConnectTimeout = values.Get(ConnectTimeout),
    };
}
