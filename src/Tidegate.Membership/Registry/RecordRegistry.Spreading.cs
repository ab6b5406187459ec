using System.Buffers;
using System.Buffers.Binary;
using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Registry;

/// <summary>How records reach the others: by gossip among gateways, and by a push/pull where digests differ.</summary>
internal sealed partial class RecordRegistry
{
    /// <summary>The first byte of a digest in an ack.</summary>
    private const byte DigestMark = 0x54;

    private const int DigestLength = 1 + sizeof(ulong);

    /// <summary>Gateways that each round of gossip goes to.</summary>
    private const int FanOut = 3;

    /// <summary>A record is sent this many times for each digit of the number of gateways.</summary>
    private const int TransmitMultiplier = 4;

    /// <summary>A record too long for a packet goes to these few, and on from them; what remains, the digests find.</summary>
    private const int StreamTransmits = 3;

    /// <summary>Milliseconds without news after which a difference is one that gossip does not mend.</summary>
    private const long Quiet = 500;

    /// <summary>Milliseconds of differences after which one is mended although news keep coming.</summary>
    private const long Patience = 5_000;

    /// <summary>Milliseconds between the push/pulls that are asked for.</summary>
    private const long Spacing = 1_000;

    /// <summary>Records that are news, by owner, and how often each is still to be sent.</summary>
    private readonly Dictionary<string, int> _pending = [];

    /// <summary>Sum of the hashes of the records whose owners are up.</summary>
    private ulong _digest;
    private long _lastNews = long.MinValue / 2;
    private long _lastRepair = long.MinValue / 2;
    private long _differsSince = -1;

    /// <summary>Records that wait to be gossiped.</summary>
    internal int Pending => _pending.Count;

    /// <summary>
    /// What goes into the ack of a ping from that member: the digest for a gateway, nil for any other, because a Serf agent would take it for a coordinate
    /// and log an error. Records of members that are down do not count: members that joined later do not have them.
    /// </summary>
    internal RawBytes AckPayloadFor(string pinger)
    {
        if (!_gateways.ContainsKey(pinger))
        {
            return RawBytes.Nil;
        }

        Span<byte> payload = stackalloc byte[DigestLength];
        payload[0] = DigestMark;
        BinaryPrimitives.WriteUInt64BigEndian(payload[1..], _digest);
        return RawBytes.CopyOf(payload);
    }

    /// <summary>The payload of an ack. A difference that lasts is mended by a push/pull with whoever sent it.</summary>
    /// <param name="from">Who acked.</param>
    /// <param name="payload">What came with the ack; a Serf agent's coordinate is ignored.</param>
    internal void AckReceived(string from, ReadOnlySpan<byte> payload)
    {
        if (payload.Length != DigestLength || payload[0] != DigestMark || !_gateways.ContainsKey(from))
        {
            return;
        }

        if (BinaryPrimitives.ReadUInt64BigEndian(payload[1..]) == _digest)
        {
            _differsSince = -1;
            return;
        }

        long now = _host.Now;
        _differsSince = _differsSince < 0 ? now : _differsSince;
        if ((now - _lastNews >= Quiet || now - _differsSince >= Patience) && now - _lastRepair >= Spacing)
        {
            _lastRepair = now;
            _differsSince = -1;
            Counters.Repairs++;
            _host.RequestPushPull(from);
        }
    }

    /// <summary>One round of gossip.</summary>
    internal void Tick()
    {
        if (_pending.Count == 0 || _gateways.Count == 0)
        {
            return;
        }

        SerfPeer[] targets = [.. _gateways.Values];
        _host.Random.Shuffle(targets);
        foreach (SerfPeer target in targets.Take(FanOut))
        {
            SendPending(target);
        }
    }

    /// <summary>Sends what fits one packet, what has been sent least first, and at most one record that needs a stream.</summary>
    private void SendPending(SerfPeer target)
    {
        List<MemberRecord> packet = [];
        int bytes = 0;
        bool streamed = false;
        foreach ((string owner, int _) in _pending.OrderByDescending(entry => entry.Value).ToArray())
        {
            MemberRecord record = _records[owner];
            int size = WrittenSize(record);
            if (size > RegistryLimits.Packet)
            {
                if (!streamed && owner != target.Name)
                {
                    streamed = true;
                    Send(target, [record], stream: true);
                    CountDown(owner);
                }
            }
            else if (bytes + size <= RegistryLimits.Packet)
            {
                bytes += size;
                packet.Add(record);
                CountDown(owner);
            }
        }

        if (packet.Count > 0)
        {
            Send(target, packet, stream: false);
        }
    }

    private void Send(SerfPeer target, List<MemberRecord> records, bool stream)
    {
        ArrayBufferWriter<byte> output = new();
        output.Write([(byte)SerfMessageType.Records]);
        RecordList.Write(output, records);
        _host.SendUserMessage(target.Address, output.WrittenSpan, stream);
    }

    private void CountDown(string owner)
    {
        if (--_pending[owner] <= 0)
        {
            _pending.Remove(owner);
        }
    }

    private void Spread(MemberRecord record)
    {
        int digits = Math.Max(1, (int)Math.Ceiling(Math.Log10(_gateways.Count + 2)));
        _pending[record.Owner] = WrittenSize(record) > RegistryLimits.Packet ? StreamTransmits : TransmitMultiplier * digits;
    }

    private void Noted() => _lastNews = _host.Now;

    /// <summary>Bytes that a record takes in a message, at most.</summary>
    private static int WrittenSize(MemberRecord record) => 40 + (record.Owner.Length * 3) + record.Payload.Length;
}
