using Microsoft.Extensions.Logging;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// Looks at the file with the cluster's keys again and again. When it has changed, the gateway goes on with the new keys; while it can not
/// be used, with the old ones.
/// </summary>
internal sealed partial class ClusterKeyWatch : IDisposable
{
    private readonly Lock _gate = new();
    private readonly string _cluster;
    private readonly string _file;
    private readonly Action<string, string[]> _replace;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private string[] _keys;
    private string[]? _seen;
    private string? _fault;
    private bool _stopped;

    /// <param name="cluster">The name of the cluster.</param>
    /// <param name="file">The file.</param>
    /// <param name="keys">The keys that it had at the start.</param>
    /// <param name="replace">Gets the cluster's name and its new keys.</param>
    /// <param name="time">The clock.</param>
    /// <param name="interval">How often to look.</param>
    /// <param name="logger">Takes a line for each change.</param>
    internal ClusterKeyWatch(
        string cluster, string file, string[] keys, Action<string, string[]> replace, TimeProvider time, TimeSpan interval, ILogger logger)
    {
        _cluster = cluster;
        _file = file;
        _keys = keys;
        _replace = replace;
        _logger = logger;
        _timer = time.CreateTimer(static watch => ((ClusterKeyWatch)watch!).Look(), this, interval, interval);
    }

    /// <summary>Nothing is replaced any more when this has returned.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _stopped = true;
        }
    }

    /// <summary>Looks at the file now. What is new is taken when it is the same twice: a file that is being written is often half there.</summary>
    internal void Look()
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return;
            }

            try
            {
                string[] seen = ClusterKeys.ReadFile(_file);
                bool isSteady = _seen is { } before && before.SequenceEqual(seen, StringComparer.Ordinal);
                _seen = seen;
                _fault = null;
                if (isSteady && !seen.SequenceEqual(_keys, StringComparer.Ordinal))
                {
                    _replace(_cluster, seen);
                    _keys = seen;
                    LogReplaced(FingerprintOf(seen[0]), string.Join(", ", seen.Select(FingerprintOf)));
                }
            }
            catch (Exception exception)
            {
                // Whatever it is: on the thread of a timer it would end the process.
                _seen = null;
                if (_fault != exception.Message)
                {
                    _fault = exception.Message;
                    LogKept(exception.Message);
                }
            }
        }
    }

    private string FingerprintOf(string key) => ClusterSecret.Of(_cluster, key).Fingerprint;

    [LoggerMessage(Level = LogLevel.Information, Message = "The keys of the cluster were read again: this member seals with the key of fingerprint {Sealing}, and opens with {Opening}")]
    private partial void LogReplaced(string sealing, string opening);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The changed keys of the cluster can not be used, and the old ones stay: {Fault}")]
    private partial void LogKept(string fault);
}
