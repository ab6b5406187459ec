using System.Buffers.Binary;
using Tidegate.Membership.Packets;
using Tidegate.Membership.Security;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Streams;

/// <summary>What came of reading a message: it, or why there is none.</summary>
internal readonly record struct StreamReading(PeerMessage? Message, StreamRefusal Refusal);

/// <summary>
/// Reads one message from a stream (specification, section 1 and annex A3): label, sealed frame, compression, message.
/// A stream carries one message each way, so what comes after it is not looked at.
/// </summary>
internal static class PeerStreamReader
{
    private const int FrameHeader = 5;

    /// <summary>Reads a message. Never throws for what a peer does; cancelling counts as <see cref="StreamRefusal.TimedOut"/>.</summary>
    /// <param name="stream">Read until the message is whole, and perhaps further.</param>
    /// <param name="envelope">The cluster's label and keys.</param>
    /// <param name="expectLabel">True on the listening side: only the dialling side sends a label.</param>
    /// <param name="share">What this reading may hold is taken from it.</param>
    /// <param name="cancellationToken">The deadline.</param>
    internal static async ValueTask<StreamReading> ReadAsync(
        Stream stream, Envelope envelope, bool expectLabel, StreamBudget.Share share, CancellationToken cancellationToken)
    {
        try
        {
            using StreamInput input = new(stream, share);
            StreamRefusal refusal = await input.FillAsync(1, cancellationToken).ConfigureAwait(false);
            if (refusal != StreamRefusal.None)
            {
                return new StreamReading(null, refusal == StreamRefusal.CutOff ? StreamRefusal.Closed : refusal);
            }

            if (expectLabel)
            {
                refusal = await ReadLabelAsync(input, envelope, cancellationToken).ConfigureAwait(false);
            }

            if (refusal == StreamRefusal.None)
            {
                refusal = await input.FillAsync(1, cancellationToken).ConfigureAwait(false);
            }

            if (refusal != StreamRefusal.None)
            {
                return new StreamReading(null, refusal);
            }

            bool isFrame = input.Bytes[0] == (byte)MessageType.Encrypt;
            if (envelope.Keyring is { } keyring)
            {
                return isFrame
                    ? await ReadFrameAsync(input, envelope, keyring, share, cancellationToken).ConfigureAwait(false)
                    : new StreamReading(null, StreamRefusal.NotSealed);
            }

            return isFrame
                ? new StreamReading(null, StreamRefusal.SealedWithoutKey)
                : await ReadPlainAsync(input, share, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return new StreamReading(null, StreamRefusal.TimedOut);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            return new StreamReading(null, StreamRefusal.Broken);
        }
    }

    private static async ValueTask<StreamRefusal> ReadLabelAsync(StreamInput input, Envelope envelope, CancellationToken cancellationToken)
    {
        int length = envelope.LabelOverhead;
        if (input.Bytes[0] != (byte)MessageType.Label)
        {
            return length == 0 ? StreamRefusal.None : StreamRefusal.WrongLabel;
        }

        if (length == 0)
        {
            return StreamRefusal.WrongLabel;
        }

        StreamRefusal refusal = await input.FillAsync(length, cancellationToken).ConfigureAwait(false);
        if (refusal != StreamRefusal.None)
        {
            return refusal;
        }

        if (input.Bytes[1] != envelope.Label.Length || !input.Bytes[2..length].SequenceEqual(envelope.Label))
        {
            return StreamRefusal.WrongLabel;
        }

        input.Skip(length);
        return StreamRefusal.None;
    }

    private static async ValueTask<StreamReading> ReadFrameAsync(
        StreamInput input, Envelope envelope, Keyring keyring, StreamBudget.Share share, CancellationToken cancellationToken)
    {
        StreamRefusal refusal = await input.FillAsync(FrameHeader, cancellationToken).ConfigureAwait(false);
        if (refusal != StreamRefusal.None)
        {
            return new StreamReading(null, refusal);
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(input.Bytes[1..]);
        if (length > StreamLimits.Message + Sealing.Overhead)
        {
            return new StreamReading(null, StreamRefusal.TooLarge);
        }

        refusal = await input.FillAsync(FrameHeader + (int)length, cancellationToken).ConfigureAwait(false);
        if (refusal != StreamRefusal.None)
        {
            return new StreamReading(null, refusal);
        }

        if (!share.TryAdd(length))
        {
            return new StreamReading(null, StreamRefusal.TooMuchHeld);
        }

        byte[] plain = new byte[length];
        SealFailure failure = Open(input.Bytes[..(FrameHeader + (int)length)], envelope, keyring, plain, out int opened);
        return failure switch
        {
            SealFailure.None => ReadWhole(plain.AsSpan(0, opened), share),
            SealFailure.NoKeyOpens => new StreamReading(null, StreamRefusal.NoKeyOpens),
            SealFailure.BadPadding => new StreamReading(null, StreamRefusal.BadPadding),
            _ => new StreamReading(null, StreamRefusal.NotSealed),
        };
    }

    private static SealFailure Open(ReadOnlySpan<byte> frame, Envelope envelope, Keyring keyring, Span<byte> plain, out int length)
    {
        Span<byte> associated = stackalloc byte[FrameHeader + Envelope.MaximumLabel];
        frame[..FrameHeader].CopyTo(associated);
        envelope.Label.CopyTo(associated[FrameHeader..]);
        return Sealing.Open(keyring, frame[FrameHeader..], associated[..(FrameHeader + envelope.Label.Length)], plain, out length);
    }

    private static async ValueTask<StreamReading> ReadPlainAsync(StreamInput input, StreamBudget.Share share, CancellationToken cancellationToken)
    {
        PeerMessageParser parser = new(share);
        StreamRefusal refusal = StreamRefusal.None;
        int needed = 1;
        while (refusal == StreamRefusal.None && parser.Message is null)
        {
            refusal = await input.FillAsync(needed, cancellationToken).ConfigureAwait(false);
            if (refusal != StreamRefusal.None)
            {
                break;
            }

            if (input.Bytes[0] != (byte)MessageType.Compress)
            {
                refusal = parser.Parse(input.Bytes);
                needed = parser.Needed;
                continue;
            }

            // The reader of a compressed message needs no state: what is cut off is told by the length in front of it.
            ReadFailure failure = CompressFrame.Read(input.Bytes[1..], StreamLimits.Message, out ReadOnlySpan<byte> packed);
            if (failure == ReadFailure.Truncated)
            {
                needed = input.Bytes.Length + 1;
                continue;
            }

            return failure == ReadFailure.None ? ReadPacked(packed, share) : new StreamReading(null, Refusal(failure));
        }

        return new StreamReading(parser.Message, refusal);
    }

    // All of a message is there; what is missing now will not come.
    private static StreamReading ReadWhole(ReadOnlySpan<byte> bytes, StreamBudget.Share share)
    {
        if (bytes.IsEmpty || bytes[0] != (byte)MessageType.Compress)
        {
            return ReadMessage(bytes, share);
        }

        ReadFailure failure = CompressFrame.Read(bytes[1..], StreamLimits.Message, out ReadOnlySpan<byte> packed);
        return failure == ReadFailure.None ? ReadPacked(packed, share) : new StreamReading(null, Refusal(failure));
    }

    private static StreamRefusal Refusal(ReadFailure failure) =>
        failure == ReadFailure.TooLong ? StreamRefusal.TooLarge : StreamRefusal.BadCompression;

    private static StreamReading ReadPacked(ReadOnlySpan<byte> packed, StreamBudget.Share share)
    {
        LzwDecoder lzw = new();
        int size = Math.Min(StreamLimits.Inflated, Math.Max(4 << 10, packed.Length * 4));
        while (true)
        {
            if (!share.TryAdd(size))
            {
                return new StreamReading(null, StreamRefusal.TooMuchHeld);
            }

            // Decoding again into twice the room costs less than keeping what came in pieces, and is rare.
            byte[] output = new byte[size];
            LzwFailure failure = lzw.Decode(packed, output, out int written);
            if (failure == LzwFailure.None)
            {
                return ReadMessage(output.AsSpan(0, written), share);
            }

            if (failure != LzwFailure.TooLong || size == StreamLimits.Inflated)
            {
                return new StreamReading(null, failure == LzwFailure.TooLong ? StreamRefusal.InflatesTooMuch : StreamRefusal.BadCompression);
            }

            size = Math.Min(StreamLimits.Inflated, size * 4);
        }
    }

    private static StreamReading ReadMessage(ReadOnlySpan<byte> bytes, StreamBudget.Share share)
    {
        PeerMessageParser parser = new(share);
        StreamRefusal refusal = parser.Parse(bytes);
        if (refusal == StreamRefusal.None && parser.Message is null)
        {
            refusal = StreamRefusal.Unreadable;
        }

        return new StreamReading(refusal == StreamRefusal.None ? parser.Message : null, refusal);
    }
}
