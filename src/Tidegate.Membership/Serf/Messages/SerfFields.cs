using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf.Messages;

/// <summary>What the messages of this layer have in common.</summary>
internal static class SerfFields
{
    /// <summary>Writes the type byte and the header of a map of that many fields.</summary>
    internal static MessagePackWriter Begin(IBufferWriter<byte> output, SerfMessageType type, int fields)
    {
        output.GetSpan(1)[0] = (byte)type;
        output.Advance(1);
        MessagePackWriter writer = new(output);
        writer.WriteMapHeader(fields);
        return writer;
    }

    internal static byte[] ToBytes<T>(this T message)
        where T : ISerfMessage<T>
    {
        ArrayBufferWriter<byte> output = new();
        message.Write(output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a whole message, the type byte included. What follows it is not looked at.</summary>
    /// <param name="bytes">The message.</param>
    /// <param name="message">The message, where the answer is true.</param>
    /// <param name="length">How many bytes it has.</param>
    internal static bool TryRead<T>(ReadOnlySpan<byte> bytes, out T message, out int length)
        where T : ISerfMessage<T>
    {
        length = 0;
        if (bytes.IsEmpty || bytes[0] != (byte)T.Type)
        {
            message = default!;
            return false;
        }

        MessagePackReader reader = new(bytes[1..]);
        bool read = T.TryRead(ref reader, out message);
        length = 1 + reader.Consumed;
        return read;
    }

    internal static bool TryRead<T>(ReadOnlySpan<byte> bytes, out T message)
        where T : ISerfMessage<T> => TryRead(bytes, out message, out _);

    /// <summary>A list of texts; nil is an empty one.</summary>
    internal static string[] ReadTexts(this ref MessagePackReader reader, int maximumItems, int maximumLength)
    {
        int count = reader.ReadArrayHeader(maximumItems);
        if (reader.Failed || count == 0)
        {
            return [];
        }

        // Texts come one by one, so that a header that promises many costs nothing before they are there.
        List<string> texts = [];
        for (int left = count; left > 0 && !reader.Failed; left--)
        {
            texts.Add(reader.ReadText(maximumLength));
        }

        return reader.Failed ? [] : [.. texts];
    }
}
