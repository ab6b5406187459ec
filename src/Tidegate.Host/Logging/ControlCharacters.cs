using System.Globalization;
using System.Text;

namespace Tidegate.Host.Logging;

/// <summary>
/// Makes what cannot be seen visible, so that nothing a client sends can end a log line and begin one of its own, recolour the
/// terminal or turn the reading direction.
/// </summary>
internal static class ControlCharacters
{
    /// <summary>The text with every such character as an escape: <c>\n</c>, <c>\r</c>, <c>\t</c>, <c>\x1b</c>, <c>\u2028</c>.</summary>
    internal static string Escape(string text)
    {
        int first = 0;
        while (first < text.Length && !IsUnsafe(text, first))
        {
            first++;
        }

        if (first == text.Length)
        {
            return text;
        }

        var result = new StringBuilder(text, 0, first, text.Length + 16);
        for (int i = first; i < text.Length; i++)
        {
            if (!IsUnsafe(text, i))
            {
                result.Append(text[i]);
                continue;
            }

            _ = text[i] switch
            {
                '\n' => result.Append("\\n"),
                '\r' => result.Append("\\r"),
                '\t' => result.Append("\\t"),
                <= '\xff' => result.Append(CultureInfo.InvariantCulture, $"\\x{(int)text[i]:x2}"),
                _ => result.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}"),
            };
        }

        return result.ToString();
    }

    private static bool IsUnsafe(string text, int index)
    {
        char c = text[index];
        if (c is >= ' ' and < '\x7f')
        {
            return false;
        }

        if (char.IsSurrogate(c))
        {
            return char.IsHighSurrogate(c)
                ? index + 1 == text.Length || !char.IsLowSurrogate(text[index + 1])
                : index == 0 || !char.IsHighSurrogate(text[index - 1]);
        }

        // Format characters hold the bidirectional overrides and the invisible ones.
        return char.GetUnicodeCategory(c)
            is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
    }
}
