using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>Exchanging whole states (annexes A3 and A5).</summary>
internal sealed partial class ProtocolCore
{
    private readonly Dictionary<int, Exchange> _exchanges = [];
    private int _exchange;

    /// <summary>True from when another's state has been merged.</summary>
    private bool _hasMerged;

    private sealed record Exchange(MemberAddress To, bool Join, MemberRecord? Partner, bool IsVouchedFor);

    /// <summary>Push/pulls that this member has started and that have not ended.</summary>
    internal int OpenExchanges => _exchanges.Count;

    private void OnPushPullTick()
    {
        _timers.Add(Now + ProtocolTiming.PushPull(_options.PushPullInterval, _table.Live), _ => OnPushPullTick());
        ExchangeWithAnyone();
    }

    private void ExchangeWithAnyone()
    {
        _table.Pick(_random, 1, _picked, static record => record.Status == MemberStatus.Alive && !record.IsSelf);
        if (_picked.Count == 1)
        {
            StartPushPull(_picked[0].Address, join: false, _picked[0]);
        }
    }

    private void StartPushPull(in MemberAddress to, bool join, MemberRecord? partner, bool isVouchedFor = true)
    {
        if (_exchanges.Count >= _options.MaximumExchanges)
        {
            Counters.ExchangesBeyondBound++;
            return;
        }

        int exchange = ++_exchange;
        _exchanges.Add(exchange, new Exchange(to, join, partner, isVouchedFor));
        _host.StartPushPull(exchange, to, join);
    }

    /// <summary>What this member tells in a push/pull, itself first.</summary>
    internal ClusterState LocalState(bool join)
    {
        StateEntry[] entries = new StateEntry[_table.Count];
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = _table[i].ToEntry();
        }

        return new ClusterState(join, entries, _host.UserState(join));
    }

    /// <summary>Another has opened a push/pull. Its state is merged first, so that the answer contains what it brought.</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Where the connection comes from; its port says nothing.</param>
    /// <param name="state">What it sent.</param>
    internal PushPullAnswer OnPushPullRequest(long now, in MemberAddress from, ClusterState state)
    {
        Observe(now);
        string? refusal = _leaving ? $"{_self.Name} is leaving" : ReasonToRefuse(from, state);
        if (refusal is not null)
        {
            Counters.PushPullsRefused++;
            _host.OnPushPullRefused(refusal);
            return new PushPullAnswer(null, refusal);
        }

        if (!_options.Has(Additions.MergeFirst))
        {
            ClusterState before = LocalState(state.Join);
            Merge(state, isVouchedFor: false);
            return new PushPullAnswer(before, null);
        }

        Merge(state, isVouchedFor: false);
        return new PushPullAnswer(LocalState(state.Join), null);
    }

    /// <summary>The other side of a push/pull that this member started has sent its state.</summary>
    internal void OnPushPullAnswer(long now, int exchange, ClusterState state)
    {
        Observe(now);
        if (!_exchanges.Remove(exchange, out Exchange? ended))
        {
            return;
        }

        string? refusal = VersionCheck.Refuse(state.Entries, _table);
        if (refusal is not null)
        {
            Counters.PushPullsRefused++;
            _host.OnPushPullRefused(refusal);
            return;
        }

        Merge(state, ended.IsVouchedFor);

        // After merging: what the state said may have settled what its answering would settle.
        Reached();
        Heard(ended.Partner);
        if (ended.Join)
        {
            AskAgainAfterJoining();
        }
    }

    /// <summary>A push/pull that this member started has come to nothing.</summary>
    /// <param name="now">The time.</param>
    /// <param name="exchange">Which.</param>
    /// <param name="refusal">The text of the error that the other side sent, or null.</param>
    internal void OnPushPullFailed(long now, int exchange, string? refusal)
    {
        Observe(now);
        if (_exchanges.Remove(exchange) && refusal is not null)
        {
            Counters.PushPullsRefused++;
            _host.OnPushPullRefused(refusal);
        }
    }

    private string? ReasonToRefuse(in MemberAddress from, ClusterState state)
    {
        string? versions = VersionCheck.Refuse(state.Entries, _table);
        if (versions is not null)
        {
            return versions;
        }

        if (state.Entries.Count > 0 && state.Entries[0] is { Status: MemberStatus.Alive } first && IsSameHost(first.Address, from)
            && _host.Refuse(first.Name, first.Address, first.Meta) is { } reason)
        {
            // Tidegate puts itself first. An agent may have a stranger there, but not one at its own address.
            return reason;
        }

        if (state.Join)
        {
            foreach (StateEntry entry in state.Entries)
            {
                if (entry.Status == MemberStatus.Alive && _table.Find(entry.Name) is { IsAlive: true } holder && holder.Address != entry.Address)
                {
                    Counters.NameConflicts++;
                    return $"{NameConflict.Prefix}'{entry.Name}' is the name of a member at {holder.Address}, so the one at {entry.Address} needs another";
                }
            }
        }

        return null;
    }

    private static bool IsSameHost(in MemberAddress left, in MemberAddress right) =>
        left.IsUsable && right.IsUsable && left.ToEndPoint().Address.Equals(right.ToEndPoint().Address);

    private void Merge(ClusterState state, bool isVouchedFor)
    {
        bool healthy = false;
        foreach (StateEntry entry in state.Entries)
        {
            if (entry.Incarnation > MaximumIncarnation)
            {
                Counters.BadMessages++;
                continue;
            }

            switch (entry.Status)
            {
                case MemberStatus.Alive:
                    healthy |= entry.Name != _self.Name;
                    OnAlive(new AliveMessage(entry.Incarnation, entry.Name, entry.Address.Raw, entry.Address.Port, entry.Meta, entry.Versions), isVouchedFor);
                    break;
                case MemberStatus.Left:
                    OnDead(new DeadMessage(entry.Incarnation, entry.Name, entry.Name));
                    break;
                default:
                    OnAccusedInState(entry);
                    break;
            }
        }

        _hasMerged = true;
        if (state.UserState.Length > 0)
        {
            _host.MergeUserState(state.UserState, state.Join);
        }

        if (healthy)
        {
            _guard.Exchanged(Now);
        }
    }

    /// <summary>
    /// The other side suspects or has buried somebody. Whoever is alive here is told so directly, and refutes; only if it does
    /// not answer is it suspected here, too. So the states of two halves that meet again start no wave of suspicions.
    /// </summary>
    private void OnAccusedInState(StateEntry entry)
    {
        MemberRecord? record = _table.Find(entry.Name);
        if (record is { IsSelf: false, Status: MemberStatus.Alive } && entry.Incarnation >= record.Incarnation
            && _options.Has(Additions.Verify) && entry.Status == MemberStatus.Dead)
        {
            if (record.Verification is null)
            {
                Verify(record, new Verification(VerifyReason.State, entry.Incarnation, _self.Name, Now));
            }

            return;
        }

        if (record is { IsPrivate: true, Status: MemberStatus.Dead } && entry.Status == MemberStatus.Dead && entry.Incarnation >= record.Incarnation)
        {
            _table.SetStatus(record, MemberStatus.Dead, Now);
            return;
        }

        OnSuspect(new SuspectMessage(entry.Incarnation, entry.Name, _self.Name));
    }
}
