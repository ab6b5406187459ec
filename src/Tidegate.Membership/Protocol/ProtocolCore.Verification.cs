using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>
/// Nobody is buried unheard: several pings, and at the end of a suspicion also a stream, which loss does not stop. The pings
/// carry the accusation, so that a living member refutes it.
/// </summary>
internal sealed partial class ProtocolCore
{
    private const int PingsAtExpiry = 4;

    /// <summary>
    /// The same in a cluster of up to <see cref="Few"/>: with so few, hardly anybody else hears the refutation and passes it on,
    /// and all of them together send no more than a larger one.
    /// </summary>
    private const int PingsAtExpiryAmongFew = 8;
    private const int Few = 16;
    private const int PingsOtherwise = 3;

    /// <summary>How long before the end of a suspicion the attempt begins.</summary>
    private int VerifyLead => _options.Has(Additions.Verify) ? 3 * _options.ProbeTimeout : 0;

    private void Verify(MemberRecord record, Verification verification)
    {
        if (!_options.Has(Additions.Verify))
        {
            EndVerification(record, verification, answered: false);
            return;
        }

        record.Verification = verification;
        bool isExpiry = verification.Reason == VerifyReason.Expiry;
        int time = isExpiry ? VerifyLead : _options.ProbeTimeout;
        int pings = !isExpiry ? PingsOtherwise : _table.Live <= Few ? PingsAtExpiryAmongFew : PingsAtExpiry;
        PingAccused(record, verification);
        PingAgainIn(time / pings, pings - 1, record, verification);

        if (isExpiry && record.IsOwnVerdict)
        {
            StartPushPull(record.Address, join: false, record);
        }
        else if (isExpiry && record.ProtocolMaximum >= 3)
        {
            // Not a push/pull: all members come to this at the same time, and their states would be a flood.
            _host.StartStreamPing(Expect(record), record.Address, record.Name, time);
        }

        _timers.Add(Now + time, _ => OnVerificationTimeout(record, verification));
    }

    private void PingAccused(MemberRecord record, Verification verification)
    {
        byte[] ping = Encode(new PingMessage(Expect(record), record.Name, MessageSource.None));
        byte[] accusation = verification.Message ?? Encode(new SuspectMessage(verification.Incarnation, record.Name, verification.From));
        _host.SendPacket(record.Address, [ping, accusation], checksum: record.ProtocolMaximum >= 5);
    }

    private void PingAgainIn(int pause, int left, MemberRecord record, Verification verification)
    {
        if (left > 0)
        {
            _timers.Add(Now + pause, _ =>
            {
                if (record.Verification == verification && record.LastHeard < verification.Start)
                {
                    PingAccused(record, verification);
                    PingAgainIn(pause, left - 1, record, verification);
                }
            });
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

            // It has refuted before, and the word did not get here: its state has it.
            StartPushPull(record.Address, join: false, record);
        }
    }

    /// <summary>True where an attempt of ours to reach it has just run out, so that another's word needs no further proof.</summary>
    private bool HasJustFailed(MemberRecord record) =>
        record.LastUnanswered > record.LastHeard && record.LastUnanswered > _clock.LastStall && Now - record.LastUnanswered <= 2 * _options.ProbeInterval;
}
