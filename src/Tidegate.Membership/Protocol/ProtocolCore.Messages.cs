using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>Messages that came in packets.</summary>
internal sealed partial class ProtocolCore
{
    /// <summary>Takes one message out of a packet. What it cannot read it counts and forgets.</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Where the packet came from.</param>
    /// <param name="message">The message with its type byte; compound, compression, CRC and seal have been taken off.</param>
    internal void OnMessage(long now, in MemberAddress from, ReadOnlySpan<byte> message)
    {
        if (message.IsEmpty)
        {
            Counters.BadMessages++;
            return;
        }

        OnMessage(now, from, (MessageType)message[0], message[1..]);
    }

    /// <summary>Takes one message out of a packet, whose type byte has been taken off too.</summary>
    internal void OnMessage(long now, in MemberAddress from, MessageType type, ReadOnlySpan<byte> body)
    {
        Observe(now);
        MessagePackReader reader = new(body);
        switch (type)
        {
            case MessageType.Ping when PingMessage.TryRead(ref reader, out PingMessage ping):
                OnPing(from, ping);
                break;
            case MessageType.IndirectPing when IndirectPingMessage.TryRead(ref reader, out IndirectPingMessage indirect):
                OnIndirectPing(from, indirect);
                break;
            case MessageType.Ack when AckMessage.TryRead(ref reader, out AckMessage ack):
                OnAck(from, ack);
                break;
            case MessageType.Nack when NackMessage.TryRead(ref reader, out NackMessage nack):
                OnNack(nack.SeqNo);
                break;
            case MessageType.Suspect when SuspectMessage.TryRead(ref reader, out SuspectMessage suspect) && suspect.Incarnation <= MaximumIncarnation:
                OnSuspect(suspect);
                break;
            case MessageType.Dead when DeadMessage.TryRead(ref reader, out DeadMessage dead) && dead.Incarnation <= MaximumIncarnation:
                OnDead(dead);
                break;
            case MessageType.Alive when AliveMessage.TryRead(ref reader, out AliveMessage alive) && alive.Incarnation <= MaximumIncarnation:
                OnAlive(alive, isVouchedFor: false);
                break;
            case MessageType.User:
                if (TakesUserMessages())
                {
                    _host.OnUserMessage(from, body);
                }

                break;
            default:
                Counters.BadMessages++;
                break;
        }

        if (_guard.IsIsolated)
        {
            AskPeer(from);
        }
    }

    /// <summary>
    /// False while nobody else is known, or no state has been exchanged, and counted then: there is nobody who could have said it now, or
    /// nothing to tell by whether it is old. Whoever is met will tell what is still of use.
    /// </summary>
    internal bool TakesUserMessages()
    {
        bool takes = (_table.Live > 1 && _hasMerged) || !_options.Has(Additions.Introduction);
        Counters.Replays += takes ? 0 : 1;
        return takes;
    }

    private void OnPing(in MemberAddress from, in PingMessage ping)
    {
        if (ping.Node.Length > 0 && ping.Node != _self.Name)
        {
            return;
        }

        MemberAddress to = AnswerTo(from, ping.Source);
        MemberRecord? asker = _table.At(to);
        RawBytes payload = asker is { IsGateway: true } ? _host.AckPayload() : RawBytes.Nil;
        byte[] ack = Encode(new AckMessage(ping.SeqNo, payload));
        if (_leaving)
        {
            // Whoever still asks has not heard it.
            _host.SendPacket(to, [ack, Encode(new DeadMessage(_self.Incarnation, _self.Name, _self.Name))], checksum: false);
            return;
        }

        Send(to, asker, ack);
        if (asker is null)
        {
            MeetStranger(to);
        }
    }

    private static MemberAddress AnswerTo(in MemberAddress from, in MessageSource source) =>
        source.Address.Length > 0 && source.Port != 0 ? MemberAddress.From(source.Address, source.Port) : from;

    /// <summary>Sends one message with as much gossip as fits.</summary>
    private void Send(in MemberAddress to, MemberRecord? record, byte[] message)
    {
        _packet.Clear();
        _packet.Add(message);
        if (_gossip.Count > 0)
        {
            _gossip.Fill(_packet, record, _options.PacketRoom - message.Length - 2, RetransmitLimit);
        }

        _host.SendPacket(to, [.. _packet], checksum: false);
    }

    /// <summary>Sends a user message to one member, alone in its packet.</summary>
    /// <param name="to">The receiver.</param>
    /// <param name="message">The message without the type byte of user messages.</param>
    internal void SendUserMessage(in MemberAddress to, ReadOnlySpan<byte> message) => _host.SendPacket(to, [UserMessage(message)], checksum: false);

    private static byte[] UserMessage(ReadOnlySpan<byte> message) => [(byte)MessageType.User, .. message];
}
