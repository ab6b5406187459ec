using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf.Messages;

/// <summary>The payload of answers to the queries about keys.</summary>
internal sealed record KeyAnswerMessage : ISerfMessage<KeyAnswerMessage>
{
    public static SerfMessageType Type => SerfMessageType.KeyAnswer;

    /// <summary>True where what was asked for has been done, or was so already.</summary>
    internal bool Result { get; init; }

    /// <summary>Why not, or what else is worth saying.</summary>
    internal string Message { get; init; } = "";

    /// <summary>The installed keys in base64; null except where they were asked for.</summary>
    internal IReadOnlyList<string>? Keys { get; init; }

    /// <summary>The key that seals, in base64.</summary>
    internal string PrimaryKey { get; init; } = "";

    public static bool TryRead(ref MessagePackReader reader, out KeyAnswerMessage message)
    {
        bool result = false;
        string text = "";
        string[] keys = [];
        string primary = "";
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("Result"u8))
            {
                result = reader.ReadBoolean();
            }
            else if (key.SequenceEqual("Message"u8))
            {
                text = reader.ReadText(SerfLimits.Message);
            }
            else if (key.SequenceEqual("Keys"u8))
            {
                keys = reader.ReadTexts(SerfLimits.ListItems, SerfLimits.Message);
            }
            else if (key.SequenceEqual("PrimaryKey"u8))
            {
                primary = reader.ReadText(SerfLimits.Message);
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? new() : new() { Result = result, Message = text, Keys = keys, PrimaryKey = primary };
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = SerfFields.Begin(output, Type, fields: 4);
        writer.WriteRaw("Keys"u8);
        if (Keys is null)
        {
            writer.WriteNil();
        }
        else
        {
            writer.WriteArrayHeader(Keys.Count);
            foreach (string key in Keys)
            {
                writer.WriteText(key);
            }
        }

        writer.WriteRaw("Message"u8);
        writer.WriteText(Message);
        writer.WriteRaw("PrimaryKey"u8);
        writer.WriteText(PrimaryKey);
        writer.WriteRaw("Result"u8);
        writer.WriteBoolean(Result);
    }
}
