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

    /// <summary>Gateways that are sent something by stream in one tick.</summary>
    private const int FanOut = 3;

    /// <summary>A record too long for a packet goes to these few, and on from them; what remains, the digests find.</summary>
    private const int StreamTransmits = 3;

    /// <summary>Milliseconds without news after which a difference is one that gossip does not mend.</summary>
    private const long Quiet = 500;

    /// <summary>Milliseconds of differences after which one is mended although news keep coming.</summary>
    private const long Patience = 5_000;

    /// <summary>Milliseconds between the push/pulls that are asked for.</summary>
    private const long Spacing = 1_000;

    /// <summary>Owners of news too long for a packet, and how often each is still to be sent.</summary>
    private readonly Dictionary<string, int> _pending = [];

    /// <summary>Sum of the hashes of the records whose owners are up.</summary>
    private ulong _digest;
    private long _lastNews = long.MinValue / 2;
    private long _lastRepair = long.MinValue / 2;
    private long _differsSince = -1;

    /// <summary>Records that wait to be sent by stream.</summary>
    internal int Pending => _pending.Count;

    /// <summary>
    /// What goes into the ack to a gateway: the digest. Any other is to get nil, because a Serf agent would take it for a coordinate and log an error.
    /// Records of members that are down do not count: members that joined later do not have them.
    /// </summary>
    internal RawBytes AckPayload()
    {
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

    /// <summary>Sends a record that needs a stream to some gateways, if there is one.</summary>
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
            if (_pending.Count > 0)
            {
                string owner = _pending.MaxBy(entry => entry.Value).Key;
                _host.SendUserMessage(target.Address, MessageOf(_records[owner]), stream: true);
                CountDown(owner);
            }
        }
    }

    private static byte[] MessageOf(PublishedRecord record)
    {
        ArrayBufferWriter<byte> output = new();
        output.Write([(byte)SerfMessageType.Records]);
        RecordList.Write(output, [record]);
        return output.WrittenSpan.ToArray();
    }

    private void CountDown(string owner)
    {
        if (--_pending[owner] <= 0)
        {
            _pending.Remove(owner);
        }
    }

    private void Spread(PublishedRecord record)
    {
        byte[] message = MessageOf(record);
        if (message.Length > RegistryLimits.Packet)
        {
            _pending[record.Owner] = StreamTransmits;
        }
        else
        {
            _pending.Remove(record.Owner);
            _host.QueueBroadcast(SerfTier.Records, record.Owner, message, sent: null);
        }
    }

    private void Noted() => _lastNews = _host.Now;
}
