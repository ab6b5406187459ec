namespace Tidegate.Membership.Protocol;

/// <summary>What everyone is to know.</summary>
internal sealed partial class ProtocolCore
{
    private readonly Func<MemberRecord, bool> _isGossipTarget;
    private readonly List<MemberRecord> _targets = [];
    private long _lastGossip = MemberRecord.Never;
    private long _gossipDue = long.MaxValue;

    private int RetransmitLimit => ProtocolTiming.RetransmitLimit(_options.RetransmitMultiplier, _table.Count);

    private int ExtraTransmits => ProtocolTiming.ThoroughLimit(_options.RetransmitMultiplier, _table.Count) - RetransmitLimit;

    /// <summary>Gossips a user message.</summary>
    /// <param name="now">The time.</param>
    /// <param name="tier">Its place among the others; not <see cref="BroadcastTier.Membership"/>.</param>
    /// <param name="key">What it is about, if a newer one is to replace it.</param>
    /// <param name="message">The message without the type byte of user messages.</param>
    /// <param name="ended">Told when it has been sent as often as the rules want, or when it will not be. May be called before this returns.</param>
    /// <returns>False where it does not fit a packet.</returns>
    internal bool Broadcast(long now, BroadcastTier tier, string? key, ReadOnlySpan<byte> message, Action<BroadcastEnd>? ended = null)
    {
        Observe(now);
        if (message.Length + 3 > _options.PacketRoom)
        {
            Counters.BroadcastsDropped++;
            return false;
        }

        Counters.BroadcastsDropped += _gossip[tier].Add(key, UserMessage(message), ended, ExtraTransmits);
        GossipSoon();
        return true;
    }

    /// <summary>News: who came, changed, left or died.</summary>
    private void Queue(string about, byte[] message, Action<BroadcastEnd>? ended = null) => Queue(about, message, ended, ExtraTransmits);

    /// <summary>Suspicions and their refutations. Whoever misses one finds out by asking the member itself, so fewer copies do.</summary>
    private void QueueRoutine(string about, byte[] message) => Queue(about, message, ended: null, extra: 0);

    private void Queue(string about, byte[] message, Action<BroadcastEnd>? ended, int extra)
    {
        Counters.BroadcastsDropped += _gossip[BroadcastTier.Membership].Add(about, message, ended, extra);
        GossipSoon();
    }

    /// <summary>News travel at once, unless gossip went out just now.</summary>
    private void GossipSoon() => GossipAt(Math.Max(Now, _lastGossip + _options.EarlyGossipInterval));

    private void GossipAt(long due)
    {
        if (due < _gossipDue)
        {
            _gossipDue = due;
            _timers.Add(due, OnGossipTick);
        }
    }

    private void OnGossipTick(object? state)
    {
        if (_gossipDue > Now)
        {
            return;
        }

        _gossipDue = long.MaxValue;
        if (_gossip.Count == 0)
        {
            return;
        }

        _lastGossip = Now;
        _table.Pick(_random, _options.GossipFanOut, _targets, _isGossipTarget);
        foreach (MemberRecord target in _targets)
        {
            _packet.Clear();
            _gossip.Fill(_packet, target, _options.PacketRoom, RetransmitLimit);
            if (_packet.Count > 0)
            {
                _host.SendPacket(target.Address, [.. _packet], checksum: target.ProtocolMaximum >= 5);
            }
        }

        if (_gossip.Count > 0)
        {
            GossipAt(Now + (_gossip.HasUnsent && _targets.Count > 0 ? _options.EarlyGossipInterval : _options.GossipInterval));
        }
    }

    private bool IsGossipTarget(MemberRecord record) => !record.IsSelf && record.Status switch
    {
        MemberStatus.Left => false,
        MemberStatus.Dead => Now - record.Since <= _options.GossipToDead,
        _ => true,
    };
}
