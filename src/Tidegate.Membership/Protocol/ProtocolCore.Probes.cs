using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>Probing the others in turn.</summary>
internal sealed partial class ProtocolCore
{
    private readonly PendingPings _pings = new(lifetime: 10_000);
    private Probe? _probe;

    private void OnProbeTick()
    {
        MemberRecord? target = _ring.Next();
        if (target is null)
        {
            _timers.Add(Now + _options.ProbeInterval, _ => OnProbeTick());
            return;
        }

        Probe probe = new(Expect(target), target, Now, _health.Scale(_options.ProbeInterval));
        _probe = probe;
        Counters.Probes++;
        Ping(probe);
        probe.Timeout = _timers.Add(Now + _options.ProbeTimeout, _ => OnProbeTimeout(probe));
        _timers.Add(Now + _options.ProbeInterval, _ => OnProbeIntervalEnds(probe));
    }

    private void Ping(Probe probe)
    {
        MemberRecord target = probe.Target;
        byte[] ping = Encode(new PingMessage(probe.SeqNo, target.Name, MessageSource.None));
        if (target.Status == MemberStatus.Suspect)
        {
            // The suspicion goes along, so that it can refute at once.
            byte[] suspect = Encode(new SuspectMessage(target.Incarnation, target.Name, _self.Name));
            _host.SendPacket(target.Address, [ping, suspect], checksum: target.ProtocolMaximum >= 5);
        }
        else
        {
            Send(target.Address, target, ping);
        }
    }

    /// <summary>
    /// Directly once more. A packet that got lost costs one packet so; a suspicion costs one to and a refutation from every member.
    /// </summary>
    private void PingAgain(Probe probe)
    {
        if (!probe.IsAnswered && !probe.IsFinished && probe.Target.Index >= 0)
        {
            Ping(probe);
        }
    }

    /// <summary>A new number, whose answer counts as a sign of life of that member.</summary>
    private uint Expect(MemberRecord record)
    {
        uint seqNo = ++_seqNo;
        _pings.Add(seqNo, record, Now);
        return seqNo;
    }

    private void OnProbeTimeout(Probe probe)
    {
        if (probe.IsAnswered || probe.IsFinished)
        {
            return;
        }

        probe.IsIndirect = true;
        MemberRecord target = probe.Target;
        PingAgain(probe);
        if (2 * _options.ProbeTimeout < _options.ProbeInterval)
        {
            _timers.Add(Now + _options.ProbeTimeout, _ => PingAgain(probe));
        }

        ChooseHelpers(target);
        foreach (MemberRecord helper in _picked)
        {
            bool nack = helper.ProtocolMaximum >= 4;
            if (helper.IsGateway && nack)
            {
                probe.GatewaysAsked++;
            }
            else
            {
                probe.GuestsAsked++;
            }

            Send(helper.Address, helper, Encode(new IndirectPingMessage(
                probe.SeqNo, target.Address.Raw, target.Address.Port, target.Name, nack, MessageSource.None)));
        }

        if (target.ProtocolMaximum >= 3)
        {
            int rest = (int)(probe.Start + probe.Interval - Now);
            _host.StartStreamPing(probe.SeqNo, target.Address, target.Name, rest);
        }
    }

    private void ChooseHelpers(MemberRecord target)
    {
        _table.Pick(_random, _options.Helpers, _picked, record => record.IsGateway && CanHelp(record, target));
        if (_picked.Count < _options.Helpers)
        {
            List<MemberRecord> guests = [];
            _table.Pick(_random, _options.Helpers - _picked.Count, guests, record => !record.IsGateway && CanHelp(record, target));
            _picked.AddRange(guests);
        }
    }

    private static bool CanHelp(MemberRecord record, MemberRecord target) =>
        record.Status == MemberStatus.Alive && !record.IsSelf && record != target;

    /// <summary>The next probe starts now, unless this one is given longer.</summary>
    private void OnProbeIntervalEnds(Probe probe)
    {
        if (!probe.IsAnswered && !probe.IsFinished && Now < probe.Start + probe.Interval)
        {
            _timers.Add(probe.Start + probe.Interval, _ => OnProbeIntervalEnds(probe));
            return;
        }

        if (!probe.IsAnswered && !probe.IsFinished)
        {
            Fail(probe);
        }

        OnProbeTick();
    }

    private void Fail(Probe probe)
    {
        probe.IsFinished = true;
        Counters.ProbesFailed++;
        probe.Target.LastUnanswered = Now;
        _health.Add(probe.GatewaysAsked > 0 ? Math.Max(0, probe.GatewaysAsked - probe.Nacks) : 1);
        Judge(probe);
        MemberRecord target = probe.Target;
        if (target.Index >= 0 && target.Verification is null)
        {
            if (target.Status == MemberStatus.Alive)
            {
                Suspect(target, target.Incarnation, _self.Name);
            }
            else if (target.Suspicion is { } running && !IsHeldBack && running.Confirm(_self.Name))
            {
                Confirmed(target, running, new SuspectMessage(target.Incarnation, target.Name, _self.Name));
            }
        }
    }

    private void OnAck(in MemberAddress from, in AckMessage ack)
    {
        if (Meets(ack.SeqNo))
        {
            return;
        }

        if (_relays.Remove(ack.SeqNo, out Relay? relay))
        {
            Reached();
            Heard(relay.Target);
            Send(relay.Asker, _table.At(relay.Asker), Encode(new AckMessage(relay.AskerSeqNo, RawBytes.Nil)));
            return;
        }

        if (_pings.Find(ack.SeqNo) is not { } asked)
        {
            return;
        }

        Reached();
        Heard(asked);
        Answered(ack.SeqNo);
        if (ack.Payload.Length > 0 && _table.At(from) is { IsGateway: true } sender)
        {
            _host.OnAckPayload(sender, ack.Payload.Span);
        }
    }

    private void Answered(uint seqNo)
    {
        if (_probe is { } probe && probe.SeqNo == seqNo && !probe.IsAnswered && !probe.IsFinished)
        {
            probe.IsAnswered = true;
            probe.Timeout?.Cancel();
            _health.Add(-1);
            Judge(probe);
        }
    }

    /// <summary>A sign of life.</summary>
    private void Heard(MemberRecord? record)
    {
        if (record is null)
        {
            return;
        }

        record.LastHeard = Now;
        if (record.Verification is { } verification)
        {
            EndVerification(record, verification, answered: true);
        }

        if (record.IsPrivate)
        {
            Withdraw(record);
        }
        else if (record.Status == MemberStatus.Dead)
        {
            Welcome(record);
        }
    }

    private void OnNack(uint seqNo)
    {
        if (_pings.Find(seqNo) is not null)
        {
            Reached();
        }

        if (_probe is { } probe && probe.SeqNo == seqNo)
        {
            probe.Nacks++;
            DownIfRefused(probe);
        }
    }

    /// <summary>A ping over a stream has ended.</summary>
    internal void OnStreamPing(long now, uint seqNo, StreamPingResult result)
    {
        Observe(now);
        if (result == StreamPingResult.Answered)
        {
            Reached();
            Heard(_pings.Find(seqNo));
            Answered(seqNo);
        }
        else if (result == StreamPingResult.Refused && _probe is { } probe && probe.SeqNo == seqNo)
        {
            probe.RefusedAt = Now;
            DownIfRefused(probe);
            if (probe.GuestsAsked > 0 && !probe.IsFinished)
            {
                _timers.Add(Now + _options.ProbeTimeout, _ => DownIfRefused(probe));
            }
        }
    }

    /// <summary>
    /// Its host is there and nothing listens, and nobody who was asked reaches it: the process has ended. Agents that nack
    /// late get the time of one ping to say otherwise.
    /// </summary>
    private void DownIfRefused(Probe probe)
    {
        if (!_options.Has(Additions.Refused) || probe.RefusedAt is not { } refused || probe.IsAnswered || probe.IsFinished
            || probe.Nacks < probe.GatewaysAsked || (probe.GuestsAsked > 0 && Now < refused + _options.ProbeTimeout))
        {
            return;
        }

        probe.IsFinished = true;
        Counters.ProbesFailed++;
        probe.Target.LastUnanswered = Now;
        Judge(probe);
        if (probe.Target.IsAlive && probe.Target.Index >= 0)
        {
            Bury(probe.Target);
        }
    }
}
