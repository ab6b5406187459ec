namespace Tidegate.Membership.Discovery;

/// <summary>How long to wait before another try: a second, then half as long again each time, up to a bound, with jitter.</summary>
/// <param name="maximum">The bound, before jitter.</param>
internal struct BackOff(TimeSpan maximum)
{
    private const double Growth = 1.5;

    /// <summary>Each wait is this share shorter or longer, at random, so that members do not try in step.</summary>
    private const double Jitter = 0.2;

    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    private TimeSpan _next = First;

    /// <summary>The wait after a failure.</summary>
    internal TimeSpan Next(Random random)
    {
        TimeSpan wait = _next;
        _next = wait * Growth < maximum ? wait * Growth : maximum;
        return wait * (1 - Jitter + (2 * Jitter * random.NextDouble()));
    }

    /// <summary>After a success the next failure begins anew.</summary>
    internal void Reset() => _next = First;
}
