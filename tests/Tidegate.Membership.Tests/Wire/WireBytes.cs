using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Tests.Wire;

/// <summary>Bytes as tests write them, and messages from and to bytes.</summary>
internal static class WireBytes
{
    /// <summary>Bytes from hexadecimal with spaces where they help; text in single quotes stands for its ASCII bytes.</summary>
    internal static byte[] Bytes(string notation)
    {
        List<byte> bytes = [];
        bool quoted = false;
        for (int i = 0; i < notation.Length; i++)
        {
            char c = notation[i];
            if (c == '\'')
            {
                quoted = !quoted;
            }
            else if (quoted)
            {
                bytes.Add((byte)c);
            }
            else if (!char.IsWhiteSpace(c))
            {
                bytes.Add(Convert.FromHexString(notation.AsSpan(i, 2))[0]);
                i++;
            }
        }

        return [.. bytes];
    }

    internal static RawBytes Raw(string notation) => RawBytes.CopyOf(Bytes(notation));

    internal static byte[] Written<T>(T message)
        where T : struct, IMessage<T>
    {
        ArrayBufferWriter<byte> output = new();
        message.Write(output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a body, without the type byte.</summary>
    internal static ReadFailure Read<T>(ReadOnlySpan<byte> body, out T message, out int consumed)
        where T : struct, IMessage<T>
    {
        MessagePackReader reader = new(body);
        bool read = T.TryRead(ref reader, out message);
        Assert.Equal(read, !reader.Failed);
        Assert.InRange(reader.Consumed, 0, body.Length);
        if (read)
        {
            Assert.Equal(0, reader.Depth);
        }

        consumed = reader.Consumed;
        return reader.Failure;
    }

    internal static ReadFailure Read<T>(ReadOnlySpan<byte> body, out T message)
        where T : struct, IMessage<T> => Read(body, out message, out _);
}
