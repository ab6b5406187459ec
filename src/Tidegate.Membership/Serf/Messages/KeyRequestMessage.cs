using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf.Messages;

/// <summary>The payload of the queries about keys.</summary>
/// <param name="Key">The key's bytes; empty where the keys are to be listed.</param>
internal readonly record struct KeyRequestMessage(RawBytes Key) : ISerfMessage<KeyRequestMessage>
{
    public static SerfMessageType Type => SerfMessageType.KeyRequest;

    public static bool TryRead(ref MessagePackReader reader, out KeyRequestMessage message)
    {
        RawBytes requested = RawBytes.Nil;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("Key"u8))
            {
                requested = reader.ReadBytes(SerfLimits.Key);
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new KeyRequestMessage(requested);
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = SerfFields.Begin(output, Type, fields: 1);
        writer.WriteRaw("Key"u8);
        writer.WriteBytes(Key);
    }
}
