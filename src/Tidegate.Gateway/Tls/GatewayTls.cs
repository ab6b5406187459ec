using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Tidegate.Engine.Tls;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tls;

/// <summary>
/// TLS of a gateway: what its stores hold, and the contexts made from that. The files are looked at again and again; when one has
/// changed, new connections get the new certificates, and those that are there go on.
/// </summary>
internal sealed partial class GatewayTls : IDisposable
{
    /// <summary>How often the files are looked at.</summary>
    internal static readonly TimeSpan ReloadInterval = TimeSpan.FromSeconds(5);

    private readonly SecurityConfiguration _security;
    private readonly TlsLibrary _library;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly List<TlsUse> _uses = [];
    private ITimer? _timer;
    private StoreContent? _keystoreContent, _truststoreContent;
    private CertificateStore? _keystore, _truststore;
    private string? _lastFault;
    private bool _loaded;

    internal GatewayTls(SecurityConfiguration security, TlsLibrary library, TimeProvider time, ILogger logger)
    {
        _library = library;
        _security = security;
        _time = time;
        _logger = logger;
    }

    /// <summary>What the environment says of the library: <c>TIDEGATE_TLS=sslstream</c>, for testing, or nothing.</summary>
    internal static TlsLibrary LibraryOfEnvironment { get; } =
        Environment.GetEnvironmentVariable("TIDEGATE_TLS") == "sslstream" ? TlsLibrary.SslStream : TlsLibrary.Automatic;

    /// <summary>TLS for an accept, and for others that share its port.</summary>
    /// <exception cref="GatewayStartException">There is no certificate, or the options can not be had.</exception>
    internal TlsUse ForAccept(ServiceAddress accept, TlsOptions options, ImmutableArray<string> applicationProtocols)
    {
        Load();
        if (_security.Keystore is not { } store)
        {
            throw Fault(
                accept.Position,
                $"{accept.Uri} needs a certificate, and the file has no <keystore>.",
                "Add <security><keystore><file>FILE</file></keystore></security> with the path of a PEM or PKCS#12 file that holds the certificate and its private key.");
        }

        if (_keystore!.Own.IsEmpty)
        {
            throw Fault(
                store.Position, $"{store.File} holds no certificate with its private key.", $"Put both into it: cat certificate.pem key.pem > {store.File}");
        }

        if (options.VerifyClient != ClientVerification.None && _security.Truststore is null)
        {
            throw Fault(
                accept.Position, $"ssl.verify-client of {accept.Uri} needs certificates that vouch for clients, and the file has no <truststore>.", "Add one inside <security>.");
        }

        TlsParameters settings = Settings(accept, options) with { ApplicationProtocols = applicationProtocols };
        return Add(accept, () => TlsContext.ForServer(ChooseFor(accept.Uri.Host), settings with
        {
            Trusted = options.VerifyClient == ClientVerification.None ? [] : Trusted(),
            ClientCertificates = options.VerifyClient switch
            {
                ClientVerification.Required => ClientCertificates.Required,
                ClientVerification.Optional => ClientCertificates.Welcome,
                _ => ClientCertificates.Ignored,
            },
        }));
    }

    /// <summary>TLS for a connect.</summary>
    /// <exception cref="GatewayStartException">A store can not be read, or the options can not be had.</exception>
    internal TlsUse ForConnect(ServiceAddress connect, TlsOptions options)
    {
        Load();
        TlsParameters settings = Settings(connect, options);
        return Add(connect, () => TlsContext.ForClient(_keystore?.Own.FirstOrDefault()?.Tls, settings with { Trusted = Trusted() }));
    }

    /// <summary>Warns of an accept whose host none of the certificates is for.</summary>
    internal void WarnOfMismatch(ServiceAddress accept)
    {
        string? host = accept.Uri.Host switch
        {
            HostName name => name.Name,
            HostAddress { Address: var address } when !address.Equals(System.Net.IPAddress.Any) && !address.Equals(System.Net.IPAddress.IPv6Any) => address.ToString(),
            _ => null,
        };
        if (host is not null && _keystore is { } keystore && !keystore.Own.Any(own => own.Certificate.MatchesHostname(host)))
        {
            LogMismatch(
                accept.Position.ToString(), host, accept.Uri.ToString(),
                string.Join(", ", keystore.Own.SelectMany(own => own.Tls.Names.IsEmpty ? [own.Name] : own.Tls.Names).Distinct()));
        }
    }

    /// <summary>Looks at the files now.</summary>
    internal void Reload()
    {
        lock (_lock)
        {
            if (!_loaded)
            {
                return;
            }

            try
            {
                StoreContent? keystore = Read(_security.Keystore), truststore = Read(_security.Truststore);
                if ((keystore?.IsSameAs(_keystoreContent) ?? true) && (truststore?.IsSameAs(_truststoreContent) ?? true))
                {
                    _lastFault = null;
                    return;
                }

                CertificateStore? before = _keystore, trustedBefore = _truststore;
                try
                {
                    Take(keystore, truststore);
                    if (_keystore is { Own.IsEmpty: true } && before is { Own.IsEmpty: false })
                    {
                        throw new GatewayStartException($"{_security.Keystore!.File} holds no certificate with its private key any more.");
                    }

                    // All of them are made before the first is used: half a change is none.
                    List<TlsContext> contexts = [.. _uses.Select(use => use.Make())];
                    foreach ((TlsUse use, TlsContext context) in _uses.Zip(contexts))
                    {
                        use.Context = context;
                    }
                }
                catch
                {
                    (_keystore, _truststore) = (before, trustedBefore);
                    throw;
                }

                (_keystoreContent, _truststoreContent) = (keystore, truststore);
                _lastFault = null;
                LogReloaded();
                WarnOfDates();
            }
            catch (Exception exception)
            {
                // Whatever it is: on the thread of a timer it would end the process. A file that is being written is often half there; the next look may find it whole.
                if (_lastFault != exception.Message)
                {
                    _lastFault = exception.Message;
                    LogNotReloaded(exception.Message);
                }
            }
        }
    }

    public void Dispose() => _timer?.Dispose();

    private void Load()
    {
        lock (_lock)
        {
            if (_loaded)
            {
                return;
            }

            if (!TlsContext.UsesOpenSsl(_library))
            {
                LogSslStream();
            }

            _keystoreContent = Read(_security.Keystore);
            _truststoreContent = Read(_security.Truststore);
            Take(_keystoreContent, _truststoreContent);
            _loaded = true;
            WarnOfDates();
            foreach (string unusable in _keystore?.Unusable ?? [])
            {
                LogUnusable(unusable, _security.Keystore!.File);
            }

            _timer = _time.CreateTimer(static tls => ((GatewayTls)tls!).Reload(), this, ReloadInterval, ReloadInterval);
        }
    }

    private static GatewayStartException Fault(SourcePosition position, string problem, string cure) => new(new ConfigurationError(position, problem, cure));

    private static StoreContent? Read(StoreConfiguration? store) => store is null ? null : CertificateStore.ReadFiles(store);

    private void Take(StoreContent? keystore, StoreContent? truststore)
    {
        _keystore = keystore is null ? null : CertificateStore.Read(_security.Keystore!, keystore);
        _truststore = truststore is null ? null : CertificateStore.Read(_security.Truststore!, truststore);
    }

    private TlsUse Add(ServiceAddress address, Func<TlsContext> make)
    {
        lock (_lock)
        {
            try
            {
                var use = new TlsUse(make);
                _uses.Add(use);
                return use;
            }
            catch (TlsException exception)
            {
                throw new GatewayStartException(new ConfigurationError(address.Position, $"{address.Uri}: {exception.Message}", ""), exception);
            }
        }
    }

    private TlsParameters Settings(ServiceAddress address, TlsOptions options)
    {
        try
        {
            if (!TlsContext.UsesOpenSsl(_library))
            {
                return options.Ciphers is null
                    ? new TlsParameters { Protocols = options.Protocols, Library = _library }
                    : throw new TlsException(
                        "ssl.ciphers needs OpenSSL 3 (libssl.so.3 and libcrypto.so.3), which is not used here. Remove the option, or install it (on Debian: apt-get install libssl3).");
            }

            return CipherTokens.Apply(options, warning => LogCiphers(address.Position.ToString(), warning)) with { Library = _library };
        }
        catch (TlsException exception)
        {
            throw new GatewayStartException(new ConfigurationError(address.Position, $"{address.Uri}: {exception.Message}", ""), exception);
        }
    }

    private ImmutableArray<ReadOnlyMemory<byte>> Trusted() => [.. (_truststore?.All ?? []).Select(certificate => (ReadOnlyMemory<byte>)certificate.RawData)];

    /// <summary>All certificates, in front the one that clients get who do not say whom they want, or want somebody else.</summary>
    private ImmutableArray<TlsCertificate> ChooseFor(UriHost host)
    {
        string? name = host switch
        {
            HostAddress { Address: var address } => address.ToString(),
            HostName known => known.Name,
            // Clients may call an interface, or all addresses, what they like.
            _ => null,
        };
        return [.. _keystore!.Own.OrderByDescending(own => name is not null && own.Certificate.MatchesHostname(name)).Select(own => own.Tls)];
    }

    private void WarnOfDates()
    {
        DateTime now = _time.GetLocalNow().DateTime;
        foreach (OwnCertificate own in _keystore?.Own ?? [])
        {
            if (own.Certificate.NotAfter < now)
            {
                LogExpired(own.Name, _security.Keystore!.File, Show(own.Certificate.NotAfter));
            }
            else if (own.Certificate.NotBefore > now)
            {
                LogNotYetValid(own.Name, _security.Keystore!.File, Show(own.Certificate.NotBefore));
            }
        }
    }

    private static string Show(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The certificate associated with alias {Alias} in the keystore {File} is expired. It was valid until {Date}")]
    private partial void LogExpired(string alias, string file, string date);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The certificate associated with alias {Alias} in the keystore {File} is not yet valid. It will be from {Date}")]
    private partial void LogNotYetValid(string alias, string file, string date);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The certificate associated with alias {Alias} in the keystore {File} is not used: its key is neither RSA nor ECDSA, Ed25519 or Ed448, and clients take nothing else")]
    private partial void LogUnusable(string alias, string file);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Position}: Keystore does not have a certificate entry for {Host}, the host of {Uri}: clients will refuse what they get. Names in the keystore: {Names}")]
    private partial void LogMismatch(string position, string host, string uri, string names);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Position}: {Warning}")]
    private partial void LogCiphers(string position, string warning);

    [LoggerMessage(Level = LogLevel.Information, Message = "TLS is spoken by .NET's SslStream, since there is no OpenSSL 3: connections cost more, and ssl.ciphers can not be had")]
    private partial void LogSslStream();

    [LoggerMessage(Level = LogLevel.Information, Message = "Certificates were read again: new connections get them")]
    private partial void LogReloaded();

    [LoggerMessage(Level = LogLevel.Error, Message = "Changed certificates can not be used, and the old ones stay: {Fault}")]
    private partial void LogNotReloaded(string fault);
}

/// <summary>A context that is replaced when certificates change.</summary>
internal sealed class TlsUse(Func<TlsContext> make)
{
    private volatile TlsContext _context = make();

    /// <summary>What a new connection is to begin with.</summary>
    internal TlsContext Context
    {
        get => _context;
        // The old one is left to the collector: a connection may just be beginning with it.
        set => _context = value;
    }

    internal TlsContext Make() => make();
}
