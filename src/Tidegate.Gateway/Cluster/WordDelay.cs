namespace Tidegate.Gateway.Cluster;

/// <summary>
/// How much longer than usual a member's word took to come here. Its clock and this one need not agree: the word that came fastest lately
/// is what the others are measured by. To be used by one thread at a time.
/// </summary>
internal sealed class WordDelay(TimeProvider time)
{
    /// <summary>For how long at least the fastest word counts; clocks drift apart by less than a millisecond in it.</summary>
    internal static readonly TimeSpan Turn = TimeSpan.FromSeconds(10);

    private readonly long _began = time.GetTimestamp();
    private long _turnedAt = time.GetTimestamp();
    private TimeSpan? _least;
    private TimeSpan? _leastBefore;

    /// <summary>How late a word is that comes now.</summary>
    /// <param name="said">When it was said, by the member's clock; null from a member that does not tell it.</param>
    /// <returns>From nothing to <see cref="TargetMemory.Patience"/>, also where the member's clock was set anew.</returns>
    internal TimeSpan Late(TimeSpan? said)
    {
        if (said is not { } then)
        {
            return TimeSpan.Zero;
        }

        if (time.GetElapsedTime(_turnedAt) >= Turn)
        {
            _turnedAt = time.GetTimestamp();
            (_leastBefore, _least) = (_least, null);
        }

        TimeSpan apart = time.GetElapsedTime(_began) - then;
        _least = _least < apart ? _least : apart;
        TimeSpan late = apart - (_leastBefore < _least ? _leastBefore.Value : _least.Value);
        return late < TargetMemory.Patience ? late : TargetMemory.Patience;
    }
}
