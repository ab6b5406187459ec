using System.Security.Authentication;

namespace Tidegate.Gateway.Configuration;

/// <summary>How TLS is spoken: <c>ssl.*</c> or <c>tls.*</c>, two spellings of the same options. A new instance holds the defaults.</summary>
public sealed record TlsOptions
{
    /// <summary><c>ssl.encryption</c>: false where something in front of the gateway does TLS; clients then speak plainly to it.</summary>
    public bool Encryption { get; init; } = true;

    /// <summary><c>ssl.protocols</c>: the versions that are spoken.</summary>
    public SslProtocols Protocols { get; init; } = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary><c>ssl.ciphers</c>: as written, or null for the library's defaults.</summary>
    public string? Ciphers { get; init; }

    /// <summary><c>ssl.verify-client</c>: whether clients are asked for a certificate. Connects have nobody to ask.</summary>
    public ClientVerification VerifyClient { get; init; }
}

/// <summary>What <c>ssl.verify-client</c> asks of clients.</summary>
public enum ClientVerification
{
    /// <summary>No certificate is asked for.</summary>
    None,

    /// <summary>A certificate is asked for, and must be a trusted one where it is given.</summary>
    Optional,

    /// <summary>Without a trusted certificate there is no connection.</summary>
    Required,
}
