using System.Globalization;
using System.Text;

namespace Tidegate.Gateway.Security.Ldap;

/// <summary>Names of entries in a directory (RFC 4514).</summary>
internal static class DistinguishedName
{
    /// <summary>Writes something as the value within a name, so that no part of it is read as anything else (section 2.4).</summary>
    internal static string Escape(string value)
    {
        var escaped = new StringBuilder(value.Length + 8);
        for (int i = 0; i < value.Length; i++)
        {
            char c = value[i];
            bool isOutside = i == 0 || i == value.Length - 1;
            if (c < ' ' || c == 0x7F)
            {
                escaped.Append(CultureInfo.InvariantCulture, $"\\{(int)c:x2}");
                continue;
            }

            if (c is '"' or '+' or ',' or ';' or '<' or '>' or '\\' || (c == '#' && i == 0) || (c == ' ' && isOutside))
            {
                escaped.Append('\\');
            }

            escaped.Append(c);
        }

        return escaped.ToString();
    }

    /// <summary>Whether a text with a place in it is a name, or what some directories take instead (<c>{USERNAME}@example.com</c>).</summary>
    internal static bool IsMeant(string template) => template.Contains('=', StringComparison.Ordinal);
}
