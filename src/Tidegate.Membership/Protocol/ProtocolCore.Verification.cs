using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>
/// Nobody is buried unheard: two pings, and a push/pull where the accusation is our own. The pings carry the accusation, so
/// that a living member refutes it.
/// </summary>
internal sealed partial class ProtocolCore
{
    private int VerifyLead => _options.Has(Additions.Verify) ? 2 * _options.ProbeTimeout : 0;

    private void Verify(MemberRecord record, Verification verification)
    {
        if (!_options.Has(Additions.Verify))
        {
            EndVerification(record, verification, answered: false);
            return;
        }

        record.Verification = verification;
        PingAccused(record, verification);
        _timers.Add(Now + (_options.ProbeTimeout / 2), _ => PingAgain(record, verification));
        bool isOwn = verification.Reason == VerifyReason.Expiry;
        if (isOwn && record.IsOwnVerdict)
        {
            StartPushPull(record.Address, join: false, record);
        }

        _timers.Add(Now + (isOwn ? VerifyLead : _options.ProbeTimeout), _ => OnVerificationTimeout(record, verification));
    }

    private void PingAccused(MemberRecord record, Verification verification)
    {
        byte[] ping = Encode(new PingMessage(Expect(record), record.Name, MessageSource.None));
        byte[] accusation = verification.Message ?? Encode(new SuspectMessage(verification.Incarnation, record.Name, verification.From));
        _host.SendPacket(record.Address, [ping, accusation], checksum: record.ProtocolMaximum >= 5);
    }

    private void PingAgain(MemberRecord record, Verification verification)
    {
        if (record.Verification == verification && record.LastHeard < verification.Start)
        {
            PingAccused(record, verification);
        }
    }

    private void OnVerificationTimeout(MemberRecord record, Verification verification)
    {
        if (record.Verification != verification || record.Index < 0)
        {
            return;
        }

        bool answered = record.LastHeard >= verification.Start;
        if (!answered)
        {
            record.LastUnanswered = Now;
        }

        EndVerification(record, verification, answered);
    }

    private void EndVerification(MemberRecord record, Verification verification, bool answered)
    {
        record.Verification = null;
        if (!record.IsAlive || verification.Incarnation < record.Incarnation)
        {
            return;
        }

        if (answered)
        {
            Spare(record, verification);
            return;
        }

        switch (verification.Reason)
        {
            case VerifyReason.Expiry:
                Bury(record);
                break;
            case VerifyReason.Hearsay:
                record.SetIncarnation(verification.Incarnation);
                record.IsOwnVerdict = false;
                MarkGone(record, MemberStatus.Dead, isPrivate: false);
                break;
            case VerifyReason.State when record.Status == MemberStatus.Alive:
                Suspect(record, verification.Incarnation, verification.From);
                break;
            default:
                // Suspected meanwhile: that goes on.
                if (record.Suspicion is not null)
                {
                    WaitFor(record);
                }

                break;
        }
    }

    /// <summary>It answered: what was said of it is not passed on any further, and its suspicion begins anew.</summary>
    private void Spare(MemberRecord record, Verification verification)
    {
        Counters.Rescued++;
        if (verification.Message is not null && _gossip[BroadcastTier.Membership].Holds(record.Name, verification.Message))
        {
            _gossip[BroadcastTier.Membership].Remove(record.Name);
        }

        if (record.Suspicion is { } suspicion)
        {
            suspicion.Restart(Now);
            WaitFor(record);
        }
    }

    /// <summary>True where an attempt of ours to reach it has just run out, so that another's word needs no further proof.</summary>
    private bool HasJustFailed(MemberRecord record) =>
        record.LastUnanswered > record.LastHeard && Now - record.LastUnanswered <= 2 * _options.ProbeInterval;
}
