using System.Buffers;
using System.Buffers.Binary;
using Tidegate.Membership.Security;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Packets;

/// <summary>
/// Puts messages into one packet (specification, section 1 and annex A2): compound where there are several, compressed if
/// that is asked for and makes it smaller, checksum, seal, label. Its buffers are used again; one thread at a time.
/// </summary>
internal sealed class PacketWriter
{
    /// <summary>Messages shorter than this are not worth compressing: LZW spends a ninth bit on each byte at first.</summary>
    private const int WorthCompressing = 128;

    private const int CompoundHeader = 2;
    private const int ChecksumOverhead = 5;

    private readonly Envelope _envelope;
    private readonly LzwEncoder? _lzw;
    private readonly int _overhead;
    private readonly byte[] _messages = new byte[PacketLimits.Written];
    private readonly ushort[] _lengths = new ushort[PacketLimits.Parts];
    private readonly byte[] _body = new byte[PacketLimits.Written];
    private readonly byte[] _packet = new byte[PacketLimits.Written];
    private readonly ArrayBufferWriter<byte> _compressed = new();
    private readonly byte[] _lzwOutput;
    private readonly byte[] _plain;
    private int _used;

    /// <param name="envelope">What all packets of the cluster are wrapped in.</param>
    /// <param name="compress">True to compress what becomes smaller by it. Peers read both.</param>
    internal PacketWriter(Envelope envelope, bool compress)
    {
        _envelope = envelope;
        _lzw = compress ? new LzwEncoder() : null;
        _lzwOutput = compress ? new byte[PacketLimits.Written] : [];
        _plain = envelope.Keyring is null ? [] : new byte[PacketLimits.Written];
        _overhead = ChecksumOverhead + envelope.LabelOverhead + (envelope.Keyring is null ? 0 : Sealing.Overhead);
    }

    /// <summary>Messages added since <see cref="Clear"/>.</summary>
    internal int Count { get; private set; }

    /// <summary>How long a further message may be so that the packet stays within <see cref="PacketLimits.Fill"/>.</summary>
    internal int Room => Count == PacketLimits.Parts
        ? 0
        : Math.Max(0, PacketLimits.Fill - _overhead - CompoundHeader - _used - (2 * (Count + 1)));

    /// <summary>The longest message that can be sent at all, as the first of a packet.</summary>
    internal int Largest => PacketLimits.Written - _overhead;

    /// <summary>Begins a packet. What <see cref="Finish"/> returned before is no longer valid.</summary>
    internal void Clear()
    {
        Count = 0;
        _used = 0;
    }

    /// <summary>
    /// Adds a message, its type byte included, if there is room. The first is taken up to <see cref="Largest"/>, because
    /// it is what the packet is for.
    /// </summary>
    /// <exception cref="ArgumentException">The message is empty: peers index past its end (annex A2).</exception>
    internal bool TryAdd(ReadOnlySpan<byte> message)
    {
        if (message.IsEmpty)
        {
            throw new ArgumentException("A message has at least its type byte.", nameof(message));
        }

        if (message.Length > (Count == 0 ? Largest : Room))
        {
            return false;
        }

        message.CopyTo(_messages.AsSpan(_used));
        _lengths[Count++] = (ushort)message.Length;
        _used += message.Length;
        return true;
    }

    /// <summary>
    /// The packet as it is to be sent; valid until the next <see cref="Clear"/> or <see cref="Finish"/>. May be asked
    /// for again, with or without a checksum.
    /// </summary>
    /// <param name="checksum">True where the receiver is known to understand protocol 5 and nothing else protects the packet.</param>
    /// <exception cref="InvalidOperationException">There is no message.</exception>
    internal ReadOnlySpan<byte> Finish(bool checksum)
    {
        if (Count == 0)
        {
            throw new InvalidOperationException("A packet has at least one message.");
        }

        Span<byte> message = Compressed(Gather());
        Span<byte> packet = _packet;
        int start = WriteLabel(packet);
        Span<byte> plain = _envelope.Keyring is null ? packet[start..] : _plain;
        int length = message.Length;
        if (checksum)
        {
            message.CopyTo(plain[ChecksumOverhead..]);
            plain[0] = (byte)MessageType.Crc;
            BinaryPrimitives.WriteUInt32BigEndian(plain[1..], Crc32.Of(message));
            length += ChecksumOverhead;
        }
        else
        {
            message.CopyTo(plain);
        }

        if (_envelope.Keyring is { } keyring)
        {
            Sealing.Seal(keyring, plain[..length], _envelope.Label, packet.Slice(start, length + Sealing.Overhead));
            length += Sealing.Overhead;
        }

        return packet[..(start + length)];
    }

    private Span<byte> Gather()
    {
        Span<byte> body = _body;
        if (Count == 1)
        {
            _messages.AsSpan(0, _used).CopyTo(body);
            return body[.._used];
        }

        body[0] = (byte)MessageType.Compound;
        body[1] = (byte)Count;
        int at = CompoundHeader;
        foreach (ushort length in _lengths.AsSpan(0, Count))
        {
            BinaryPrimitives.WriteUInt16BigEndian(body[at..], length);
            at += sizeof(ushort);
        }

        _messages.AsSpan(0, _used).CopyTo(body[at..]);
        return body[..(at + _used)];
    }

    private Span<byte> Compressed(Span<byte> message)
    {
        if (_lzw is null || message.Length < WorthCompressing ||
            !_lzw.TryEncode(message, _lzwOutput.AsSpan(0, message.Length - CompressFrame.Overhead), out int written))
        {
            return message;
        }

        _compressed.ResetWrittenCount();
        CompressFrame.Write(_compressed, _lzwOutput.AsSpan(0, written));
        _compressed.WrittenSpan.CopyTo(message);
        return message[.._compressed.WrittenCount];
    }

    private int WriteLabel(Span<byte> packet)
    {
        ReadOnlySpan<byte> label = _envelope.Label;
        if (!label.IsEmpty)
        {
            packet[0] = (byte)MessageType.Label;
            packet[1] = (byte)label.Length;
            label.CopyTo(packet[2..]);
        }

        return _envelope.LabelOverhead;
    }
}
