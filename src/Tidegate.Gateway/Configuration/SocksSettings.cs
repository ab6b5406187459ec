using System.Collections.Immutable;
using System.Security.Authentication;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Configuration;

/// <summary>The <c>socks.*</c> options, which the documentation of the enterprise edition lists. <c>socks.bind</c> and <c>socks.transport</c> are among <see cref="LayerSettings"/>.</summary>
internal static class SocksSettings
{
    private static readonly Setting<SocksMode> s_mode = new(
        "socks.mode", new ChoiceFormat<SocksMode>(("forward", SocksMode.Forward), ("reverse", SocksMode.Reverse)),
        "Which of two gateways connects to the other by SOCKS: in reverse, an accept connects and a connect accepts.");

    private static readonly Setting<TimeSpan> s_timeout = new(
        "socks.timeout", new TimeIntervalFormat(), "How long a connection by SOCKS may take to form; without it, for ever.");

    private static readonly Setting<TimeSpan> s_retryMaximumInterval = new(
        "socks.retry.maximum.interval", new TimeIntervalFormat(), SocksOptions.DefaultRetryMaximumInterval,
        "The longest pause between attempts to connect by SOCKS; the first is half a second, and each is twice the one before.");

    private static readonly Setting<string> s_ciphers = new(
        "socks.ssl.ciphers", new CiphersFormat(), "The same as ssl.ciphers, for the TLS that carries SOCKS.")
    {
        Alias = "socks.tls.ciphers",
    };

    private static readonly Setting<SslProtocols> s_protocols = new(
        "socks.ssl.protocols", new TlsProtocolsFormat(), "The same as ssl.protocols, for the TLS that carries SOCKS.")
    {
        Alias = "socks.tls.protocols",
    };

    private static readonly Setting<ClientVerification> s_verifyClient = new(
        "socks.ssl.verify-client", TlsSettings.Verification, ClientVerification.None,
        "The same as ssl.verify-client, for the gateway that connects by SOCKS over TLS.")
    {
        Alias = "socks.tls.verify-client",
    };

    /// <summary>Those of accepts.</summary>
    internal static ImmutableArray<Setting> OfAccepts { get; } = [s_mode, s_retryMaximumInterval, s_ciphers, s_protocols, s_verifyClient];

    /// <summary>Those of connects.</summary>
    internal static ImmutableArray<Setting> OfConnects { get; } = [s_mode, s_timeout, s_ciphers, s_protocols, s_verifyClient];

    /// <summary>The options that these values make.</summary>
    internal static SocksOptions Build(SettingValues values) => new()
    {
        Mode = values.Has(s_mode) ? values.Get(s_mode) : null,
        Timeout = values.Has(s_timeout) ? values.Get(s_timeout) : null,
        RetryMaximumInterval = values.Get(s_retryMaximumInterval),
        Ciphers = values.Get(s_ciphers),
        Protocols = values.Has(s_protocols) ? values.Get(s_protocols) : null,
        VerifyClient = values.Get(s_verifyClient),
    };

    /// <summary>Adds the values that make these options.</summary>
    internal static void Take(SocksOptions options, SettingValues into) => into
        .With(s_mode, options.Mode)
        .With(s_timeout, options.Timeout)
        .WithUnlessDefault(s_retryMaximumInterval, options.RetryMaximumInterval)
        .With(s_ciphers, options.Ciphers)
        .With(s_protocols, options.Protocols)
        .WithUnlessDefault(s_verifyClient, options.VerifyClient);
}
