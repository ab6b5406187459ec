using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Tidegate.Membership.Transport;

/// <summary>
/// Counts what is refused by its reason, and logs each reason at most once a second: a stranger decides how often
/// something is refused, and must not decide how much is logged. Any thread may use it; counting allocates nothing.
/// </summary>
/// <typeparam name="TReason">An enum of bytes, numbered from 0 without gaps.</typeparam>
internal sealed class RefusalLog<TReason>
    where TReason : unmanaged, Enum
{
    private static readonly TReason[] Reasons = Enum.GetValues<TReason>();

    private readonly long[] _counts = new long[Reasons.Length];
    private readonly long[] _logged = new long[Reasons.Length];
    private readonly long[] _lastLog = new long[Reasons.Length];
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly string _what;
    private readonly Func<TReason, string> _describe;
    private readonly TimeSpan _interval;

    /// <param name="logger">Gets a warning each time.</param>
    /// <param name="time">Says when a second has passed.</param>
    /// <param name="what">What is refused, with its article: "a packet".</param>
    /// <param name="describe">A reason in words that go on after "because".</param>
    /// <param name="interval">How long a reason is not logged again; a second where nothing is said.</param>
    internal RefusalLog(ILogger logger, TimeProvider time, string what, Func<TReason, string> describe, TimeSpan? interval = null)
    {
        _interval = interval ?? TimeSpan.FromSeconds(1);
        _logger = logger;
        _time = time;
        _what = what;
        _describe = describe;
        Array.Fill(_lastLog, long.MinValue);
    }

    /// <summary>How often each reason was met since the start.</summary>
    internal IEnumerable<KeyValuePair<TReason, long>> Counts => Reasons.Select(reason => KeyValuePair.Create(reason, Count(reason)));

    /// <summary>All refusals together.</summary>
    internal long Total => Reasons.Sum(Count);

    internal long Count(TReason reason) => Volatile.Read(ref _counts[Index(reason)]);

    /// <summary>Counts one that is not worth a line.</summary>
    internal void CountOnly(TReason reason)
    {
        int index = Index(reason);
        Interlocked.Increment(ref _counts[index]);
        Interlocked.Increment(ref _logged[index]);
    }

    /// <summary>Counts one, and logs it if this reason was not logged a moment ago.</summary>
    internal void Note(TReason reason, MemberAddress from, string? detail = null)
    {
        int index = Index(reason);
        long count = Interlocked.Increment(ref _counts[index]);
        long now = _time.GetTimestamp();
        long last = Volatile.Read(ref _lastLog[index]);
        if ((last != long.MinValue && _time.GetElapsedTime(last, now) < _interval) ||
            Interlocked.CompareExchange(ref _lastLog[index], now, last) != last)
        {
            return;
        }

        long before = count - 1 - Interlocked.Exchange(ref _logged[index], count);
        string because = detail is null ? _describe(reason) : $"{_describe(reason)}: {detail}";
        if (before > 0)
        {
            _logger.LogWarning("Refused {What} from {From} because {Reason}. {Count} more since this was last said.", _what, from, because, before);
        }
        else
        {
            _logger.LogWarning("Refused {What} from {From} because {Reason}.", _what, from, because);
        }
    }

    private static int Index(TReason reason) => Unsafe.As<TReason, byte>(ref reason);
}
