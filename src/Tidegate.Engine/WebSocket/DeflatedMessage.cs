using System.Buffers;
using System.IO.Compression;

namespace Tidegate.Engine.WebSocket;

/// <summary>
/// Compression of single messages (permessage-deflate, RFC 7692). Each message stands alone: Tidegate negotiates "no
/// context takeover" both ways, so an idle session holds no window.
/// </summary>
internal static class DeflatedMessage
{
    private const int PartSize = 16 * 1024;
    private static ReadOnlySpan<byte> Tail => [0x00, 0x00, 0xFF, 0xFF];

    // An empty last block: only one who has read a whole message before it finds its end.
    private static ReadOnlySpan<byte> LastBlock => [0x03, 0x00];

    /// <summary>What <see cref="Inflate"/> hands out: a part of the message, in a buffer with room in front.</summary>
    internal delegate bool PartHandler(byte[] buffer, int offset, int length, bool endOfMessage);

    /// <summary>
    /// The length that a message of <paramref name="length"/> bytes may have when it is compressed: what does not shrink is
    /// stored in blocks with headers of five bytes, and no usual compressor makes them smaller than this allows for.
    /// </summary>
    internal static long MaximumLengthFor(int length) => length + ((long)length / 256) + 64;

    /// <summary>Compresses a message (RFC 7692, section 7.2.1).</summary>
    internal static ReadOnlySpan<byte> Deflate(ReadOnlySpan<byte> message)
    {
        using var output = new MemoryStream(Math.Max(256, message.Length / 2));
        using var deflate = new DeflateStream(output, CompressionLevel.Fastest, leaveOpen: true);
        deflate.Write(message);
        deflate.Flush();
        // A flush ends in an empty block, whose last four bytes are left out on the wire.
        return output.GetBuffer().AsSpan(0, (int)output.Length - Tail.Length);
    }

    /// <summary>
    /// Inflates a message (section 7.2.2) part by part. Returns what to close with where it is broken (1007) or would
    /// become longer than <paramref name="maximum"/> bytes (1009); null where all went well or the handler returned false.
    /// </summary>
    internal static CloseStatus? Inflate(ReadOnlyMemory<byte> message, int maximum, int headroom, PartHandler handler)
    {
        using var input = new MessageInput(message);
        using var inflate = new DeflateStream(input, CompressionMode.Decompress, leaveOpen: true);
        byte[] current = ArrayPool<byte>.Shared.Rent(headroom + PartSize);
        byte[] ahead = ArrayPool<byte>.Shared.Rent(headroom + PartSize);
        try
        {
            long total = 0;
            int length = Fill(inflate, current, headroom);
            while (true)
            {
                total += length;
                if (total > maximum)
                {
                    return CloseStatus.MessageTooBig;
                }

                int next = length < PartSize ? 0 : Fill(inflate, ahead, headroom);
                if (next == 0 && input.HasRunOut)
                {
                    return CloseStatus.InvalidPayload;
                }

                if (!handler(current, headroom, length, next == 0) || next == 0)
                {
                    return null;
                }

                (current, ahead, length) = (ahead, current, next);
            }
        }
        catch (InvalidDataException)
        {
            return CloseStatus.InvalidPayload;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(current);
            ArrayPool<byte>.Shared.Return(ahead);
        }
    }

    private static int Fill(DeflateStream inflate, byte[] buffer, int headroom) =>
        inflate.ReadAtLeast(buffer.AsSpan(headroom, PartSize), PartSize, throwOnEndOfStream: false);

    /// <summary>The message's bytes, the tail that the wire leaves out, and a last block.</summary>
    private sealed class MessageInput(ReadOnlyMemory<byte> message) : Stream
    {
        private int _position;

        /// <summary>True where more was asked for than there is: the message ended in the middle of a block.</summary>
        internal bool HasRunOut { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int behind = _position - message.Length;
            ReadOnlySpan<byte> rest = behind < 0 ? message.Span[_position..]
                : behind < Tail.Length ? Tail[behind..]
                : LastBlock[(behind - Tail.Length)..];
            HasRunOut |= rest.IsEmpty;
            int count = Math.Min(rest.Length, buffer.Length);
            rest[..count].CopyTo(buffer);
            _position += count;
            return count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
