namespace Tidegate.Membership.Discovery;

/// <summary>
/// When a member calls: five times a second for the first two seconds, then once in max(1, n/2) seconds, with jitter
/// (specification, section 5), so that the whole cluster calls about twice a second however large it is. Told the time by its caller.
/// </summary>
internal sealed class BeaconSchedule
{
    private const double Jitter = 0.25;

    private static readonly TimeSpan Burst = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BurstInterval = TimeSpan.FromMilliseconds(200);

    private readonly Random _random;
    private readonly TimeSpan _burstEnd;

    /// <param name="random">Makes the jitter.</param>
    /// <param name="now">The time of the first beacon, less a moment of chance.</param>
    internal BeaconSchedule(Random random, TimeSpan now)
    {
        _random = random;
        _burstEnd = now + Burst;
        Due = now + (BurstInterval * _random.NextDouble());
    }

    /// <summary>When the next beacon is due.</summary>
    internal TimeSpan Due { get; private set; }

    /// <summary>
    /// Notes that a beacon was sent. After a pause of the process that is one beacon and not all that were missed.
    /// </summary>
    internal void Sent(TimeSpan now, int members) => Due = now + (now < _burstEnd ? Jittered(BurstInterval) : Jittered(Interval(members)));

    /// <summary>Notes how many live members there are now: where they became fewer, the next beacon comes earlier.</summary>
    internal void MembersChanged(TimeSpan now, int members)
    {
        TimeSpan latest = now + (Interval(members) * (1 + Jitter));
        if (Due > latest)
        {
            Due = now + Jittered(Interval(members));
        }
    }

    private static TimeSpan Interval(int members) => TimeSpan.FromSeconds(Math.Max(1, members / 2.0));

    private TimeSpan Jittered(TimeSpan interval) => interval * (1 - Jitter + (2 * Jitter * _random.NextDouble()));
}
