namespace Tidegate.Engine.Loops;

/// <summary>
/// Decides whether a loop that has nothing to do looks again for a moment before it sleeps. To sleep and be woken costs some
/// microseconds, more in a virtual machine, so under load it pays to wait awake; while events are rare it would be waste.
/// </summary>
/// <remarks>
/// Sleeps that turn out to be short, and looks that find something, speak for it; the others count twice against it. So it is
/// done while at least two of three idle moments are short ones.
/// </remarks>
internal sealed class SpinPolicy
{
    private const int Most = 8;
    private const int Enough = 4;
    private readonly long _limit;
    private int _score;

    /// <param name="limit">How long is looked at most, in units of the caller's clock. 0: never.</param>
    internal SpinPolicy(long limit) => _limit = limit;

    /// <summary>Whether to look before sleeping now.</summary>
    internal bool ShouldSpin => _score >= Enough;

    /// <summary>Whether to stop looking, so long after having begun.</summary>
    internal bool IsOver(long elapsed) => elapsed >= _limit;

    /// <summary>The loop slept so long, without having looked before.</summary>
    internal void Slept(long elapsed)
    {
        // Half of a short sleep may be the time that falling asleep and waking take.
        if (_limit > 0)
        {
            Count(elapsed <= 2 * _limit);
        }
    }

    /// <summary>The loop looked, and found something or not.</summary>
    internal void Spun(bool found) => Count(found);

    private void Count(bool isShort) => _score = isShort ? Math.Min(Most, _score + 1) : Math.Max(0, _score - 2);
}
