using Microsoft.Extensions.Logging;

namespace Tidegate.Gateway.Services.Proxy;

/// <summary>
/// What the log says of one back-end of one service that can not be reached: a line for the first failure, then one in
/// <see cref="Period"/> with the number of those left out, and one when a connection succeeds again. Every client that comes meets
/// the same failure, so without this a back-end that is away would fill the log as fast as clients come.
/// </summary>
/// <remarks>Callable on any loop. While all goes well, a connect costs no lock here.</remarks>
internal sealed partial class ConnectFailureLog(string uri, string service, TimeProvider time, ILogger logger)
{
    /// <summary>Of each kind of line there is one in this time at most, even where a back-end comes and goes.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long? _failureSaid;
    private long? _successSaid;
    private long _leftOut;
    private volatile bool _owesSuccess;

    internal void OnFailed(string error)
    {
        long leftOut;
        lock (_lock)
        {
            _owesSuccess = true;
            if (!IsDue(ref _failureSaid))
            {
                _leftOut++;
                return;
            }

            (leftOut, _leftOut) = (_leftOut, 0);
        }

        if (leftOut == 0)
        {
            LogFailed(uri, error, service);
        }
        else
        {
            LogFailedAgain(uri, error, service, leftOut);
        }
    }

    internal void OnSucceeded()
    {
        if (!_owesSuccess)
        {
            return;
        }

        long leftOut;
        lock (_lock)
        {
            if (!_owesSuccess || !IsDue(ref _successSaid))
            {
                return;
            }

            _owesSuccess = false;
            (leftOut, _leftOut) = (_leftOut, 0);
        }

        LogSucceeded(uri, service, leftOut);
    }

    /// <summary>True where the last line of this kind is long enough ago; then that is now.</summary>
    private bool IsDue(ref long? said)
    {
        long now = time.GetTimestamp();
        if (said is { } last && time.GetElapsedTime(last, now) < Period)
        {
            return false;
        }

        said = now;
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Connection to {Uri} failed: {Error} (service {Service})")]
    private partial void LogFailed(string uri, string error, string service);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Connection to {Uri} failed: {Error} (service {Service}; {Count} more failed since the last such line)")]
    private partial void LogFailedAgain(string uri, string error, string service, long count);

    [LoggerMessage(Level = LogLevel.Information, Message = "Connection to {Uri} succeeded again (service {Service}; {Count} more had failed)")]
    private partial void LogSucceeded(string uri, string service, long count);
}
