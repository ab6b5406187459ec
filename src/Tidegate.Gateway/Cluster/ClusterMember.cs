using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;
using Tidegate.Membership;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// This gateway as a member of its cluster: joins, tells the others what it offers to balancers and how it is, and leaves. What the
/// others tell is in <see cref="OtherMembers"/>, and what operators read in <see cref="ClusterLog"/>.
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
    private readonly ClusterLog _log;
    private readonly OtherMembers _others;
    private readonly DifferenceWatch _differences;
    private readonly Lock _gate = new();
    private ImmutableArray<BalanceTarget> _targets = [];
    private GatewayStatus _status = new();
    private ImmutableArray<SessionEntrance> _entrances = [];
    private ReadOnlyMemory<byte> _used;
    private SharedUses? _uses;
    private bool _closed;

    private ClusterMember(Member member, BalanceMap map, ClusterLog log, TimeProvider time)
    {
        _member = member;
        _map = map;
        _log = log;
        _others = new OtherMembers(member, map, log);
        _differences = new DifferenceWatch(Compare, log.Differs, time);
    }

    /// <summary>Where this member listens.</summary>
    internal IPEndPoint EndPoint => _member.EndPoint;

    /// <summary>What members call it among themselves.</summary>
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
            ClusterPlaces places = await ClusterAddresses.ResolveAllAsync(cluster.Accepts, cancellation).ConfigureAwait(false);
            Member member = await Member.StartAsync(
                new MemberOptions
                {
                    ClusterName = cluster.Name,
                    Listen = places.Listens[0],
                    AdditionalListens = places.Listens[1..],
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
            var self = new ClusterMember(member, map, new ClusterLog(map, time, logger), time);
            self._log.Started(member.EndPoints, places.LeftOut, isSealed: keys.Length > 0);
            member.QueryReceived += self.OnQuery;
            self._others.Begin();
            _ = self.FollowStopAsync();
            return self;
        }
        catch (Exception exception) when (exception is GatewayStartException or ArgumentException or IOException or InvalidOperationException)
        {
            // .NET adds which of the program's own parameters was wrong, which is no operator's business.
            string message = exception is ArgumentException { ParamName: { } name } ? exception.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : exception.Message;
            throw NotStarted(cluster.Position, message, exception);
        }
    }

    /// <summary>What operators know a member at this address by.</summary>
    internal static string IdOf(IPEndPoint endPoint) => $"/{endPoint}";

    /// <summary>Whether a member only watches.</summary>
    internal static bool IsObserver(MemberInfo member) => member.Tags.ContainsKey(ObserverTag);

    /// <summary>Whether a member is a gateway that is announced.</summary>
    internal static bool IsGateway(MemberInfo member) => member.Tags.GetValueOrDefault(GatewayTag) == "1" && !IsObserver(member);

    /// <summary>The old gateway's words for a cluster that can not be.</summary>
    internal const string NotInitialized = "Unable to initialize cluster due to an exception: ";

    /// <summary>The same as what keeps this gateway from starting.</summary>
    internal static GatewayStartException NotStarted(SourcePosition place, string reason, Exception? cause = null) =>
        new($"{place}: {NotInitialized}{reason}", cause!);

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
                _log.MapChanged();
            }

            _targets = targets;
            Publish();
        }
    }

    /// <summary>Tells the others where sessions of this gateway live that are made of many requests.</summary>
    internal void Admit(ImmutableArray<SessionEntrance> entrances)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _entrances = entrances;
                Publish();
            }
        }
    }

    /// <summary>From now on the members tell each other what is good once and has been used.</summary>
    internal void Share(UsedOnce used, TimeProvider time)
    {
        _uses = new SharedUses(used, Tell, time);
        _others.Follow(_uses);
    }

    /// <summary>Tells the others how busy this gateway is, in place of what it told before.</summary>
    internal void Report(GatewayStatus status)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _status = status with { IsDraining = _status.IsDraining };
                Publish();
            }
        }
    }

    /// <summary>Tells the others that this gateway is on its way out. What it offers is not withdrawn by this.</summary>
    internal void BeginDraining()
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _status = _status with { IsDraining = true };
                Publish();
            }
        }
    }

    /// <summary>Everyone as operators are shown it, those that failed or left lately too; null where this gateway has had to leave.</summary>
    internal IEnumerable<ObservedMember>? Observe() =>
        _member.Stopped.IsCompleted ? null : ObservedMember.AllOf(_member.View);

    /// <summary>Says good-bye, and returns when the others know, or after some seconds.</summary>
    internal async Task LeaveAsync(CancellationToken cancellation)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bound.CancelAfter(s_leaving);
        try
        {
            if (await _member.LeaveAsync(bound.Token).ConfigureAwait(false) == LeaveResult.TimedOut)
            {
                _log.LeftUnheard(Id);
            }
        }
        catch (OperationCanceledException)
        {
            _log.LeftUnheard(Id);
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

        _uses?.Dispose();
        _differences.Dispose();
        _others.Close();
        _log.Dispose();
        return _member.DisposeAsync();
    }

    private IEnumerable<BalanceDifference> Compare()
    {
        ComparedMember self;
        lock (_gate)
        {
            self = new ComparedMember(Id, _status, _targets);
        }

        return BalanceDifferences.Among([self, .. _others.Compared]);
    }

    private async Task FollowStopAsync()
    {
        string reason = await _member.Stopped.ConfigureAwait(false);
        _log.Stopped(reason);
        _others.Clear();
    }

    private void Tell(ReadOnlyMemory<byte> used)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _used = used;
                Publish();
            }
        }
    }

    private void Publish()
    {
        try
        {
            byte[] record = BalanceRecord.Write(_targets, _status, _entrances, _used);
            // What is told to help goes before what has to be told.
            _member.Publish(record.Length <= BalanceRecord.MaximumBytes ? record : BalanceRecord.Write(_targets, _status, _entrances));
        }
        catch (InvalidOperationException)
        {
            // It had to stop, which has been said.
        }
    }
}
