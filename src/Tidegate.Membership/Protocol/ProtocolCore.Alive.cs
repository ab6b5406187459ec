using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>Members that are there (annex A5).</summary>
internal sealed partial class ProtocolCore
{
    /// <param name="message">What is said.</param>
    /// <param name="isVouchedFor">True where it cannot be a recorded word (<see cref="Meet"/>).</param>
    private void OnAlive(in AliveMessage message, bool isVouchedFor)
    {
        MemberAddress address = MemberAddress.From(message.Address, message.Port);
        if (message.Node == _self.Name)
        {
            OnAliveAboutSelf(message, address, isVouchedFor);
            return;
        }

        if (!address.IsUsable || message.Node.Length == 0 || !IsSane(message.Versions))
        {
            Counters.BadMessages++;
            return;
        }

        MemberRecord? record = _table.Find(message.Node);
        if (record is not null && IsOld(record, message, address))
        {
            if (record.IsPrivate && message.Incarnation == record.Incarnation)
            {
                Doubt(record);
            }

            return;
        }

        if (_host.Refuse(message.Node, address, message.Meta) is not null)
        {
            Counters.RefusedMembers++;
            return;
        }

        if (record is null && IsForgotten(message))
        {
            Counters.Replays++;
            return;
        }

        if (MustMeet(record, address, isVouchedFor))
        {
            Meet(message, address);
            return;
        }

        if (record is null)
        {
            record = Introduce(message);
        }
        else if (record.Address != address && !MayMove(record, message))
        {
            Counters.NameConflicts++;
            _host.OnNameConflict(record, address);
            return;
        }

        if (record is not null)
        {
            Revive(record, message, address);
        }
    }

    // Most of what is gossiped is known already, so this comes first.
    private static bool IsOld(MemberRecord record, in AliveMessage message, in MemberAddress address) =>
        message.Incarnation <= record.Incarnation && record.Address == address;

    /// <summary>Others do not share an opinion that this member formed while it was cut off: it is looked at again.</summary>
    private void Doubt(MemberRecord record)
    {
        byte[] ping = Encode(new PingMessage(Expect(record), record.Name, MessageSource.None));
        _host.SendPacket(record.Address, [ping], checksum: record.ProtocolMaximum >= 5);
    }

    /// <summary>An opinion of this member alone is disproved by an answer: all is as if it had never been.</summary>
    private void Withdraw(MemberRecord record)
    {
        record.Suspicion = null;
        record.Verification = null;
        record.IsOwnVerdict = false;
        _table.SetStatus(record, MemberStatus.Alive, Now);
        if (record.IsReportedUp)
        {
            _host.OnMemberChanged(record, MemberChange.Updated);
        }
        else
        {
            ReportUp(record);
        }
    }

    private bool IsForgotten(in AliveMessage message) =>
        _options.Has(Additions.Replay) && _tombstones.Covers(message.Node, message.Incarnation) && _host.IsGateway(message.Meta);

    private MemberRecord? Introduce(in AliveMessage message)
    {
        if (_table.Count >= _options.MaximumMembers)
        {
            Counters.MembersBeyondBound++;
            return null;
        }

        MemberRecord record = new(message.Node, isSelf: false);
        _table.Add(record);
        _ring.Add(record);
        return record;
    }

    /// <summary>Whether a known name may appear at another address.</summary>
    private bool MayMove(MemberRecord record, in AliveMessage message)
    {
        if (record.Status == MemberStatus.Left)
        {
            // An agent's incarnations begin at 1 again. A gateway's do not, so a lower one was recorded before it left.
            bool replayed = record.IsGateway && message.Incarnation <= record.Incarnation;
            Counters.Replays += replayed ? 1 : 0;
            return !(replayed && _options.Has(Additions.Replay));
        }

        return record.Status == MemberStatus.Dead && _options.ReclaimDeadNames;
    }

    private void Revive(MemberRecord record, in AliveMessage message, in MemberAddress address)
    {
        bool isNew = !record.IsAlive;
        bool isNews = isNew || record.Meta != message.Meta || record.Address != address;
        bool changed = record.Meta != message.Meta || record.Versions != message.Versions || record.Address != address || record.Incarnation != message.Incarnation;
        bool wasDown = record.Status == MemberStatus.Dead;
        record.Suspicion = null;
        record.Verification = null;
        if (record.Address != address)
        {
            _table.Forget(record);
        }

        record.Describe(address, message.Meta, message.Versions, message.Incarnation, _host.IsGateway(message.Meta));
        _table.SetStatus(record, MemberStatus.Alive, Now);
        _table.Locate(record);
        if (wasDown)
        {
            record.LastUnanswered = MemberRecord.Never;
        }

        if (isNews)
        {
            Queue(record.Name, Encode(message));
        }
        else
        {
            QueueRoutine(record.Name, Encode(message));
        }

        if (isNew)
        {
            ReportUp(record);
        }
        else if (changed && record.IsReportedUp)
        {
            _host.OnMemberChanged(record, MemberChange.Updated);
        }
    }

    private void OnAliveAboutSelf(in AliveMessage message, in MemberAddress address, bool isVouchedFor)
    {
        if (_leaving)
        {
            return;
        }

        if (address != _self.Address)
        {
            if (MustMeet(_self, address, isVouchedFor) && address.IsUsable)
            {
                // This name's earlier process, most likely.
                Meet(message, address);
                return;
            }

            Counters.NameConflicts++;
            _host.OnNameConflict(_self, address);
            return;
        }

        bool same = message.Meta == _self.Meta && message.Versions == _self.Versions;
        if (message.Incarnation > _self.Incarnation || (message.Incarnation == _self.Incarnation && !same))
        {
            Refute(message.Incarnation);
        }
    }

    private void Refute(uint accused)
    {
        _self.SetIncarnation(Math.Max(_self.Incarnation, accused) + 1);
        _health.Add(1);
        Counters.Refutations++;
        QueueRoutine(_self.Name, Encode(_self.ToAlive()));
    }

    // Peers refuse an empty or reversed range of versions.
    private static bool IsSane(RawBytes versions) =>
        versions.Length == 0 || (versions.Span[0] != 0 && versions.Span[1] != 0 && versions.Span[0] <= versions.Span[1]);

    private void ReportUp(MemberRecord record)
    {
        if (record.IsReportedUp)
        {
            return;
        }

        int hold = _options.Has(Additions.FlapDamping) ? record.Damping.Hold(Now) : 0;
        record.HeldUntil = Now + hold;
        if (hold > 0)
        {
            WaitToReport(record);
            return;
        }

        record.IsReportedUp = true;
        _host.OnMemberChanged(record, MemberChange.Up);
    }

    private void WaitToReport(MemberRecord record)
    {
        if (!record.HasHoldTimer)
        {
            record.HasHoldTimer = true;
            _timers.Add(record.HeldUntil, _ => OnHoldEnds(record));
        }
    }

    private void OnHoldEnds(MemberRecord record)
    {
        record.HasHoldTimer = false;
        if (!record.IsAlive || record.IsReportedUp || record.Index < 0)
        {
            return;
        }

        if (Now < record.HeldUntil)
        {
            WaitToReport(record);
            return;
        }

        record.IsReportedUp = true;
        _host.OnMemberChanged(record, MemberChange.Up);
    }
}
