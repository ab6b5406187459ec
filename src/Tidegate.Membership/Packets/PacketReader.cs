using System.Buffers.Binary;
using Tidegate.Membership.Security;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Packets;

/// <summary>Is handed what is in a packet, in its order. Must not throw.</summary>
internal interface IPacketVisitor
{
    /// <summary>A message of a type that packets carry; it is not read yet. The body is valid during the call.</summary>
    void OnMessage(MessageType type, ReadOnlySpan<byte> body);

    /// <summary>The packet or a part of it is not taken. What was handed over before counts, and so may what comes after.</summary>
    void OnRefused(PacketRefusal reason);
}

/// <summary>
/// Takes packets apart (specification, section 1 and annex A2): label, seal, checksum, then type by type. Copies nothing
/// but what it decrypts and decompresses, into buffers of its own. One thread at a time; a visitor must not start
/// another reading.
/// </summary>
internal sealed class PacketReader
{
    private readonly Envelope _envelope;
    private readonly LzwDecoder _lzw = new();
    private readonly byte[] _inflated = new byte[PacketLimits.Inflated];
    private readonly byte[] _opened;
    private readonly ReplayWindow? _window;
    private int _inflatedUsed;
    private int _messages;

    internal PacketReader(Envelope envelope)
    {
        _envelope = envelope;
        _opened = envelope.Keyring is null ? [] : new byte[PacketLimits.Read];
        _window = envelope.Keyring is null ? null : new ReplayWindow();
    }

    /// <summary>Hands everything in the packet to the visitor. At most <see cref="PacketLimits.Read"/> bytes.</summary>
    internal void Read<TVisitor>(ReadOnlySpan<byte> packet, ref TVisitor visitor)
        where TVisitor : IPacketVisitor, allows ref struct
    {
        _inflatedUsed = 0;
        _messages = 0;
        PacketRefusal refusal = Unwrap(packet, out ReadOnlySpan<byte> message);
        if (refusal == PacketRefusal.None)
        {
            refusal = ReadPart(message, ref visitor, depth: 0);
        }

        if (refusal != PacketRefusal.None)
        {
            visitor.OnRefused(refusal);
        }
    }

    private PacketRefusal Unwrap(ReadOnlySpan<byte> packet, out ReadOnlySpan<byte> message)
    {
        message = packet;
        if (packet.IsEmpty)
        {
            return PacketRefusal.Empty;
        }

        if (!TryTakeLabel(ref message))
        {
            return PacketRefusal.WrongLabel;
        }

        if (_envelope.Keyring is { } keyring)
        {
            SealFailure failure = Sealing.Open(keyring, message, _envelope.Label, _opened, out int length);
            if (failure != SealFailure.None)
            {
                return failure switch
                {
                    SealFailure.NoKeyOpens => PacketRefusal.NoKeyOpens,
                    SealFailure.BadPadding => PacketRefusal.BadPadding,
                    _ => PacketRefusal.NotSealed,
                };
            }

            if (!_window!.TryAdd(message.Slice(1, Sealing.NonceLength)))
            {
                return PacketRefusal.Replayed;
            }

            message = _opened.AsSpan(0, length);
        }

        if (!message.IsEmpty && message[0] == (byte)MessageType.Crc)
        {
            if (message.Length < 5 || BinaryPrimitives.ReadUInt32BigEndian(message[1..]) != Crc32.Of(message[5..]))
            {
                return PacketRefusal.WrongChecksum;
            }

            message = message[5..];
        }

        return message.IsEmpty ? PacketRefusal.Empty : PacketRefusal.None;
    }

    private bool TryTakeLabel(ref ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> label = _envelope.Label;
        if (message[0] != (byte)MessageType.Label)
        {
            return label.IsEmpty;
        }

        if (label.IsEmpty || message.Length < 2 + label.Length || message[1] != label.Length || !message.Slice(2, label.Length).SequenceEqual(label))
        {
            return false;
        }

        message = message[(2 + label.Length)..];
        return true;
    }

    // The last thing that is wrong with a part is returned; what is wrong inside it has been told by then.
    private PacketRefusal ReadPart<TVisitor>(ReadOnlySpan<byte> part, ref TVisitor visitor, int depth)
        where TVisitor : IPacketVisitor, allows ref struct
    {
        if (part.IsEmpty)
        {
            return PacketRefusal.EmptyPart;
        }

        ReadOnlySpan<byte> body = part[1..];
        MessageType type = (MessageType)part[0];
        switch (type)
        {
            case MessageType.Compound or MessageType.Compress when depth == PacketLimits.Nesting:
                return PacketRefusal.TooDeep;
            case MessageType.Compound:
                return ReadCompound(body, ref visitor, depth + 1);
            case MessageType.Compress:
                return ReadCompressed(body, ref visitor, depth + 1);
            case MessageType.Crc:
                return PacketRefusal.ChecksumInside;
            case MessageType.Ping or MessageType.IndirectPing or MessageType.Ack or MessageType.Nack:
            case MessageType.Suspect or MessageType.Alive or MessageType.Dead or MessageType.User:
                if (_messages == PacketLimits.Messages)
                {
                    return PacketRefusal.TooManyMessages;
                }

                _messages++;
                visitor.OnMessage(type, body);
                return PacketRefusal.None;
            default:
                return PacketRefusal.UnknownType;
        }
    }

    private PacketRefusal ReadCompound<TVisitor>(ReadOnlySpan<byte> body, ref TVisitor visitor, int depth)
        where TVisitor : IPacketVisitor, allows ref struct
    {
        if (body.IsEmpty || body.Length < 1 + (2 * body[0]))
        {
            return PacketRefusal.CutOff;
        }

        int count = body[0];
        if (count == 0)
        {
            return PacketRefusal.EmptyPart;
        }

        ReadOnlySpan<byte> lengths = body[1..];
        ReadOnlySpan<byte> rest = lengths[(2 * count)..];
        for (int i = 0; i < count; i++)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(lengths[(2 * i)..]);
            if (length > rest.Length)
            {
                return PacketRefusal.CutOff;
            }

            PacketRefusal refusal = ReadPart(rest[..length], ref visitor, depth);
            if (refusal is PacketRefusal.TooManyMessages or PacketRefusal.InflatesTooMuch)
            {
                return refusal;
            }

            if (refusal != PacketRefusal.None)
            {
                visitor.OnRefused(refusal);
            }

            rest = rest[length..];
        }

        return PacketRefusal.None;
    }

    private PacketRefusal ReadCompressed<TVisitor>(ReadOnlySpan<byte> body, ref TVisitor visitor, int depth)
        where TVisitor : IPacketVisitor, allows ref struct
    {
        if (CompressFrame.Read(body, PacketLimits.Read, out ReadOnlySpan<byte> buffer) != ReadFailure.None)
        {
            return PacketRefusal.BadCompression;
        }

        // Parts inside this one are inflated behind it, since it is still being read.
        Span<byte> free = _inflated.AsSpan(_inflatedUsed);
        LzwFailure failure = _lzw.Decode(buffer, free, out int written);
        if (failure != LzwFailure.None)
        {
            // What came of a damaged part counts as well, or one packet could have the work done over and over.
            _inflatedUsed += written;
            return failure == LzwFailure.TooLong ? PacketRefusal.InflatesTooMuch : PacketRefusal.BadCompression;
        }

        _inflatedUsed += written;
        return ReadPart(free[..written], ref visitor, depth);
    }
}
