using System.Collections.Immutable;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.Tls;

/// <summary>
/// Settings and certificates for many connections of one side. Connections that began with it keep what they need, so it can
/// be replaced at any time. All members may be called on any thread.
/// </summary>
public abstract class TlsContext : IDisposable
{
    private protected TlsContext(bool isServer) => IsServer = isServer;

    /// <summary>True for the side that is connected to.</summary>
    public bool IsServer { get; }

    /// <summary>For connections that are accepted. Clients that ask for a name get the certificate for it, others the first.</summary>
    /// <param name="certificates">At least one.</param>
    /// <param name="settings">How TLS is spoken.</param>
    /// <exception cref="TlsException">The library is missing, or refuses a setting or a certificate.</exception>
    public static TlsContext ForServer(ImmutableArray<TlsCertificate> certificates, TlsParameters settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentOutOfRangeException.ThrowIfZero(certificates.Length, nameof(certificates));
        return UsesOpenSsl(settings.Library) ? new OpenSslContext(isServer: true, settings, certificates) : new SslStreamContext(isServer: true, settings, certificates);
    }

    /// <summary>For connections that are opened.</summary>
    /// <param name="own">What to show to servers that ask, or null.</param>
    /// <param name="settings">How TLS is spoken.</param>
    /// <exception cref="TlsException">The library is missing, or refuses a setting or a certificate.</exception>
    public static TlsContext ForClient(TlsCertificate? own, TlsParameters settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ImmutableArray<TlsCertificate> certificates = own is null ? [] : [own];
        return UsesOpenSsl(settings.Library) ? new OpenSslContext(isServer: false, settings, certificates) : new SslStreamContext(isServer: false, settings, certificates);
    }

    /// <summary>Lets go of what connections do not keep.</summary>
    public abstract void Dispose();

    /// <summary>Begins a handshake on a connection without a handler, on its loop: see <see cref="TcpConnection.StartTls"/>.</summary>
    internal abstract void Start(TcpConnection connection, string? peerName, TimeSpan timeout, Action<TcpConnection, string?> completed);

    /// <summary>Whether a choice of library leads to OpenSSL on this machine.</summary>
    public static bool UsesOpenSsl(TlsLibrary library) => library == TlsLibrary.OpenSsl || (library == TlsLibrary.Automatic && OpenSsl.IsAvailable);
}
