using System.Collections.Immutable;
using System.Net;
using Tidegate.Membership;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// The other gateways of the cluster, as their records tell: keeps the <see cref="BalanceMap"/> up to date, and has operators told who
/// comes and goes. Serf agents and those who only look are left out.
/// </summary>
internal sealed class OtherMembers(Member member, BalanceMap map, ClusterLog log)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Seen> _online = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unreadable = [];
    private SharedUses? _uses;
    private bool _closed;

    /// <summary>What they say of themselves.</summary>
    internal ImmutableArray<ComparedMember> Compared
    {
        get
        {
            lock (_gate)
            {
                return [.. _online.Values.Select(one => new ComparedMember(ClusterMember.IdOf(one.EndPoint), one.Status, one.Targets))];
            }
        }
    }

    /// <summary>Begins to follow them.</summary>
    internal void Begin()
    {
        member.MemberChanged += OnChanged;
        lock (_gate)
        {
            // Who came before anybody listened to changes.
            foreach (MemberInfo one in member.View.Alive.Where(one => !one.IsSelf))
            {
                See(one);
            }

            LogState();
        }
    }

    /// <summary>Hears from them, too, what is good once and has been used.</summary>
    internal void Follow(SharedUses uses)
    {
        lock (_gate)
        {
            _uses = uses;
            foreach (MemberInfo one in member.View.Alive.Where(one => !one.IsSelf && ClusterMember.IsGateway(one)))
            {
                Learn(one);
            }
        }
    }

    /// <summary>Follows them no more.</summary>
    internal void Close()
    {
        member.MemberChanged -= OnChanged;
        lock (_gate)
        {
            _closed = true;
        }
    }

    /// <summary>Nobody is there any more, since this gateway had to leave.</summary>
    internal void Clear()
    {
        lock (_gate)
        {
            foreach (string name in _online.Keys)
            {
                map.Set(name, []);
                map.Owners.Set(name, []);
            }

            _online.Clear();
        }
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

    private void See(MemberInfo other)
    {
        if (!ClusterMember.IsGateway(other))
        {
            return;
        }

        bool isNew = !_online.ContainsKey(other.Name);
        ImmutableArray<BalanceTarget> targets = TargetsOf(other);
        _online[other.Name] = new Seen(other.EndPoint, targets, other.Record is { } record ? BalanceRecord.TryReadStatus(record.Span) : null);
        bool changed = map.Set(other.Name, targets);
        map.Owners.Set(other.Name, EntrancesOf(other));
        Learn(other);
        if (isNew)
        {
            log.Online(other.EndPoint);
            LogState();
        }
        else if (changed)
        {
            log.MapChanged();
        }
    }

    private void Learn(MemberInfo other)
    {
        if (_uses is not null && other.Record is { } record)
        {
            _uses.Learn(BalanceRecord.ReadUsed(record.Span).Span);
        }
    }

    private void Lose(string name)
    {
        if (!_online.Remove(name, out Seen? seen))
        {
            return;
        }

        _unreadable.Remove(name);
        map.Set(name, []);
        map.Owners.Set(name, []);
        map.Departures.Tell(name);
        log.Down(seen.EndPoint);
        LogState();
    }

    private ImmutableArray<BalanceTarget> TargetsOf(MemberInfo other)
    {
        if (other.Record is not { } record)
        {
            return [];
        }

        if (BalanceRecord.TryRead(record.Span) is not { } targets)
        {
            if (_unreadable.Add(other.Name))
            {
                log.Unreadable(other.EndPoint);
            }

            return [];
        }

        return [.. targets.Select(target => target with
        {
            At = [.. target.At.Where(at => MayServe(at, other))],
        })];
    }

    private ImmutableArray<SessionEntrance> EntrancesOf(MemberInfo other) =>
        other.Record is { } record ? [.. BalanceRecord.ReadEntrances(record.Span).Where(entrance => MayServe(entrance.At, other))] : [];

    private bool MayServe(IPEndPoint at, MemberInfo other) => ClusterAddresses.MayServe(at.Address, other.EndPoint.Address, member.EndPoint.Address);

    private void LogState() => log.State([member.EndPoint, .. _online.Values.Select(one => one.EndPoint)]);

    private sealed record Seen(IPEndPoint EndPoint, ImmutableArray<BalanceTarget> Targets, GatewayStatus? Status);
}
