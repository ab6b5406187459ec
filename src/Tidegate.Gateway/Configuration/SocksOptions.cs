using System.Security.Authentication;

namespace Tidegate.Gateway.Configuration;

/// <summary>
/// <c>socks.*</c>: how a gateway inside a network and the one in front of it found each other by SOCKS. It is read and not served. A
/// new instance holds the documented defaults.
/// </summary>
public sealed record SocksOptions
{
    /// <summary>What a new instance of <see cref="RetryMaximumInterval"/> holds.</summary>
    internal static readonly TimeSpan DefaultRetryMaximumInterval = TimeSpan.FromSeconds(30);

    /// <summary><c>socks.mode</c>: which of the two gateways connects to the other, or null if that is not written.</summary>
    public SocksMode? Mode { get; init; }

    /// <summary><c>socks.timeout</c>: how long a connection may take to form; null for ever. On connects only.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary><c>socks.retry.maximum.interval</c>: the longest pause between attempts to connect. On accepts only.</summary>
    public TimeSpan RetryMaximumInterval { get; init; } = DefaultRetryMaximumInterval;

    /// <summary><c>socks.ssl.ciphers</c>: as written, or null for the library's choice.</summary>
    public string? Ciphers { get; init; }

    /// <summary><c>socks.ssl.protocols</c>: the versions of TLS under SOCKS, or null for the usual ones.</summary>
    public SslProtocols? Protocols { get; init; }

    /// <summary><c>socks.ssl.verify-client</c>: whether the gateway that connects must have a certificate.</summary>
    public ClientVerification VerifyClient { get; init; }
}

/// <summary>Which of two gateways connects to the other: <c>socks.mode</c>.</summary>
public enum SocksMode
{
    /// <summary>The one in front connects to the one inside.</summary>
    Forward,

    /// <summary>The one inside connects to the one in front: an accept connects, and a connect accepts.</summary>
    Reverse,
}
