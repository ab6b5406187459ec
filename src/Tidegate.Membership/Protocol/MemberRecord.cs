using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>What is known of one member. Changed by <see cref="ProtocolCore"/> only.</summary>
internal sealed class MemberRecord(string name, bool isSelf)
{
    /// <summary>Before every time that a clock shows.</summary>
    internal const long Never = long.MinValue / 2;

    private StateEntry? _entry;

    internal string Name { get; } = name;

    internal bool IsSelf { get; } = isSelf;

    internal MemberAddress Address { get; private set; }

    internal RawBytes Meta { get; private set; }

    internal RawBytes Versions { get; private set; }

    internal uint Incarnation { get; private set; }

    internal MemberStatus Status { get; private set; } = MemberStatus.Dead;

    /// <summary>When the status last changed, in milliseconds of the protocol's clock.</summary>
    internal long Since { get; private set; }

    internal bool IsGateway { get; private set; }

    /// <summary>True where suspicion or death is this member's own opinion, found while it reached few others: not told to anyone.</summary>
    internal bool IsPrivate { get; private set; }

    /// <summary>True for suspicions and deaths that this member found itself.</summary>
    internal bool IsOwnVerdict { get; set; }

    internal Suspicion? Suspicion { get; set; }

    /// <summary>When the suspicion is next looked at; <see cref="long.MaxValue"/> for never. One timer a member, whatever is said of it.</summary>
    internal long SuspicionTimer { get; set; } = long.MaxValue;

    /// <summary>True where a timer runs that will forget it.</summary>
    internal bool HasForgetTimer { get; set; }

    /// <summary>True where a timer runs that will report it up.</summary>
    internal bool HasHoldTimer { get; set; }

    /// <summary>The attempt to reach it before it is believed to be dead.</summary>
    internal Verification? Verification { get; set; }

    /// <summary>When it last answered a ping of ours.</summary>
    internal long LastHeard { get; set; } = Never;

    /// <summary>When a ping of ours last ran out without an answer.</summary>
    internal long LastUnanswered { get; set; } = Never;

    /// <summary>When something was last done because others, or it itself, know better than was thought: at most once a second.</summary>
    internal long LastCorrected { get; set; } = Never;

    /// <summary>True where users have been told that it is up, and not yet that it is down.</summary>
    internal bool IsReportedUp { get; set; }

    /// <summary>How often it failed lately.</summary>
    internal FlapDamping Damping { get; } = new();

    /// <summary>When its return is reported.</summary>
    internal long HeldUntil { get; set; }

    /// <summary>Where it is in the table; -1 when it has been forgotten.</summary>
    internal int Index { get; set; } = -1;

    internal bool IsAlive => Status is MemberStatus.Alive or MemberStatus.Suspect;

    /// <summary>The highest protocol version it understands.</summary>
    internal int ProtocolMaximum => Versions.Length == WireLimits.Versions ? Versions.Span[1] : 2;

    /// <summary>True where it understands Serf's messages.</summary>
    internal bool SpeaksSerf => Versions.Length == WireLimits.Versions && Versions.Span[4] >= 2;

    internal void Describe(in MemberAddress address, RawBytes meta, RawBytes versions, uint incarnation, bool isGateway)
    {
        Address = address;
        Meta = meta;
        Versions = versions;
        Incarnation = incarnation;
        IsGateway = isGateway;
        _entry = null;
    }

    internal void SetStatus(MemberStatus status, long now, bool isPrivate)
    {
        if (Status != status)
        {
            Since = now;
        }

        Status = status;
        IsPrivate = isPrivate;
        _entry = null;
    }

    /// <summary>Suspicions and deaths carry the incarnation that they are about.</summary>
    internal void SetIncarnation(uint incarnation)
    {
        Incarnation = incarnation;
        _entry = null;
    }

    /// <summary>What others are told. An opinion that is kept private is not.</summary>
    internal StateEntry ToEntry() =>
        _entry ??= new StateEntry(Name, Address, Meta, Incarnation, IsPrivate ? MemberStatus.Alive : Status, Versions);

    internal AliveMessage ToAlive() => new(Incarnation, Name, Address.Raw, Address.Port, Meta, Versions);

    /// <summary>The name, the address and what it is taken for.</summary>
    public override string ToString() => $"{Name} ({Address}), {Status}";
}
