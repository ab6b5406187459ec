using Microsoft.Extensions.Logging;

namespace Tidegate.Membership.Hosting;

/// <summary>Warnings that others can provoke: at most one line a second, which says how many were left out.</summary>
internal sealed class WarningLog(ILogger logger, TimeProvider time)
{
    private readonly Lock _lock = new();
    private long _last = long.MinValue;
    private long _leftOut;

    internal void Write(string text)
    {
        long leftOut;
        lock (_lock)
        {
            long now = time.GetTimestamp();
            if (_last != long.MinValue && time.GetElapsedTime(_last, now) < TimeSpan.FromSeconds(1))
            {
                _leftOut++;
                return;
            }

            _last = now;
            leftOut = _leftOut;
            _leftOut = 0;
        }

        if (leftOut > 0)
        {
            logger.LogWarning("{Text} ({LeftOut} other warnings were left out since the last one.)", text, leftOut);
        }
        else
        {
            logger.LogWarning("{Text}", text);
        }
    }
}
