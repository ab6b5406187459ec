using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.Tls;

namespace Tidegate.Engine.Tests.Tls;

/// <summary>A test of connections with TLS whose other end is .NET's own TLS, or whatever a test plays.</summary>
public abstract class TlsTest(EventSource source) : EngineTest(source)
{
    private protected static readonly TlsCertificate Certificate = TestCertificate.For("server.test", "127.0.0.1");

    /// <summary>What speaks TLS on the engine's side.</summary>
    private protected virtual TlsLibrary Library => TlsLibrary.OpenSsl;

    private protected TlsContext Server(TlsParameters? settings = null, params TlsCertificate[] certificates) =>
        Own(TlsContext.ForServer(certificates.Length == 0 ? [Certificate] : [.. certificates], (settings ?? new TlsParameters()) with { Library = Library }));

    private protected TlsContext Client(TlsParameters? settings = null, TlsCertificate? own = null) =>
        Own(TlsContext.ForClient(own, (settings ?? new TlsParameters()) with { Trusted = [TestCertificate.Authority.RawData], Library = Library }));

    /// <summary>An accepted connection whose handshake is over, and its peer.</summary>
    private protected (RawPeer Peer, TcpConnection Connection) SecurePair(
        TlsContext context, IConnectionHandler? handler, Action<SslClientAuthenticationOptions>? change = null, int? receiveBuffer = null)
    {
        (RawPeer peer, Task<(TcpConnection Connection, string? Fault)> server) = Begin(context, handler, receiveBuffer: receiveBuffer);
        peer.Secure(tls => tls.AuthenticateAsClient(ClientOptions(change)));
        var (connection, fault) = Bounded.Result(server);
        Assert.Null(fault);
        return (peer, connection);
    }

    /// <summary>A connection that waits for its peer to begin the handshake.</summary>
    private protected (RawPeer Peer, Task<(TcpConnection Connection, string? Fault)> Server) Begin(
        TlsContext context, IConnectionHandler? handler = null, TimeSpan? timeout = null, int? receiveBuffer = null)
    {
        var done = new TaskCompletionSource<(TcpConnection, string?)>(TaskCreationOptions.RunContinuationsAsynchronously);
        (RawPeer peer, _) = Pair(
            connection => connection.StartTls(context, null, timeout ?? TimeSpan.FromSeconds(30), (secured, fault) =>
            {
                if (fault is null)
                {
                    secured.Handler = handler;
                }

                done.SetResult((secured, fault));
            }),
            receiveBuffer);
        return (peer, done.Task);
    }

    /// <summary>The options of a client that trusts the tests' authority alone and asks for server.test.</summary>
    internal static SslClientAuthenticationOptions ClientOptions(Action<SslClientAuthenticationOptions>? change = null)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = "server.test",
            EnabledSslProtocols = SslProtocols.None,
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { TestCertificate.Authority },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        };
        change?.Invoke(options);
        return options;
    }
}
