using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Authentication;

namespace Tidegate.Engine.Tls;

/// <summary>A certificate that proves who this side is, with its key. All of it in DER.</summary>
public sealed record TlsCertificate
{
    /// <summary>The certificate.</summary>
    public required ReadOnlyMemory<byte> Certificate { get; init; }

    /// <summary>Its private key, as PKCS#8.</summary>
    public required ReadOnlyMemory<byte> PrivateKey { get; init; }

    /// <summary>The certificates that lead from it to one that peers trust, in that order; may be empty.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> Chain { get; init; } = [];

    /// <summary>The DNS names that it is for, in lower case; <c>*.example.com</c> is for one label. For choosing among several.</summary>
    public ImmutableArray<string> Names { get; init; } = [];
}

/// <summary>Whether a server asks its clients for certificates.</summary>
public enum ClientCertificates
{
    /// <summary>None is asked for.</summary>
    Ignored,

    /// <summary>One is asked for; it must be a trusted one where it is given.</summary>
    Welcome,

    /// <summary>Without a trusted one the handshake fails.</summary>
    Required,
}

/// <summary>What speaks TLS.</summary>
public enum TlsLibrary
{
    /// <summary>OpenSSL 3 where there is one, and .NET's own otherwise.</summary>
    Automatic,

    /// <summary>OpenSSL 3, driven by the event loops.</summary>
    OpenSsl,

    /// <summary>.NET's <see cref="System.Net.Security.SslStream"/>, on any platform.</summary>
    SslStream,
}

/// <summary>How TLS is spoken. Immutable; the defaults suit both sides.</summary>
public sealed record TlsParameters
{
    /// <summary>The versions that are spoken. At least one. Default: 1.2 and 1.3.</summary>
    public SslProtocols Protocols { get; init; } = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>The cipher suites of TLS 1.2 and older as an OpenSSL cipher list (ciphers(1)); null for the library's.</summary>
    public string? CipherList { get; init; }

    /// <summary>The cipher suites of TLS 1.3 with colons between, such as <c>TLS_AES_128_GCM_SHA256</c>; null for the library's.</summary>
    public string? CipherSuites { get; init; }

    /// <summary>
    /// Certificates (DER) that vouch for peers. A client that has none trusts what the system trusts; a server needs them where it
    /// asks for certificates.
    /// </summary>
    public ImmutableArray<ReadOnlyMemory<byte>> Trusted { get; init; } = [];

    /// <summary>On a server: whether clients are asked for a certificate.</summary>
    public ClientCertificates ClientCertificates { get; init; }

    /// <summary>On a server: the protocols to choose from by ALPN (RFC 7301), the preferred first; empty to choose none.</summary>
    public ImmutableArray<string> ApplicationProtocols { get; init; } = [];

    /// <summary>What speaks it. Default: OpenSSL 3 where there is one.</summary>
    public TlsLibrary Library { get; init; }

    /// <summary>How long a session ticket lets a client resume without a full handshake. Default 1 h.</summary>
    public TimeSpan TicketLifetime { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>What a handshake has agreed on.</summary>
public sealed record TlsInformation
{
    /// <summary>The version.</summary>
    public required SslProtocols Protocol { get; init; }

    /// <summary>The cipher suite.</summary>
    public required TlsCipherSuite CipherSuite { get; init; }

    /// <summary>What ALPN has chosen, or null.</summary>
    public required string? ApplicationProtocol { get; init; }

    /// <summary>The name that the client asked for (SNI), or null.</summary>
    public required string? ServerName { get; init; }

    /// <summary>The peer's certificate (DER), which was found to be trusted, or null. Not there where nobody was asked for one.</summary>
    public required byte[]? PeerCertificate { get; init; }
}

/// <summary>TLS can not be set up as it was asked for. The message says why.</summary>
public sealed class TlsException : Exception
{
    /// <summary>Creates the exception.</summary>
    public TlsException(string message)
        : base(message)
    {
    }
}
