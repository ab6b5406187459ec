namespace Tidegate.Membership.Protocol;

/// <summary>Being cut off (specification, section 5; see <see cref="IsolationGuard"/>).</summary>
internal sealed partial class ProtocolCore
{
    /// <summary>The least time between two push/pulls with which a returning member asks what the others know.</summary>
    private const int AskInterval = 500;

    private long _lastAsked = MemberRecord.Never;
    private long _lastReached = MemberRecord.Never;

    private bool IsHeldBack => _guard.IsIsolated && _options.Has(Additions.Isolation);

    /// <summary>Somebody has answered something of ours, be it that another does not answer.</summary>
    private void Reached() => _lastReached = Now;

    /// <summary>
    /// A probe is over. Where helpers say that they do not reach its target either, or others answered since it began, it has told
    /// something about the target and nothing about this member: so those who fall silent together are no sign of being cut off.
    /// </summary>
    private void Judge(Probe probe)
    {
        bool reached = probe.IsAnswered || _lastReached >= probe.Start;
        if (!_options.Has(Additions.Isolation) || !_guard.Probed(reached, _table.Live - 1, Now))
        {
            return;
        }

        if (_guard.IsIsolated)
        {
            TakeBackAccusations();
        }

        _host.OnIsolationChanged(_guard.IsIsolated);
    }

    /// <summary>What was said since the cut began, before it was noticed, may still be in the queue.</summary>
    private void TakeBackAccusations()
    {
        for (int i = 0; i < _table.Count; i++)
        {
            MemberRecord record = _table[i];
            bool fresh = record.Status == MemberStatus.Suspect || (record.Status == MemberStatus.Dead && Now - record.Since <= _options.GossipToDead);
            if (record.IsOwnVerdict && fresh && !record.IsPrivate)
            {
                _table.SetStatus(record, record.Status, Now, isPrivate: true);
                _gossip[BroadcastTier.Membership].Remove(record.Name);
            }
        }
    }

    /// <summary>A packet came in while this member is cut off: its sender knows more.</summary>
    private void AskPeer(in MemberAddress from)
    {
        if (IsHeldBack && Now - _lastAsked >= AskInterval && _table.At(from) is { IsSelf: false } peer)
        {
            _lastAsked = Now;
            StartPushPull(peer.Address, join: false, peer);
        }
    }
}
