using System.Diagnostics.CodeAnalysis;
using System.Text;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>Members: what the core sees of them, and what they intend.</summary>
internal sealed partial class SerfLayer
{
    private Action<bool>? _leaveSpread;
    private long _leaveDeadline;
    private bool _leaving;
    private OwnQuery? _conflictVote;

    /// <summary>A member has appeared, or has come back after it was down. Oneself too, at the start.</summary>
    internal void MemberUp(SerfPeer peer)
    {
        SerfMember member = _table.Up(peer, _host.Now);
        Counters.UnreadableTags += member.HasUnreadableTags ? 1 : 0;
        _registry?.MemberChanged(peer);
    }

    /// <summary>A member's tags, versions or address have changed while it was up.</summary>
    internal void MemberUpdated(SerfPeer peer)
    {
        _table.Update(peer);
        _registry?.MemberChanged(peer);
    }

    /// <summary>A member is dead, or has left: here its intent tells which.</summary>
    internal void MemberDown(string name)
    {
        _registry?.MemberDown(name);
        _table.Down(name, _host.Now);
    }

    /// <summary>The core has dropped its entry, a day or so after the member went down.</summary>
    internal void MemberDropped(string name)
    {
        _registry?.MemberDropped(name);
        _table.Drop(name);
    }

    /// <summary>Changes one's own tags.</summary>
    /// <exception cref="ArgumentException">They do not fit the 512 bytes that metadata may have.</exception>
    internal void SetTags(IReadOnlyDictionary<string, string> tags) => _host.SetMeta(MetaOf(tags));

    /// <summary>One's own metadata with these tags: the cluster's name comes with them, and what says that one has a registry.</summary>
    /// <exception cref="ArgumentException">They do not fit the 512 bytes that metadata may have.</exception>
    internal RawBytes MetaOf(IReadOnlyDictionary<string, string> tags)
    {
        Dictionary<string, string> all = new(tags);
        if (_options.ClusterName is not null)
        {
            all[Tags.ClusterName] = _options.ClusterName;
        }

        if (_registry is not null)
        {
            all[Tags.Gateway] = "1";
        }

        return Tags.Write(all);
    }

    /// <summary>
    /// Whether a member with this metadata may be in this cluster. One of another name may not: its push/pull is to be answered with the reason, and what
    /// others say of it is to be skipped, so that a guest cannot bridge two clusters. One without a name, as agents are, is a welcome guest.
    /// </summary>
    /// <param name="name">The member's name.</param>
    /// <param name="meta">Its metadata.</param>
    /// <param name="refusal">Why not; null where it may.</param>
    internal bool Admits(string name, RawBytes meta, [NotNullWhen(false)] out string? refusal)
    {
        refusal = null;
        if (_options.ClusterName is not string own || !Tags.TryRead(meta, out IReadOnlyDictionary<string, string> tags)
            || !tags.TryGetValue(Tags.ClusterName, out string? other) || other == own)
        {
            return true;
        }

        Counters.OtherClusters++;
        refusal = $"{name} belongs to the cluster {other}, and this is the cluster {own}.";
        return false;
    }

    /// <summary>Tells everyone that this member is here to stay. To be called after a join by command has succeeded, not after a reconnect.</summary>
    internal void AnnounceJoin()
    {
        JoinMessage intent = new(_clock.Time, Name);
        _clock.Witness(intent.Time);
        _table.Join(intent, _host.Now);
        _host.QueueBroadcast(SerfTier.Intents, about: null, intent.ToBytes(), sent: null);
    }

    /// <summary>
    /// Tells everyone that this member leaves. The core's word that it is gone is to follow when that has spread, or others call it failed.
    /// </summary>
    /// <param name="spread">
    /// Called once: true when the intent has been sent as often as broadcasts are, or when nobody else is up; false when that took too long.
    /// </param>
    /// <exception cref="InvalidOperationException">This member leaves already.</exception>
    internal void Leave(Action<bool> spread)
    {
        if (_leaving)
        {
            throw new InvalidOperationException("This member leaves already.");
        }

        _leaving = true;
        LeaveMessage intent = new(_clock.Take(), Name, false);
        _table.Leave(intent, _host.Now);
        bool alone = CountUp() <= 1;
        if (alone)
        {
            spread(true);
            return;
        }

        _leaveSpread = spread;
        _leaveDeadline = _host.Now + Milliseconds(_options.LeaveTimeout);
        _host.QueueBroadcast(SerfTier.Intents, about: null, intent.ToBytes(), () => EndLeaving(true));
    }

    /// <summary>Declares another member gone for good: a failed one becomes one that left, and nobody tries to reach it any more.</summary>
    /// <param name="name">The member. One that is alive says that it stays.</param>
    /// <param name="prune">True where it is to be forgotten altogether.</param>
    /// <returns>False where no such member is known.</returns>
    /// <exception cref="ArgumentException">It is this member itself.</exception>
    internal bool ForceLeave(string name, bool prune)
    {
        if (name == Name)
        {
            throw new ArgumentException($"{name} is this member. To leave the cluster, leave it in order.", nameof(name));
        }

        if (_table.Find(name) is null)
        {
            return false;
        }

        LeaveMessage intent = new(_clock.Take(), name, prune);
        _table.Leave(intent, _host.Now);
        if (CountUp() > 1)
        {
            _host.QueueBroadcast(SerfTier.Intents, about: null, intent.ToBytes(), sent: null);
        }

        return true;
    }

    /// <summary>Another address claims this member's name. The others are asked who is right, and whoever loses stops.</summary>
    internal void NameClaimed(MemberAddress other)
    {
        // The claim is repeated for as long as it stands, so a vote that cannot be held now is held later.
        if (_leaving || _conflictVote is { IsClosed: false } || _ownQueries.Count >= SerfLimits.OwnQueries || _host.Find(Name) is not SerfPeer self)
        {
            return;
        }

        MemberAddress own = self.Address;
        ConflictVote vote = new(own, (mine, answers) => Counted(own, other, mine, answers));
        _conflictVote = Ask(new QueryRequest(ConflictVote.Query, RawBytes.CopyOf(Encoding.UTF8.GetBytes(Name))), vote);
    }

    private void Counted(MemberAddress own, MemberAddress other, int mine, int answers)
    {
        if (ConflictVote.Wins(mine, answers))
        {
            _host.Warn($"{other} claims the name {Name}, which is ours: {mine} of {answers} members say so.");
            return;
        }

        _host.Stop(
            $"The name {Name} is taken: {other} has it, and of {answers} members that answered {mine} know it at our address, {own}. "
            + "Give this member another name.");
    }

    private void ReceiveLeave(ReadOnlySpan<byte> bytes)
    {
        if (!SerfFields.TryRead(bytes, out LeaveMessage intent, out int length))
        {
            Counters.Unreadable++;
        }
        else if (TakeLeave(intent))
        {
            _host.QueueBroadcast(SerfTier.Intents, about: null, Trimmed(bytes, length), sent: null);
        }
    }

    private void ReceiveJoin(ReadOnlySpan<byte> bytes)
    {
        if (!SerfFields.TryRead(bytes, out JoinMessage intent, out int length))
        {
            Counters.Unreadable++;
            return;
        }

        _clock.Witness(intent.Time);
        if (_table.Join(intent, _host.Now))
        {
            _host.QueueBroadcast(SerfTier.Intents, about: null, Trimmed(bytes, length), sent: null);
        }
    }

    /// <summary>True where the intent is news.</summary>
    private bool TakeLeave(in LeaveMessage intent)
    {
        _clock.Witness(intent.Time);
        if (intent.Node == Name && !_leaving)
        {
            // Someone declares us gone, or our own word of an earlier life comes back. We are here.
            if (_table.Find(Name) is SerfMember self && intent.Time > self.StatusTime)
            {
                AnnounceJoin();
            }

            return false;
        }

        return _table.Leave(intent, _host.Now);
    }

    /// <summary>Who has left comes first and counts more: one above the time of its status, so that it overrules a join of that time.</summary>
    private void MergeIntents(SerfState state)
    {
        HashSet<string> left = [.. state.LeftMembers];
        foreach (string name in left)
        {
            MergeLeft(name, state.StatusTimes.GetValueOrDefault(name));
        }

        foreach ((string name, ulong time) in state.StatusTimes)
        {
            if (!left.Contains(name))
            {
                MergeJoined(name, time);
            }
        }
    }

    private void MergeLeft(string name, ulong time)
    {
        // The core has merged what the other side knows. Where it still sees the member, the member has come back, and the other side has not heard of it.
        if (name != Name && _host.Find(name) is { Up: true })
        {
            _clock.Witness(time);
            return;
        }

        // Where both sides know that it left, adding one would go on for ever, at each push/pull.
        bool known = _table.Find(name) is { Status: SerfStatus.Left };
        TakeLeave(new LeaveMessage(known || time == ulong.MaxValue ? time : time + 1, name, false));
    }

    private void MergeJoined(string name, ulong time)
    {
        _clock.Witness(time);

        // An agent lists a member that is about to leave at the time of that intent. If it counted as a join of this time, the intent itself would come
        // too late here, and the member would have failed and not left. So it counts as a little older, except where it could turn a leaving member back.
        bool leaving = _table.Find(name) is { Status: SerfStatus.Leaving };
        _table.Join(new JoinMessage(leaving || time == 0 ? time : time - 1, name), _host.Now);
    }

    private void GiveUpLeaving()
    {
        if (_leaveSpread is not null && IsOver(_leaveDeadline))
        {
            EndLeaving(false);
        }
    }

    private void EndLeaving(bool complete)
    {
        Action<bool>? spread = _leaveSpread;
        _leaveSpread = null;
        spread?.Invoke(complete);
    }
}
