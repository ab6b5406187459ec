using System.Buffers;
using System.Text;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>A member's tags, as its metadata carries them: <c>ff</c> and a map from text to text (annex A6).</summary>
internal static class Tags
{
    /// <summary>The tag that names the cluster.</summary>
    internal const string ClusterName = "cn";

    /// <summary>The tag that gateways carry, with the value 1.</summary>
    internal const string Gateway = "tg";

    private const byte Magic = 0xff;

    internal static IReadOnlyDictionary<string, string> None { get; } = new Dictionary<string, string>();

    /// <summary>Reads metadata. Without the first byte <c>ff</c> it is the role alone, as very old peers write it.</summary>
    /// <returns>False where it is neither; there are no tags then.</returns>
    internal static bool TryRead(RawBytes meta, out IReadOnlyDictionary<string, string> tags)
    {
        tags = None;
        ReadOnlySpan<byte> bytes = meta.Span;
        if (bytes.IsEmpty)
        {
            return true;
        }

        if (bytes[0] != Magic)
        {
            if (!System.Text.Unicode.Utf8.IsValid(bytes))
            {
                return false;
            }

            tags = new Dictionary<string, string> { ["role"] = Encoding.UTF8.GetString(bytes) };
            return true;
        }

        MessagePackReader reader = new(bytes[1..]);
        IReadOnlyDictionary<string, string> read = ReadMap(ref reader);
        if (reader.Failed)
        {
            return false;
        }

        tags = read;
        return true;
    }

    /// <summary>The metadata that carries these tags, sorted by name, so that equal tags are equal bytes.</summary>
    /// <exception cref="ArgumentException">They do not fit the 512 bytes that metadata may have.</exception>
    internal static RawBytes Write(IReadOnlyDictionary<string, string> tags)
    {
        ArrayBufferWriter<byte> output = new();
        output.Write([Magic]);
        WriteMap(new MessagePackWriter(output), tags);
        return output.WrittenCount <= WireLimits.Meta
            ? RawBytes.CopyOf(output.WrittenSpan)
            : throw new ArgumentException(
                $"The tags take {output.WrittenCount} bytes with the cluster's name, and a member's tags may take {WireLimits.Meta}. Use fewer or shorter ones.",
                nameof(tags));
    }

    /// <summary>True where the metadata is a gateway's: it takes part in the registry.</summary>
    internal static bool IsGateway(RawBytes meta) => TryRead(meta, out IReadOnlyDictionary<string, string> tags) && tags.GetValueOrDefault(Gateway) == "1";

    internal static IReadOnlyDictionary<string, string> ReadMap(ref MessagePackReader reader)
    {
        Dictionary<string, string> tags = [];
        for (int left = reader.ReadMapHeader(SerfLimits.Tags); left > 0 && !reader.Failed; left--)
        {
            string name = reader.ReadText(WireLimits.Meta);
            tags[name] = reader.ReadText(WireLimits.Meta);
        }

        return tags;
    }

    internal static void WriteMap(MessagePackWriter writer, IReadOnlyDictionary<string, string> tags)
    {
        writer.WriteMapHeader(tags.Count);
        foreach ((string name, string value) in tags.OrderBy(tag => tag.Key, StringComparer.Ordinal))
        {
            writer.WriteText(name);
            writer.WriteText(value);
        }
    }
}
