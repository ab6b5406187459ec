using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Tidegate.Membership.Packets;
using Tidegate.Membership.Security;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Streams;

/// <summary>Writes messages of streams, the way <see cref="PeerStreamReader"/> and the peers read them.</summary>
internal static class PeerStreamWriter
{
    private const int FrameHeader = 5;

    /// <summary>Below this LZW saves nothing that matters, and what is sent can be read by eye.</summary>
    private const int WorthCompressing = 1 << 10;

    /// <summary>All bytes of a message as they are sent.</summary>
    /// <param name="message">The message.</param>
    /// <param name="envelope">The cluster's label and keys.</param>
    /// <param name="writeLabel">True on the dialling side.</param>
    /// <exception cref="InvalidOperationException">The message is larger than <see cref="StreamLimits.Message"/>, so that no peer would read it.</exception>
    internal static byte[] Encode(PeerMessage message, Envelope envelope, bool writeLabel)
    {
        ArrayBufferWriter<byte> output = new();
        Write(message, output);
        ReadOnlySpan<byte> plain = Compressed(output.WrittenSpan);
        if (plain.Length > StreamLimits.Message)
        {
            throw new InvalidOperationException(
                $"A message on a stream has at most {StreamLimits.Message} bytes, and this one has {plain.Length}. Peers would refuse it.");
        }

        int label = writeLabel ? envelope.LabelOverhead : 0;
        byte[] bytes = new byte[label + plain.Length + (envelope.Keyring is null ? 0 : FrameHeader + Sealing.Overhead)];
        if (label > 0)
        {
            bytes[0] = (byte)MessageType.Label;
            bytes[1] = (byte)envelope.Label.Length;
            envelope.Label.CopyTo(bytes.AsSpan(2));
        }

        if (envelope.Keyring is { } keyring)
        {
            Seal(plain, envelope, keyring, bytes.AsSpan(label));
        }
        else
        {
            plain.CopyTo(bytes.AsSpan(label));
        }

        return bytes;
    }

    private static void Seal(ReadOnlySpan<byte> plain, Envelope envelope, Keyring keyring, Span<byte> frame)
    {
        frame[0] = (byte)MessageType.Encrypt;
        BinaryPrimitives.WriteUInt32BigEndian(frame[1..], (uint)(frame.Length - FrameHeader));
        Span<byte> associated = stackalloc byte[FrameHeader + Envelope.MaximumLabel];
        frame[..FrameHeader].CopyTo(associated);
        envelope.Label.CopyTo(associated[FrameHeader..]);
        Sealing.Seal(keyring, plain, associated[..(FrameHeader + envelope.Label.Length)], frame[FrameHeader..]);
    }

    private static void Write(PeerMessage message, ArrayBufferWriter<byte> output)
    {
        switch (message)
        {
            case ClusterState state:
                new PushPullHeader(state.Entries.Count, state.UserState.Length, state.Join).Write(output);
                foreach (StateEntry entry in state.Entries)
                {
                    entry.Write(output);
                }

                output.Write(state.UserState.Span);
                break;
            case StreamPing ping:
                ping.Ping.Write(output);
                break;
            case StreamAck ack:
                ack.Ack.Write(output);
                break;
            case StreamUser user:
                new UserHeader(user.Body.Length).Write(output);
                output.Write(user.Body.Span);
                break;
            case StreamError error:
                new ErrorMessage(Shortened(error.Error)).Write(output);
                break;
            default:
                throw new ArgumentException($"There is no way to write {message.GetType().Name}.", nameof(message));
        }
    }

    private static ReadOnlySpan<byte> Compressed(ReadOnlySpan<byte> plain)
    {
        if (plain.Length < WorthCompressing)
        {
            return plain;
        }

        byte[] packed = ArrayPool<byte>.Shared.Rent(plain.Length);
        try
        {
            if (!new LzwEncoder().TryEncode(plain, packed.AsSpan(0, plain.Length - CompressFrame.Overhead), out int written))
            {
                return plain;
            }

            ArrayBufferWriter<byte> output = new(written + CompressFrame.Overhead);
            CompressFrame.Write(output, packed.AsSpan(0, written));
            return output.WrittenSpan;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(packed);
        }
    }

    // Names in the text are others', so it may be longer than anybody reads, or hold what is no text.
    private static string Shortened(string error)
    {
        string shortened = Encoding.UTF8.GetByteCount(error) <= WireLimits.Error ? error : error[..(WireLimits.Error / 4)] + "…";
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(shortened));
    }
}
