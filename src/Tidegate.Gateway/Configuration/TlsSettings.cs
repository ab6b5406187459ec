using System.Security.Authentication;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Configuration;

/// <summary>The <c>ssl.*</c> options of accepts and connects.</summary>
internal static class TlsSettings
{
    private static readonly TlsOptions s_defaults = new();

    internal static readonly Setting<string> Ciphers = new(
        "ssl.ciphers", new CiphersFormat(), "The ciphers that TLS may use, by OpenSSL's names or the old tokens such as HIGH; without it, the library's choice.")
    {
        Alias = "tls.ciphers",
    };

    internal static readonly Setting<SslProtocols> Protocols = new(
        "ssl.protocols", new TlsProtocolsFormat(), s_defaults.Protocols, "The versions of TLS that are spoken.")
    {
        Alias = "tls.protocols",
    };

    internal static readonly Setting<bool> Encryption = new(
        "ssl.encryption", Choices.EnabledOrDisabled, s_defaults.Encryption,
        "Whether the gateway itself encrypts. Disabled where something in front of it does; the URIs stay those of TLS.")
    {
        Alias = "tls.encryption",
    };

    internal static readonly ChoiceFormat<ClientVerification> Verification = new(
        ("none", ClientVerification.None), ("optional", ClientVerification.Optional), ("required", ClientVerification.Required));

    internal static readonly Setting<ClientVerification> VerifyClient = new(
        "ssl.verify-client", Verification, s_defaults.VerifyClient,
        "Whether clients are asked for a certificate that the truststore vouches for, and whether they must have one.")
    {
        Alias = "tls.verify-client",
    };

    /// <summary>The options that these values make.</summary>
    internal static TlsOptions Build(SettingValues values) => new()
    {
        Ciphers = values.Get(Ciphers),
        Protocols = values.Get(Protocols),
        Encryption = values.Get(Encryption),
        VerifyClient = values.Get(VerifyClient),
    };

    /// <summary>Adds the values that make these options, <see cref="VerifyClient"/> left out: most connects have none.</summary>
    internal static void Take(TlsOptions options, SettingValues into) => into
        .With(Ciphers, options.Ciphers)
        .With(Protocols, (SslProtocols?)options.Protocols)
        .With(Encryption, (bool?)options.Encryption);
}
