using System.Buffers;
using System.Text.RegularExpressions;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>Which members a query is meant for (annex A7): a kind byte and its body.</summary>
internal static class QueryFilter
{
    private const byte NodesKind = 0;
    private const byte TagKind = 1;

    /// <summary>Only members of these names.</summary>
    internal static RawBytes ForNodes(IReadOnlyCollection<string> names)
    {
        ArrayBufferWriter<byte> output = new();
        output.Write([NodesKind]);
        MessagePackWriter writer = new(output);
        writer.WriteArrayHeader(names.Count);
        foreach (string name in names)
        {
            writer.WriteText(name);
        }

        return RawBytes.CopyOf(output.WrittenSpan);
    }

    /// <summary>Only members whose tag the expression matches anywhere; a tag that a member does not have is empty.</summary>
    /// <param name="tag">The tag's name.</param>
    /// <param name="expression">In Go's syntax, which is what other members read.</param>
    internal static RawBytes ForTag(string tag, string expression)
    {
        ArrayBufferWriter<byte> output = new();
        output.Write([TagKind]);
        MessagePackWriter writer = new(output);
        writer.WriteMapHeader(2);
        writer.WriteRaw("Expr"u8);
        writer.WriteText(expression);
        writer.WriteRaw("Tag"u8);
        writer.WriteText(tag);
        return RawBytes.CopyOf(output.WrittenSpan);
    }

    /// <summary>True where the filter lets a member of this name and these tags through. What cannot be read lets nobody through.</summary>
    internal static bool Matches(RawBytes filter, string name, IReadOnlyDictionary<string, string> tags)
    {
        ReadOnlySpan<byte> bytes = filter.Span;
        if (bytes.IsEmpty)
        {
            return false;
        }

        MessagePackReader reader = new(bytes[1..]);
        return bytes[0] switch
        {
            NodesKind => reader.ReadTexts(SerfLimits.ListItems, WireLimits.Name).Contains(name, StringComparer.Ordinal),
            TagKind => TagMatches(ref reader, tags),
            _ => false,
        };
    }

    private static bool TagMatches(ref MessagePackReader reader, IReadOnlyDictionary<string, string> tags)
    {
        string tag = "";
        string expression = "";
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("Tag"u8))
            {
                tag = reader.ReadText(WireLimits.Meta);
            }
            else if (key.SequenceEqual("Expr"u8))
            {
                expression = reader.ReadText(SerfLimits.Expression);
            }
            else
            {
                reader.Skip();
            }
        }

        if (reader.Failed || !GoExpression.TryCompile(expression, out Regex? regex))
        {
            return false;
        }

        try
        {
            return regex.IsMatch(tags.GetValueOrDefault(tag, ""));
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }
}
