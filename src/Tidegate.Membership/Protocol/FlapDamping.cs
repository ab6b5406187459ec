namespace Tidegate.Membership.Protocol;

/// <summary>
/// How often a member failed lately, and so how long its return is not yet believed: not at all after the first failure, then
/// 1, 2, 4… seconds, a minute at most. Every quiet minute forgives one failure.
/// </summary>
internal sealed class FlapDamping
{
    internal const int First = 1_000;
    internal const int Longest = 60_000;
    internal const int Forgiveness = 60_000;

    private int _failures;
    private long _last;

    internal void Failed(long now)
    {
        _failures = Remaining(now) + 1;
        _last = now;
    }

    /// <summary>Milliseconds until a return at that time is reported.</summary>
    internal int Hold(long now)
    {
        int failures = Remaining(now);
        return failures < 2 ? 0 : Math.Min(Longest, First << Math.Min(failures - 2, 6));
    }

    private int Remaining(long now) =>
        _failures == 0 ? 0 : (int)Math.Max(0, Math.Min(_failures, 8) - ((now - _last) / Forgiveness));
}
