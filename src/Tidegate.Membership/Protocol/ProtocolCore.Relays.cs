using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>Pinging on behalf of others (annex A4).</summary>
internal sealed partial class ProtocolCore
{
    private readonly Dictionary<uint, Relay> _relays = [];

    private void OnIndirectPing(in MemberAddress from, in IndirectPingMessage message)
    {
        if (_relays.Count >= _options.MaximumRelays)
        {
            Counters.RelaysBeyondBound++;
            return;
        }

        ushort port = message.Port == 0 ? _self.Address.Port : message.Port;
        MemberAddress target = MemberAddress.From(message.Target, port);
        if (!target.IsUsable)
        {
            Counters.BadMessages++;
            return;
        }

        MemberRecord? record = _table.Find(message.Node);
        if (record is { Status: MemberStatus.Left })
        {
            TellThatItLeft(AnswerTo(from, message.Source), record, message);
            return;
        }

        uint seqNo = ++_seqNo;
        if (record is not null && record.Address != target)
        {
            record = null;
        }

        _relays.Add(seqNo, new Relay(AnswerTo(from, message.Source), message.SeqNo, message.Nack, record, Now));
        Send(target, record, Encode(new PingMessage(seqNo, message.Node, MessageSource.None)));
        _timers.Add(Now + _options.ProbeTimeout, _ => OnRelayTimeout(seqNo));

        // An ack that comes after the nack is still passed on, for as long as the asker can use it.
        _timers.Add(Now + (5 * _options.ProbeInterval), _ => _relays.Remove(seqNo));
    }

    /// <summary>The asker has not heard that the member left, and would take it for failed.</summary>
    private void TellThatItLeft(in MemberAddress asker, MemberRecord record, in IndirectPingMessage message)
    {
        byte[] left = Encode(new DeadMessage(record.Incarnation, record.Name, record.Name));
        byte[][] packet = message.Nack ? [left, Encode(new NackMessage(message.SeqNo))] : [left];
        _host.SendPacket(asker, packet, checksum: false);
    }

    private void OnRelayTimeout(uint seqNo)
    {
        if (!_relays.TryGetValue(seqNo, out Relay? relay))
        {
            return;
        }

        if (relay.Target is { } target && target.LastHeard < relay.Start)
        {
            target.LastUnanswered = Now;
        }

        if (relay.WantsNack)
        {
            Send(relay.Asker, _table.At(relay.Asker), Encode(new NackMessage(relay.AskerSeqNo)));
        }
    }
}
