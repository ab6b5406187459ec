using System.Buffers;

namespace Tidegate.Membership.Wire;

/// <summary>Says on a stream why what was asked is not answered.</summary>
/// <param name="Error">The reason, for people; at most <see cref="WireLimits.Error"/> bytes.</param>
internal readonly record struct ErrorMessage(string Error) : IMessage<ErrorMessage>
{
    public static MessageType Type => MessageType.Error;

    public static bool TryRead(ref MessagePackReader reader, out ErrorMessage message)
    {
        string error = "";
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("Error"u8))
            {
                error = reader.ReadText(WireLimits.Error);
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new ErrorMessage(error);
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = MessageFields.Begin(output, Type, fields: 1);
        writer.WriteRaw("Error"u8);
        writer.WriteText(Error);
    }
}
