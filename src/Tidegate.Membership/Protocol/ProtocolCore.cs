using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>
/// Who is alive: SWIM with Lifeguard as memberlist speaks it, and what Tidegate adds (specification, sections 1, 2 and 5). A
/// state machine without I/O. It is told the time and what happened, and tells its host what to send; calls are serialised
/// by the caller. Times given are in milliseconds of any clock that goes forward.
/// </summary>
/// <remarks>The host delivers all packets that wait before it calls <see cref="Advance"/>.</remarks>
internal sealed partial class ProtocolCore
{
    /// <summary>Higher ones come from nobody honest; room is kept for refuting.</summary>
    internal const uint MaximumIncarnation = uint.MaxValue - (1u << 20);

    private readonly ProtocolOptions _options;
    private readonly IProtocolHost _host;
    private readonly Random _random;
    private readonly StallClock _clock;
    private readonly TimerQueue _timers = new();
    private readonly MemberTable _table = new();
    private readonly MemberRecord _self;
    private readonly ProbeRing _ring;
    private readonly GossipQueue _gossip;
    private readonly LocalHealth _health = new();
    private readonly IsolationGuard _guard;
    private readonly Tombstones _tombstones;
    private readonly ArrayBufferWriter<byte> _scratch = new(2_048);
    private readonly List<byte[]> _packet = [];
    private readonly List<MemberRecord> _picked = [];
    private uint _seqNo;

    /// <exception cref="ArgumentException">An option is out of range; the text says which and what would be right.</exception>
    internal ProtocolCore(ProtocolOptions options, IProtocolHost host, Random random)
    {
        options.Validate();
        _options = options;
        _host = host;
        _random = random;
        _clock = new StallClock(options.Has(Additions.StallClock));
        _ring = new ProbeRing(_table, random);
        _gossip = new GossipQueue(options.MaximumBroadcasts);
        _guard = new IsolationGuard(options.Quarantine);
        _tombstones = new Tombstones(options.MaximumTombstones);
        _self = new MemberRecord(options.Name, isSelf: true);
        _self.Describe(options.Address, options.Meta, options.Versions, options.InitialIncarnation, host.IsGateway(options.Meta));
        _table.Add(_self);
        _table.SetStatus(_self, MemberStatus.Alive, 0);
        _table.Locate(_self);
        _isGossipTarget = IsGossipTarget;

        // Or recorded answers to an earlier process of this name would be answers.
        _seqNo = (uint)random.Next();
    }

    internal MemberTable Members => _table;

    internal MemberRecord Self => _self;

    internal ProtocolCounters Counters { get; } = new();

    internal GossipQueue Gossip => _gossip;

    /// <summary>0 (healthy) to 7.</summary>
    internal int Health => _health.Score;

    internal bool IsIsolated => _guard.IsIsolated;

    /// <summary>Milliseconds in which this process did not run.</summary>
    internal long Stalled => _clock.Stalled;

    internal int PendingTimers => _timers.Count;

    private long Now => _clock.Now;

    /// <summary>Begins to probe, to gossip and to look for others.</summary>
    /// <param name="now">The time.</param>
    /// <param name="seeds">Addresses at which others may be found; <see cref="SetSeeds"/> replaces them later.</param>
    /// <returns>When <see cref="Advance"/> wants to be called.</returns>
    internal long Start(long now, IReadOnlyList<MemberAddress> seeds)
    {
        Observe(now);
        SetSeeds(seeds);
        _timers.Add(Now + _random.Next(_options.ProbeInterval), _ => OnProbeTick());
        _timers.Add(Now + _random.Next(_options.PushPullInterval), _ => OnPushPullTick());
        _timers.Add(Now, _ => OnJoinTick());
        _timers.Add(Now + _random.Next(_options.ReconnectInterval), _ => OnReconnectTick());
        Announce();
        return NextCall;
    }

    /// <summary>Does what is due.</summary>
    /// <returns>When it wants to be called again, at the latest.</returns>
    internal long Advance(long now)
    {
        Observe(now);
        _timers.Fire(Now);
        return NextCall;
    }

    /// <summary>When <see cref="Advance"/> wants to be called; it may change with every call.</summary>
    internal long NextCall => _clock.ToHost(_timers.Next);

    /// <summary>Replaces this member's metadata and tells the others.</summary>
    /// <exception cref="ArgumentException">More than 512 bytes.</exception>
    internal void SetMeta(long now, RawBytes meta)
    {
        if (meta.Length > WireLimits.Meta)
        {
            throw new ArgumentException($"A member's metadata may have {WireLimits.Meta} bytes, not {meta.Length}.", nameof(meta));
        }

        Observe(now);
        _self.Describe(_self.Address, meta, _self.Versions, _self.Incarnation + 1, _host.IsGateway(meta));
        Announce();
    }

    private void Observe(long now) => _clock.Observe(now, _timers.Next);

    private void Announce() => Queue(_self.Name, Encode(_self.ToAlive()));

    private byte[] Encode<T>(T message)
        where T : struct, IMessage<T>
    {
        _scratch.ResetWrittenCount();
        message.Write(_scratch);
        return _scratch.WrittenSpan.ToArray();
    }
}
