using System.Collections.Immutable;
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

    internal static readonly Setting<bool> Http2 = new(
        "http.http2", Choices.EnabledOrDisabled, s_defaults.Http2,
        "Whether HTTP/2 is spoken to clients that ask for it. Accepts that share a port have the same.");

    internal static readonly Setting<bool> WebSocketsOverHttp2 = new(
        "ws.http2", Choices.EnabledOrDisabled, s_defaults.WebSocketsOverHttp2,
        "Whether a WebSocket may be a stream of an HTTP/2 connection. If not, browsers open a connection of HTTP/1.1 for each, which costs the gateway less.");

    internal static readonly Setting<WebSocketOffer> Offer = new(
        "ws.transports",
        new ChoiceFormat<WebSocketOffer>(("all", WebSocketOffer.All), ("native", WebSocketOffer.Native), ("emulated", WebSocketOffer.Emulated)),
        s_defaults.Offer,
        "In which ways clients may open a WebSocket: by its own protocol, by HTTP requests that emulate one, or both. The other way gets 404.");

    internal static readonly Setting<TimeSpan> CloseTimeout = new(
        "ws.close.timeout", new TimeIntervalFormat(TimeSpan.FromMilliseconds(1)), s_defaults.CloseTimeout,
        "How long the gateway waits for a client's answer to its close of a WebSocket, native or emulated.");

    internal static readonly Setting<int> MaximumRedirects = new(
        "http.maximum.redirects", new WholeNumberFormat(0, 100), s_defaults.MaximumRedirects,
        "How many redirects an HTTP transport below the accept follows.");

    internal static readonly Setting<bool> ServerHeader = new(
        "http.server.header", Choices.EnabledOrDisabled, s_defaults.ServerHeader, "Whether responses have a Server header.");

    internal static readonly Setting<ImmutableArray<string>> HttpRealms = new(
        "http.realm", new NameListFormat(), "Realms that clients pass one after the other, with spaces between, instead of realm-name.");

    internal static readonly Setting<string> TcpRealm = new(
        "tcp.realm", new TextFormat("the name of a realm"), "The realm that TCP clients pass; it must be that of realm-name.");

    internal static readonly Setting<string> UdpInterface = new(
        "udp.interface", new TextFormat("the name of a network interface"), "The network interface for multicast.");

    internal static readonly Setting<long> MaximumOutboundRate = new(
        "tcp.maximum.outbound.rate", new DataRateFormat(), "How many bytes a second are sent to one client; without it, as many as it takes.");

    internal static readonly Setting<int> BalanceWeight = new(
        "balance.weight", new WholeNumberFormat(1, Cluster.BalanceTarget.MaximumWeight), s_defaults.BalanceWeight,
        "How many clients balancers send here for each that they send to a service of weight 1; for services with a balance.");

    internal static readonly SettingGroup Group = new(
        "<accept-options>",
        [
            MaximumMessageSize, InactivityTimeout, KeepaliveTimeout, Subprotocols, Compression, WebSocketsOverHttp2, Offer, CloseTimeout, .. EmulationSettings.All, Http2,
            .. LayerSettings.Binds,
            TlsSettings.Ciphers, TlsSettings.Protocols, TlsSettings.Encryption, TlsSettings.VerifyClient,
            .. LayerSettings.AcceptTransports,
            MaximumRedirects, ServerHeader, HttpRealms, TcpRealm, UdpInterface, LayerSettings.UdpPaddingAlignment, MaximumOutboundRate, BalanceWeight,
            .. SocksSettings.OfAccepts,
        ],
        NotServedYet.Nothing);

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
            WebSocketsOverHttp2 = values.Get(WebSocketsOverHttp2),
            Offer = values.Get(Offer),
            CloseTimeout = values.Get(CloseTimeout),
            Emulation = EmulationSettings.Build(values),
            Http2 = values.Get(Http2),
            Tls = TlsSettings.Build(values),
            Binds = LayerSettings.ByLayer(LayerSettings.Binds, values),
            Transports = LayerSettings.ByLayer(LayerSettings.AcceptTransports, values),
            MaximumRedirects = values.Get(MaximumRedirects),
            ServerHeader = values.Get(ServerHeader),
            HttpRealms = values.Has(HttpRealms) ? values.Get(HttpRealms) : [],
            TcpRealm = values.Get(TcpRealm),
            UdpInterface = values.Get(UdpInterface),
            UdpPaddingAlignment = values.Get(LayerSettings.UdpPaddingAlignment),
            MaximumOutboundRate = values.Has(MaximumOutboundRate) ? values.Get(MaximumOutboundRate) : null,
            BalanceWeight = values.Get(BalanceWeight),
            Socks = SocksSettings.Build(values),
        };
    }

    /// <summary>The values that make these options.</summary>
    internal static SettingValues Take(AcceptOptions options)
    {
        SettingValues values = new SettingValues()
            .With(MaximumMessageSize, (int?)options.MaximumMessageSize)
            .With(InactivityTimeout, (TimeSpan?)options.InactivityTimeout)
            .With(KeepaliveTimeout, (TimeSpan?)options.KeepaliveTimeout)
            .With(Subprotocols, options.Subprotocols.IsEmpty ? null : (ImmutableArray<string>?)options.Subprotocols)
            .With(Compression, (bool?)options.Compression)
            .With(WebSocketsOverHttp2, (bool?)options.WebSocketsOverHttp2)
            .With(Offer, (WebSocketOffer?)options.Offer)
            .WithUnlessDefault(CloseTimeout, options.CloseTimeout)
            .With(Http2, (bool?)options.Http2)
            .With(TlsSettings.VerifyClient, (ClientVerification?)options.Tls.VerifyClient)
            .With(MaximumRedirects, (int?)options.MaximumRedirects)
            .With(ServerHeader, (bool?)options.ServerHeader)
            .With(HttpRealms, options.HttpRealms.IsEmpty ? null : (ImmutableArray<string>?)options.HttpRealms)
            .With(TcpRealm, options.TcpRealm)
            .With(UdpInterface, options.UdpInterface)
            .WithUnlessDefault(LayerSettings.UdpPaddingAlignment, options.UdpPaddingAlignment)
            .With(MaximumOutboundRate, options.MaximumOutboundRate)
            .WithUnlessDefault(BalanceWeight, options.BalanceWeight);
        EmulationSettings.Take(options.Emulation, values);
        TlsSettings.Take(options.Tls, values);
        SocksSettings.Take(options.Socks, values);
        LayerSettings.Take(LayerSettings.Binds, options.Binds, values);
        LayerSettings.Take(LayerSettings.AcceptTransports, options.Transports, values);
        return values;
    }
}
