namespace Tidegate.Membership.Protocol;

/// <summary>The probe that is under way.</summary>
internal sealed class Probe(uint seqNo, MemberRecord target, long start, int interval)
{
    internal uint SeqNo { get; } = seqNo;

    internal MemberRecord Target { get; } = target;

    internal long Start { get; } = start;

    /// <summary>How long it may take, in milliseconds; this member's health makes it longer.</summary>
    internal int Interval { get; } = interval;

    internal bool IsAnswered { get; set; }

    internal bool IsFinished { get; set; }

    /// <summary>When others are asked, unless the answer comes first.</summary>
    internal PendingTimer? Timeout { get; set; }

    /// <summary>True from when others are asked.</summary>
    internal bool IsIndirect { get; set; }

    /// <summary>Gateways that were asked to help: their nacks come in time.</summary>
    internal int GatewaysAsked { get; set; }

    /// <summary>Others that were asked. Their nacks come after the probe is over, and are not waited for.</summary>
    internal int GuestsAsked { get; set; }

    internal int Nacks { get; set; }

    /// <summary>When the stream ping was refused; null where it was not.</summary>
    internal long? RefusedAt { get; set; }
}

/// <summary>A ping on behalf of another.</summary>
internal sealed record Relay(MemberAddress Asker, uint AskerSeqNo, bool WantsNack, MemberRecord? Target, long Start);
