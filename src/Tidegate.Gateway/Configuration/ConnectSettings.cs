using Tidegate.Gateway.Addressing;
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

    internal static readonly Setting<BindAddress> TcpBind = new(
        "tcp.bind", new BindAddressFormat("tcp"), "The local address that connections come from.");

    internal static readonly Setting<bool> Keepalive = new(
        "http.keepalive", Choices.EnabledOrDisabled, s_defaults.Keepalive, "Whether HTTP connections to back-ends are used again.");

    internal static readonly Setting<TimeSpan> KeepaliveTimeout = new(
        "http.keepalive.timeout", new TimeIntervalFormat(TimeSpan.FromMilliseconds(1)), s_defaults.KeepaliveTimeout,
        "How long an HTTP connection to a back-end may idle. Where only ws.inactivity.timeout is set, that holds here too.");

    internal static readonly Setting<int> KeepaliveConnections = new(
        "http.keepalive.connections", new KeepaliveConnectionsFormat(), s_defaults.KeepaliveConnections,
        "How many idle HTTP connections to back-ends each event loop keeps.");

    internal static readonly Setting<int> MaximumRedirects = new(
        "http.maximum.redirects", new WholeNumberFormat(0, 100), s_defaults.MaximumRedirects, "How many redirects of a back-end are followed.");

    internal static readonly Setting<int> MaximumAuthenticationAttempts = new(
        "http.max.authentication.attempts", new WholeNumberFormat(0, 100), s_defaults.MaximumAuthenticationAttempts,
        "How often a back-end's challenge is answered.");

    internal static readonly Setting<WebSocketVersion> Version = new(
        "ws.version",
        new ChoiceFormat<WebSocketVersion>(("rfc6455", WebSocketVersion.Rfc6455), ("draft-75", WebSocketVersion.Draft75)),
        s_defaults.WebSocketVersion,
        "How WebSocket back-ends are spoken to.");

    internal static readonly Setting<string> UdpInterface = new(
        "udp.interface", new TextFormat("the name of a network interface"), "The network interface for multicast.");

    /// <summary>Those that only services heed that send HTTP requests to what is behind them.</summary>
    internal static readonly Setting[] OfHttp = [Keepalive, KeepaliveTimeout, KeepaliveConnections, MaximumRedirects];

    internal static readonly SettingGroup Group = new(
        "<connect-options>",
        [
            MaximumMessageSize, InactivityTimeout, Compression, ConnectTimeout, TcpBind,
            TlsSettings.Ciphers, TlsSettings.Protocols, TlsSettings.Encryption, TlsSettings.VerifyClient,
            .. LayerSettings.ConnectTransports,
            Keepalive, KeepaliveTimeout, KeepaliveConnections, MaximumRedirects, MaximumAuthenticationAttempts, Version, UdpInterface,
            LayerSettings.UdpPaddingAlignment,
            .. SocksSettings.OfConnects,
        ],
        NotServedYet.Nothing);

    /// <summary>The options that these values make.</summary>
    internal static ConnectOptions Build(SettingValues values)
    {
        TimeSpan inactivity = values.Get(InactivityTimeout);
        return new()
        {
            MaximumMessageSize = values.Get(MaximumMessageSize),
            InactivityTimeout = inactivity,
            Compression = values.Get(Compression),
            ConnectTimeout = values.Get(ConnectTimeout),
            Tls = TlsSettings.Build(values),
            TcpBind = values.Get(TcpBind),
            Transports = LayerSettings.ByLayer(LayerSettings.ConnectTransports, values),
            Keepalive = values.Get(Keepalive),
            KeepaliveTimeout = !values.Has(KeepaliveTimeout) && inactivity > TimeSpan.Zero ? inactivity : values.Get(KeepaliveTimeout),
            KeepaliveConnections = values.Get(KeepaliveConnections),
            MaximumRedirects = values.Get(MaximumRedirects),
            MaximumAuthenticationAttempts = values.Get(MaximumAuthenticationAttempts),
            WebSocketVersion = values.Get(Version),
            UdpInterface = values.Get(UdpInterface),
            UdpPaddingAlignment = values.Get(LayerSettings.UdpPaddingAlignment),
            Socks = SocksSettings.Build(values),
        };
    }

    /// <summary>The values that make these options.</summary>
    internal static SettingValues Take(ConnectOptions options)
    {
        SettingValues values = new SettingValues()
            .With(MaximumMessageSize, (int?)options.MaximumMessageSize)
            .With(InactivityTimeout, (TimeSpan?)options.InactivityTimeout)
            .With(Compression, (bool?)options.Compression)
            .With(ConnectTimeout, (TimeSpan?)options.ConnectTimeout)
            .With(TcpBind, options.TcpBind)
            .With(Keepalive, (bool?)options.Keepalive)
            .With(KeepaliveTimeout, (TimeSpan?)options.KeepaliveTimeout)
            .With(KeepaliveConnections, (int?)options.KeepaliveConnections)
            .With(MaximumRedirects, (int?)options.MaximumRedirects)
            .With(MaximumAuthenticationAttempts, (int?)options.MaximumAuthenticationAttempts)
            .With(Version, (WebSocketVersion?)options.WebSocketVersion)
            .With(UdpInterface, options.UdpInterface)
            .WithUnlessDefault(LayerSettings.UdpPaddingAlignment, options.UdpPaddingAlignment)
            .WithUnlessDefault(TlsSettings.VerifyClient, options.Tls.VerifyClient);
        TlsSettings.Take(options.Tls, values);
        SocksSettings.Take(options.Socks, values);
        LayerSettings.Take(LayerSettings.ConnectTransports, options.Transports, values);
        return values;
    }
}
