namespace Tidegate.Gateway.Cluster;

/// <summary>
/// Warns of members whose balance settings differ, once for each difference that stays: while members are restarted one after another
/// with new settings there are some for a moment.
/// </summary>
internal sealed class DifferenceWatch : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(5);
    // A member that thinks of new ones all the time must not fill the log.
    private const int MaximumWarnings = 10;

    private readonly Func<IEnumerable<BalanceDifference>> _find;
    private readonly Action<BalanceDifference> _warn;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private HashSet<BalanceDifference> _before = [];
    private HashSet<BalanceDifference> _warned = [];

    internal DifferenceWatch(Func<IEnumerable<BalanceDifference>> find, Action<BalanceDifference> warn, TimeProvider time)
    {
        _find = find;
        _warn = warn;
        _timer = time.CreateTimer(_ => Look(), null, s_interval, s_interval);
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>Looks; what was there the last time, too, is warned of.</summary>
    internal void Look()
    {
        lock (_gate)
        {
            HashSet<BalanceDifference> now = [.. _find()];
            var warned = new HashSet<BalanceDifference>(_warned.Where(now.Contains));
            foreach (BalanceDifference one in now.Where(_before.Contains).Where(one => !warned.Contains(one)).Take(MaximumWarnings).ToArray())
            {
                warned.Add(one);
                _warn(one);
            }

            _before = now;
            _warned = warned;
        }
    }
}
