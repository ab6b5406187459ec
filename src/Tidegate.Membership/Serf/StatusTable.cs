using Tidegate.Membership.Serf.Messages;

namespace Tidegate.Membership.Serf;

/// <summary>The status of every member, moved by intents and by what the protocol core sees (the table of annex A6).</summary>
internal sealed class StatusTable
{
    private readonly Dictionary<string, SerfMember> _members = [];
    private readonly IntentBuffer _intents;
    private readonly Action<SerfMember, SerfStatus> _changed;
    private readonly Action<string> _forget;

    /// <param name="intentAge">Milliseconds that an intent about an unknown member is kept.</param>
    /// <param name="changed">Told of each change, with the status before.</param>
    /// <param name="forget">Told of members that were pruned.</param>
    internal StatusTable(long intentAge, Action<SerfMember, SerfStatus> changed, Action<string> forget)
    {
        _intents = new IntentBuffer(intentAge);
        _changed = changed;
        _forget = forget;
    }

    internal IReadOnlyCollection<SerfMember> Members => _members.Values;

    internal int BufferedIntents => _intents.Count;

    internal SerfMember? Find(string name) => _members.GetValueOrDefault(name);

    /// <summary>A member has appeared or come back, or what others see of it has changed.</summary>
    internal SerfMember Up(SerfPeer peer, long now)
    {
        if (!_members.TryGetValue(peer.Name, out SerfMember? member))
        {
            member = new SerfMember(peer);
            if (_intents.TryTake(peer.Name, now, out bool leave, out ulong time))
            {
                member.StatusTime = time;
                member.Status = leave ? SerfStatus.Leaving : SerfStatus.Alive;
            }

            _members.Add(peer.Name, member);
            _changed(member, SerfStatus.None);
            return member;
        }

        SerfStatus before = member.Status;
        bool changed = member.Take(peer);
        member.Status = SerfStatus.Alive;
        member.Pruned = false;
        if (changed || before != SerfStatus.Alive)
        {
            _changed(member, before);
        }

        return member;
    }

    /// <summary>What others see of a member has changed; whether it is about to leave has not.</summary>
    internal void Update(SerfPeer peer)
    {
        if (_members.TryGetValue(peer.Name, out SerfMember? member) && member.Take(peer))
        {
            _changed(member, member.Status);
        }
    }

    /// <summary>The core holds the member for dead, or for one that left. Which of the two it is here, its intent decides.</summary>
    internal void Down(string name, long now)
    {
        if (!_members.TryGetValue(name, out SerfMember? member))
        {
            return;
        }

        switch (member.Status)
        {
            case SerfStatus.Alive:
                Set(member, SerfStatus.Failed);
                break;
            case SerfStatus.Leaving:
                Set(member, SerfStatus.Left);
                if (member.Pruned)
                {
                    Prune(member, now);
                }

                break;
            default:
                break;
        }
    }

    /// <summary>The core has dropped its entry.</summary>
    internal void Drop(string name)
    {
        if (_members.Remove(name, out SerfMember? member))
        {
            SerfStatus before = member.Status;
            member.Status = SerfStatus.None;
            _changed(member, before);
        }
    }

    /// <summary>An intent to leave.</summary>
    /// <returns>True where it is news, and so to be passed on.</returns>
    internal bool Leave(in LeaveMessage intent, long now)
    {
        if (!_members.TryGetValue(intent.Node, out SerfMember? member))
        {
            return _intents.TryKeep(intent.Node, leave: true, intent.Time, now);
        }

        if (intent.Time <= member.StatusTime)
        {
            return false;
        }

        member.StatusTime = intent.Time;
        switch (member.Status)
        {
            case SerfStatus.Alive:
                Set(member, SerfStatus.Leaving);
                break;
            case SerfStatus.Failed:
                Set(member, SerfStatus.Left);
                break;
            default:
                break;
        }

        if (intent.Prune && member.Status == SerfStatus.Leaving)
        {
            member.Pruned = true;
        }
        else if (intent.Prune)
        {
            Prune(member, now);
        }

        return true;
    }

    /// <summary>An intent to stay.</summary>
    /// <returns>True where it is news, and so to be passed on.</returns>
    internal bool Join(in JoinMessage intent, long now)
    {
        if (!_members.TryGetValue(intent.Node, out SerfMember? member))
        {
            return _intents.TryKeep(intent.Node, leave: false, intent.Time, now);
        }

        if (intent.Time <= member.StatusTime)
        {
            return false;
        }

        member.StatusTime = intent.Time;
        if (member.Status == SerfStatus.Leaving)
        {
            member.Pruned = false;
            Set(member, SerfStatus.Alive);
        }

        return true;
    }

    private void Prune(SerfMember member, long now)
    {
        Drop(member.Name);
        _intents.Remember(member.Name, member.StatusTime, now);
        _forget(member.Name);
    }

    private void Set(SerfMember member, SerfStatus status)
    {
        SerfStatus before = member.Status;
        member.Status = status;
        _changed(member, before);
    }
}
