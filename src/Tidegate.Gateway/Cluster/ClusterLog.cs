using System.Net;
using Microsoft.Extensions.Logging;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// The lines about the cluster that operators search for. The balance map is written where it is another one, or where members have come
/// or gone, and once a second at most: a member that changes its mind all the time must not fill the log. Its last state is always written.
/// </summary>
internal sealed partial class ClusterLog : IDisposable
{
    /// <summary>The time between two maps.</summary>
    internal static readonly TimeSpan MapInterval = TimeSpan.FromSeconds(1);

    private readonly BalanceMap _map;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private string[]? _written;
    private long _writtenAt;
    private bool _isDue;
    private bool _isWanted;

    internal ClusterLog(BalanceMap map, TimeProvider time, ILogger logger)
    {
        _map = map;
        _time = time;
        _logger = logger;
        _timer = time.CreateTimer(_ => WriteDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Writes what is still due.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        WriteDue();
    }

    /// <summary>This member listens.</summary>
    /// <param name="at">Where; the others are told of the first.</param>
    /// <param name="leftOut">Where it should listen, too, and the system does not let it.</param>
    /// <param name="isSealed">Whether it encrypts.</param>
    internal void Started(IReadOnlyList<IPEndPoint> at, IEnumerable<IPAddress> leftOut, bool isSealed)
    {
        LogStarted(at[0].Address, at[0].Port, ClusterMember.IdOf(at[0]));
        if (at.Count > 1)
        {
            LogAlsoAt(string.Join(", ", at.Skip(1).Select(ClusterMember.IdOf)));
        }

        foreach (IPAddress address in leftOut)
        {
            LogLeftOut(address);
        }

        if (!isSealed && !at.All(one => IPAddress.IsLoopback(one.Address)))
        {
            LogOpen(ClusterKeys.Variable);
        }
    }

    internal void Online(IPEndPoint member) => LogOnline(ClusterMember.IdOf(member));

    internal void Down(IPEndPoint member) => LogDown(ClusterMember.IdOf(member));

    internal void Unreadable(IPEndPoint member) => LogUnreadable(ClusterMember.IdOf(member));

    internal void LeftUnheard(string member) => LogLeftUnheard(member);

    internal void Stopped(string reason) => LogStopped(reason.TrimEnd('.'));

    internal void Differs(BalanceDifference difference) => LogDiffers(difference.Id, difference.What);

    /// <summary>Who is there now, and where clients can be sent.</summary>
    internal void State(IEnumerable<IPEndPoint> members)
    {
        LogMembers();
        foreach (IPEndPoint member in members)
        {
            LogMember(ClusterMember.IdOf(member));
        }

        lock (_gate)
        {
            _isWanted = true;
            Ask();
        }
    }

    /// <summary>The map may be another one.</summary>
    internal void MapChanged()
    {
        lock (_gate)
        {
            Ask();
        }
    }

    private void Ask()
    {
        if (_isDue)
        {
            return;
        }

        TimeSpan left = _written is null ? TimeSpan.Zero : MapInterval - _time.GetElapsedTime(_writtenAt);
        _isDue = true;
        if (left <= TimeSpan.Zero)
        {
            WriteDue();
        }
        else
        {
            _timer.Change(left, Timeout.InfiniteTimeSpan);
        }
    }

    private void WriteDue()
    {
        lock (_gate)
        {
            if (!_isDue)
            {
                return;
            }

            _isDue = false;
            (string Balance, string Targets)[] map = [.. _map.Describe().Select(one => (one.Balance, string.Join(", ", one.Targets)))];
            string[] now = [.. map.Select(one => $"{one.Balance} {one.Targets}")];
            if (!_isWanted && _written is not null && now.SequenceEqual(_written))
            {
                return;
            }

            _isWanted = false;
            _written = now;
            _writtenAt = _time.GetTimestamp();
            LogMap();
            foreach ((string balance, string targets) in map)
            {
                LogBalance(balance, targets);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Cluster Member started: IP Address: {Address}; Port: {Port}; id: {Id}")]
    private partial void LogStarted(IPAddress address, int port, string id);

    [LoggerMessage(Level = LogLevel.Information, Message = "The cluster's members reach this gateway also at {Places}")]
    private partial void LogAlsoAt(string places);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cluster's members do not reach this gateway at {Address}: its interface has this address, but the system does not let it be used yet. Start the gateway again if it is needed, or name in <accept> of <cluster> the addresses that are")]
    private partial void LogLeftOut(IPAddress address);

    [LoggerMessage(Level = LogLevel.Information, Message = "Cluster member {Member} is now online")]
    private partial void LogOnline(string member);

    [LoggerMessage(Level = LogLevel.Information, Message = "Cluster member {Member} is down")]
    private partial void LogDown(string member);

    [LoggerMessage(Level = LogLevel.Information, Message = "Current cluster members:")]
    private partial void LogMembers();

    [LoggerMessage(Level = LogLevel.Information, Message = "      member: {Member}")]
    private partial void LogMember(string member);

    [LoggerMessage(Level = LogLevel.Information, Message = "Current shared balancer map:")]
    private partial void LogMap();

    [LoggerMessage(Level = LogLevel.Information, Message = "     balance URI: {Balance}    target list: [{Targets}]")]
    private partial void LogBalance(string balance, string targets);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cluster has no key: whoever can send packets to this member can join, and read what members say. Make one with ./tidegate keygen, and give it to all members in <key-file> or {Variable}")]
    private partial void LogOpen(string variable);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What cluster member {Member} offers to balancers can not be read, so nobody is sent there: it is another version of Tidegate, or another program")]
    private partial void LogUnreadable(string member);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cluster member {Member} leaves without knowing whether the others have heard it; they notice by themselves")]
    private partial void LogLeftUnheard(string member);

    [LoggerMessage(Level = LogLevel.Error, Message = "This gateway has left the cluster and goes on alone: {Reason}. Mend that and start it again")]
    private partial void LogStopped(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cluster member {Member} was started with other balance settings than the rest: it {What}. Give all members the same ones")]
    private partial void LogDiffers(string member, string what);
}
