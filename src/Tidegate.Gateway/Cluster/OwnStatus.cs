using System.Collections.Immutable;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// How busy this gateway is, for operators who ask any member. Every change costs the whole cluster a message, so it is looked at every
/// few seconds, and told where it has changed by more than nobody cares about.
/// </summary>
internal sealed class OwnStatus : IDisposable
{
    /// <summary>How often it is looked at, and the time that the load is the mean of.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Per cent of a core that are worth telling.</summary>
    internal const int LoadStep = 10;

    // A fiftieth of the sessions is not worth telling.
    private const int SessionShare = 50;

    private readonly Func<int> _sessions;
    private readonly Action<GatewayStatus> _tell;
    private readonly TimeProvider _time;
    private readonly Func<TimeSpan> _used;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private GatewayStatus _told;
    private long _looked;
    private TimeSpan _usedThen;

    /// <param name="services">The services of this gateway.</param>
    /// <param name="tell">Told now, and where it has changed.</param>
    /// <param name="time">The clock.</param>
    internal OwnStatus(IReadOnlyCollection<Service> services, Action<GatewayStatus> tell, TimeProvider time)
        : this(() => services.Sum(service => service.Sessions), GatewayStatus.BalancersOf(services.Select(service => service.Configuration)), tell, time, () => Environment.CpuUsage.TotalTime)
    {
    }

    internal OwnStatus(Func<int> sessions, ImmutableArray<BalancerSettings> balancers, Action<GatewayStatus> tell, TimeProvider time, Func<TimeSpan> used)
    {
        _sessions = sessions;
        _tell = tell;
        _time = time;
        _used = used;
        _looked = time.GetTimestamp();
        _usedThen = used();
        _told = new GatewayStatus { Sessions = sessions(), Balancers = balancers };
        tell(_told);
        _timer = time.CreateTimer(_ => Look(), null, Interval, Interval);
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>Looks, and tells what has changed.</summary>
    internal void Look()
    {
        lock (_gate)
        {
            long now = _time.GetTimestamp();
            TimeSpan used = _used();
            TimeSpan passed = _time.GetElapsedTime(_looked, now);
            int load = passed > TimeSpan.Zero ? (int)Math.Round(100 * (used - _usedThen) / passed) : _told.Load;
            int sessions = _sessions();
            _looked = now;
            _usedThen = used;
            if (Math.Abs(load - _told.Load) >= LoadStep || Math.Abs(sessions - _told.Sessions) * (long)SessionShare > _told.Sessions)
            {
                if (load == _told.Load && sessions == _told.Sessions)
                {
                    return;
                }

                _told = _told with { Load = load, Sessions = sessions };
                _tell(_told);
            }
        }
    }
}
