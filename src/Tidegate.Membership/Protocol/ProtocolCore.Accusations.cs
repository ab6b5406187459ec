using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>Members that somebody suspects or says are gone (annex A5).</summary>
internal sealed partial class ProtocolCore
{
    private void OnSuspect(in SuspectMessage message)
    {
        MemberRecord? record = _table.Find(message.Node);
        if (record is null || message.Incarnation < record.Incarnation)
        {
            return;
        }

        if (record.IsSelf)
        {
            if (!_leaving)
            {
                Refute(message.Incarnation);
            }
        }
        else if (record.Suspicion is { } running)
        {
            if (running.Confirm(message.From))
            {
                Confirmed(record, running, message);
            }
        }
        else if (record.Status == MemberStatus.Alive)
        {
            Suspect(record, message.Incarnation, message.From);
        }
        else if (record.Status == MemberStatus.Left)
        {
            TellAgainThatItLeft(record);
        }
    }

    /// <summary>Somebody has not heard it. At most once a second for one member, or an old accusation on its way would start a flood.</summary>
    private void TellAgainThatItLeft(MemberRecord record)
    {
        if (Now - record.LastCorrected >= _options.ReconnectInterval)
        {
            record.LastCorrected = Now;
            Queue(record.Name, Encode(new DeadMessage(record.Incarnation, record.Name, record.Name)));
        }
    }

    private void Confirmed(MemberRecord record, Suspicion running, in SuspectMessage message)
    {
        // Somebody who reaches others thinks so, too: it is no longer our own opinion.
        if (record.IsPrivate)
        {
            _table.SetStatus(record, MemberStatus.Suspect, Now);
        }

        QueueRoutine(record.Name, Encode(message));
        WaitFor(record);
    }

    private void Suspect(MemberRecord record, uint incarnation, string from)
    {
        bool own = from == _self.Name;
        bool isPrivate = own && _guard.IsIsolated && _options.Has(Additions.Isolation);
        int wanted = _table.Live - 2 < _options.SuspicionMultiplier - 2 ? 0 : _options.SuspicionMultiplier - 2;
        long minimum = ProtocolTiming.SuspicionMinimum(_options.SuspicionMultiplier, _table.Live, _options.ProbeInterval);
        Suspicion suspicion = new(from, wanted, Now, minimum, minimum * _options.SuspicionMaximumMultiplier);
        record.SetIncarnation(incarnation);
        record.Suspicion = suspicion;
        record.IsOwnVerdict = own;
        _table.SetStatus(record, MemberStatus.Suspect, Now, isPrivate);
        if (!isPrivate)
        {
            QueueRoutine(record.Name, Encode(new SuspectMessage(incarnation, record.Name, from)));
        }

        WaitFor(record);
        if (record.IsReportedUp)
        {
            _host.OnMemberChanged(record, MemberChange.Suspected);
        }

        WaitForWhoIsLeft();
    }

    /// <summary>Other members that nobody suspects.</summary>
    private int Confirmers() => _table.Live - _table.Suspected - 1;

    /// <summary>
    /// Who fell silent together cannot confirm each other's suspicion: no more confirmations are waited for than can come. Not
    /// where nobody is left because this member is cut off.
    /// </summary>
    private void WaitForWhoIsLeft()
    {
        int left = Confirmers();
        if (IsHeldBack || left >= _options.SuspicionMultiplier - 2)
        {
            return;
        }

        for (int i = 0; i < _table.Count; i++)
        {
            if (_table[i] is { Suspicion: { } running } waiting)
            {
                running.WantAtMost(left);
                WaitFor(waiting);
            }
        }
    }

    private void WaitFor(MemberRecord record)
    {
        long due = Math.Max(Now, record.Suspicion!.Deadline - VerifyLead);
        if (due < record.SuspicionTimer)
        {
            record.SuspicionTimer = due;
            _timers.Add(due, _ => OnSuspicionTimer(record, due));
        }
    }

    private void OnSuspicionTimer(MemberRecord record, long due)
    {
        if (record.SuspicionTimer != due)
        {
            return;
        }

        record.SuspicionTimer = long.MaxValue;
        if (record.Suspicion is not { } suspicion || record.Verification is not null)
        {
            return;
        }

        if (Now < suspicion.Deadline - VerifyLead)
        {
            WaitFor(record);
            return;
        }

        Verify(record, new Verification(VerifyReason.Expiry, record.Incarnation, _self.Name, Now));
    }

    private void OnDead(in DeadMessage message)
    {
        MemberRecord? record = _table.Find(message.Node);
        if (record is null || message.Incarnation < record.Incarnation)
        {
            return;
        }

        if (record.IsSelf)
        {
            if (!_leaving)
            {
                Refute(message.Incarnation);
            }

            return;
        }

        if (!record.IsAlive)
        {
            // Another's word makes an opinion of ours common knowledge.
            if (record.IsPrivate && record.Status == MemberStatus.Dead)
            {
                _table.SetStatus(record, message.IsLeave ? MemberStatus.Left : MemberStatus.Dead, Now);
                Queue(record.Name, Encode(message));
            }
            else if (record.Status == MemberStatus.Left && !message.IsLeave)
            {
                TellAgainThatItLeft(record);
            }

            return;
        }

        if (message.IsLeave)
        {
            record.SetIncarnation(message.Incarnation);
            MarkGone(record, MemberStatus.Left, isPrivate: false);
            Queue(record.Name, Encode(message));
            return;
        }

        if (record.Verification is { Reason: VerifyReason.Hearsay })
        {
            return;
        }

        // It is passed on at once, and believed after one's own attempt: so the news travel as fast, and a wrong word does no harm.
        byte[] encoded = Encode(message);
        Queue(record.Name, encoded);
        if (!_options.Has(Additions.Verify) || HasJustFailed(record))
        {
            record.SetIncarnation(message.Incarnation);
            record.IsOwnVerdict = false;
            MarkGone(record, MemberStatus.Dead, isPrivate: false);
            return;
        }

        Verify(record, new Verification(VerifyReason.Hearsay, message.Incarnation, message.From, Now) { Message = encoded });
    }

    /// <summary>Buries on this member's own word.</summary>
    private void Bury(MemberRecord record)
    {
        bool isPrivate = _guard.IsIsolated && _options.Has(Additions.Isolation);
        record.IsOwnVerdict = true;
        MarkGone(record, MemberStatus.Dead, isPrivate);
        if (!isPrivate)
        {
            Queue(record.Name, Encode(new DeadMessage(record.Incarnation, record.Name, _self.Name)));
        }
    }

    private void MarkGone(MemberRecord record, MemberStatus status, bool isPrivate)
    {
        record.Suspicion = null;
        record.Verification = null;
        _table.SetStatus(record, status, Now, isPrivate);
        WaitToForget(record);
        if (status == MemberStatus.Dead && !isPrivate)
        {
            record.Damping.Failed(Now);
        }

        if (record.IsReportedUp)
        {
            record.IsReportedUp = false;
            _host.OnMemberChanged(record, status == MemberStatus.Left ? MemberChange.Left : MemberChange.Down);
        }
    }

    private void WaitToForget(MemberRecord record)
    {
        if (!record.HasForgetTimer)
        {
            record.HasForgetTimer = true;
            _timers.Add(record.Since + _options.Retention, _ => OnForgetTimer(record));
        }
    }

    private void OnForgetTimer(MemberRecord record)
    {
        record.HasForgetTimer = false;
        if (record.IsAlive || record.Index < 0)
        {
            return;
        }

        if (Now < record.Since + _options.Retention)
        {
            WaitToForget(record);
            return;
        }

        Forget(record);
    }

    /// <summary>Forgets a member that has failed or left, as Serf's prune wants.</summary>
    /// <returns>False where it is alive or not known.</returns>
    internal bool Forget(long now, string name)
    {
        Observe(now);
        if (_table.Find(name) is not { IsSelf: false, IsAlive: false } record)
        {
            return false;
        }

        Forget(record);
        return true;
    }

    private void Forget(MemberRecord record)
    {
        _gossip[BroadcastTier.Membership].Remove(record.Name);
        _table.Remove(record);
        if (record.IsGateway)
        {
            _tombstones.Add(record.Name, record.Incarnation);
        }

        _host.OnMemberChanged(record, MemberChange.Forgotten);
    }
}
