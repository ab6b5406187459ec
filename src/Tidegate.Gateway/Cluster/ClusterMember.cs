using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;
using Tidegate.Membership;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// This gateway as a member of its cluster: tells the others what it offers to balancers, keeps the <see cref="BalanceMap"/> as the
/// others tell it, and tells operators who comes and goes.
/// </summary>
internal sealed partial class ClusterMember : IAsyncDisposable
{
    /// <summary>The tag of members that only watch: they are not announced, and offer nothing.</summary>
    internal const string ObserverTag = "observer";

    /// <summary>The tag that says which version of Tidegate a member is.</summary>
    internal const string VersionTag = "version";

    /// <summary>The tag that says when a member was started, in seconds since 1970.</summary>
    internal const string SinceTag = "since";

    // The membership library gives this tag to all of its members; Serf agents lack it.
    private const string GatewayTag = "tg";

    // The library needs about ten seconds where nobody acknowledges; an operator who stops a gateway does not wait for that.
    private static readonly TimeSpan s_leaving = TimeSpan.FromSeconds(5);

    private static readonly string s_version =
        System.Reflection.CustomAttributeExtensions.GetCustomAttribute<System.Reflection.AssemblyInformationalVersionAttribute>(typeof(ClusterMember).Assembly)?.InformationalVersion.Split('+')[0] ?? "unknown";

    private readonly Member _member;
    private readonly BalanceMap _map;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, IPEndPoint> _online = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unreadable = [];
    private bool _closed;

    private ClusterMember(Member member, BalanceMap map, ILogger logger)
    {
        _member = member;
        _map = map;
        _logger = logger;
    }

    /// <summary>Where this member listens.</summary>
    internal IPEndPoint EndPoint => _member.EndPoint;

    /// <summary>What the other members know it by.</summary>
    internal string Name => _member.Name;

    /// <summary>What operators know a member by: <c>/192.168.2.10:5942</c>.</summary>
    internal string Id => IdOf(_member.EndPoint);

    /// <summary>Joins, or waits to be joined: returns when this member listens.</summary>
    /// <exception cref="GatewayStartException">It can not listen.</exception>
    internal static async Task<ClusterMember> StartAsync(
        ClusterConfiguration cluster, string[] keys, BalanceMap map, TimeProvider time, ILogger logger, CancellationToken cancellation)
    {
        try
        {
            IPEndPoint listen = await ClusterAddresses.ResolveAsync(cluster.Accepts[0], cancellation).ConfigureAwait(false);
            Member member = await Member.StartAsync(
                new MemberOptions
                {
                    ClusterName = cluster.Name,
                    Listen = listen,
                    Discovery = [.. cluster.Connects.Select(connect => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{connect.Scheme}://{connect.Host}:{connect.Port}"))],
                    Keys = keys,
                    Tags = new Dictionary<string, string>
                    {
                        [VersionTag] = s_version,
                        [SinceTag] = time.GetUtcNow().ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture),
                    },
                    LoggerFactory = new MembershipLoggers(logger),
                    TimeProvider = time,
                },
                cancellation).ConfigureAwait(false);
            var self = new ClusterMember(member, map, logger);
            self.Begin(isSealed: keys.Length > 0);
            return self;
        }
        catch (Exception exception) when (exception is GatewayStartException or ArgumentException or IOException or InvalidOperationException)
        {
            // .NET adds which of the program's own parameters was wrong, which is no operator's business.
            string message = exception is ArgumentException { ParamName: { } name } ? exception.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : exception.Message;
            throw NotStarted(cluster, message, exception);
        }
    }

    /// <summary>What operators know a member at this address by.</summary>
    internal static string IdOf(IPEndPoint endPoint) => $"/{endPoint}";

    /// <summary>Whether a member only watches.</summary>
    internal static bool IsObserver(MemberInfo member) => member.Tags.ContainsKey(ObserverTag);

    /// <summary>The old gateway's words for a cluster that can not be.</summary>
    internal const string NotInitialized = "Unable to initialize cluster due to an exception: ";

    /// <summary>The same as what keeps this gateway from starting.</summary>
    internal static GatewayStartException NotStarted(ClusterConfiguration cluster, string reason, Exception? cause = null) =>
        new($"{cluster.Position}: {NotInitialized}{reason}", cause!);

    /// <summary>Has this member seal with the first of these keys, and open with each.</summary>
    internal void ReplaceKeys(string[] keys) => _member.Keys.ReplaceOwn(keys);

    /// <summary>Tells the others what this gateway offers, in place of what it offered before.</summary>
    internal void Offer(ImmutableArray<BalanceTarget> targets)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            if (_map.Set(_member.Name, targets))
            {
                LogBalances();
            }

            try
            {
                if (targets.IsEmpty)
                {
                    _member.Withdraw();
                }
                else
                {
                    _member.Publish(BalanceRecord.Write(targets));
                }
            }
            catch (InvalidOperationException)
            {
                // It had to stop, which has been said.
            }
        }
    }

    /// <summary>Everyone as operators are shown it, those that failed or left lately too; null where this gateway has had to leave.</summary>
    internal IEnumerable<ObservedMember>? Observe() =>
        _member.Stopped.IsCompleted ? null : _member.View.Members.Where(one => !IsObserver(one)).Select(ObservedMember.Of);

    /// <summary>Says good-bye, and returns when the others know, or after some seconds.</summary>
    internal async Task LeaveAsync(CancellationToken cancellation)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bound.CancelAfter(s_leaving);
        try
        {
            if (await _member.LeaveAsync(bound.Token).ConfigureAwait(false) == LeaveResult.TimedOut)
            {
                LogLeftUnheard(Id);
            }
        }
        catch (OperationCanceledException)
        {
            LogLeftUnheard(Id);
        }
        catch (InvalidOperationException)
        {
            // It had stopped before.
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _closed = true;
        }

        return _member.DisposeAsync();
    }


    private void Begin(bool isSealed)
    {
        LogStarted(_member.EndPoint.Address, _member.EndPoint.Port, Id);
        if (!isSealed && !IPAddress.IsLoopback(_member.EndPoint.Address))
        {
            LogOpen(ClusterKeys.Variable);
        }

        _member.MemberChanged += OnChanged;
        lock (_gate)
        {
            // Who came before anybody listened to changes.
            foreach (MemberInfo member in _member.View.Alive.Where(member => !member.IsSelf))
            {
                See(member);
            }

            LogState();
        }

        _ = FollowStopAsync();
    }

    private void OnChanged(MemberEvent change)
    {
        lock (_gate)
        {
            if (_closed || change.Member.IsSelf)
            {
                return;
            }

            if (change.Kind is MemberEventKind.Left or MemberEventKind.Failed or MemberEventKind.Forgotten)
            {
                Lose(change.Member.Name);
            }
            else if (change.Member.State is MemberState.Alive or MemberState.Leaving)
            {
                See(change.Member);
            }
        }
    }

    private void See(MemberInfo member)
    {
        if (member.Tags.GetValueOrDefault(GatewayTag) != "1" || IsObserver(member))
        {
            return;
        }

        bool isNew = !_online.ContainsKey(member.Name);
        _online[member.Name] = member.EndPoint;
        bool changed = _map.Set(member.Name, TargetsOf(member));
        if (isNew)
        {
            LogOnline(IdOf(member.EndPoint));
            LogState();
        }
        else if (changed)
        {
            LogBalances();
        }
    }

    private void Lose(string name)
    {
        if (!_online.Remove(name, out IPEndPoint? endPoint))
        {
            return;
        }

        _unreadable.Remove(name);
        _map.Set(name, []);
        LogDown(IdOf(endPoint));
        LogState();
    }

    private ImmutableArray<BalanceTarget> TargetsOf(MemberInfo member)
    {
        if (member.Record is not { } record)
        {
            return [];
        }

        if (BalanceRecord.TryRead(record.Span) is not { } targets)
        {
            if (_unreadable.Add(member.Name))
            {
                LogUnreadable(IdOf(member.EndPoint));
            }

            return [];
        }

        return [.. targets.Select(target => target with
        {
            At = [.. target.At.Where(at => ClusterAddresses.MayServe(at.Address, member.EndPoint.Address, EndPoint.Address))],
        })];
    }

    private async Task FollowStopAsync()
    {
        string reason = await _member.Stopped.ConfigureAwait(false);
        lock (_gate)
        {
            LogStopped(reason.TrimEnd('.'));
            foreach (string name in _online.Keys.ToArray())
            {
                _online.Remove(name);
                _map.Set(name, []);
            }
        }
    }

    private void LogState()
    {
        LogMembers();
        LogMember(Id);
        foreach (IPEndPoint endPoint in _online.Values)
        {
            LogMember(IdOf(endPoint));
        }

        LogBalances();
    }

    private void LogBalances()
    {
        LogMap();
        foreach ((string balance, IEnumerable<string> targets) in _map.Describe())
        {
            LogBalance(balance, string.Join(", ", targets));
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Cluster Member started: IP Address: {Address}; Port: {Port}; id: {Id}")]
    private partial void LogStarted(IPAddress address, int port, string id);

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
}
