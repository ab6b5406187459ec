using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway.Security;

/// <summary>
/// The certificates that vouch for directories: those of the gateway's truststore, read again when it changes, as for back-ends. Safe to
/// use from any thread.
/// </summary>
internal sealed partial class TrustedCertificates
{
    private readonly StoreConfiguration _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _reading = new();
    private StoreContent _content;
    private X509Certificate2Collection _certificates;
    private long _looked;

    /// <exception cref="GatewayStartException">The store can not be read; the message names place and cure.</exception>
    internal TrustedCertificates(StoreConfiguration store, TimeProvider time, ILogger logger)
    {
        _store = store;
        _time = time;
        _logger = logger;
        _content = CertificateStore.ReadFiles(store);
        _certificates = [.. CertificateStore.Read(store, _content).All];
        _looked = time.GetTimestamp();
    }

    /// <summary>The certificates as they are; where the store has become wrong, as they were.</summary>
    internal X509Certificate2Collection Current()
    {
        lock (_reading)
        {
            if (_time.GetElapsedTime(_looked) < GatewayTls.ReloadInterval)
            {
                return _certificates;
            }

            _looked = _time.GetTimestamp();
            try
            {
                StoreContent content = CertificateStore.ReadFiles(_store);
                if (!content.IsSameAs(_content))
                {
                    _certificates = [.. CertificateStore.Read(_store, content).All];
                    _content = content;
                }
            }
            catch (GatewayStartException exception)
            {
                LogNotRead(exception.Message);
            }

            return _certificates;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The truststore can not be read again, and directories are checked by what it held: {Fault}")]
    private partial void LogNotRead(string fault);
}
