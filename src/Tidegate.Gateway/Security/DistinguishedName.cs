using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Tidegate.Gateway.Security;

/// <summary>Names of entries in a directory, and of those whom certificates are for (RFC 4514): what stands innermost comes first.</summary>
/// <param name="parts">What each attribute is, as an OID, and its value.</param>
internal sealed class DistinguishedName(ImmutableArray<(string Oid, string Value)> parts) : IEquatable<DistinguishedName>
{
    private static readonly ImmutableArray<(string Oid, string Word)> s_words =
    [
        ("2.5.4.3", "CN"), ("2.5.4.7", "L"), ("2.5.4.8", "ST"), ("2.5.4.10", "O"), ("2.5.4.11", "OU"), ("2.5.4.6", "C"), ("2.5.4.9", "STREET"),
        ("0.9.2342.19200300.100.1.25", "DC"), ("0.9.2342.19200300.100.1.1", "UID"), ("1.2.840.113549.1.9.1", "emailAddress"), ("2.5.4.5", "serialNumber"),
        // As OpenSSL and .NET say them.
        ("1.2.840.113549.1.9.1", "E"), ("2.5.4.8", "S"),
    ];

    private readonly ImmutableArray<(string Oid, string Value)> _parts = parts;

    /// <summary>The name that a certificate has; null where it has none, or one with parts that are not each one attribute with text.</summary>
    internal static DistinguishedName? From(X500DistinguishedName name)
    {
        ImmutableArray<(string, string)>.Builder parts = ImmutableArray.CreateBuilder<(string, string)>();
        try
        {
            foreach (X500RelativeDistinguishedName part in name.EnumerateRelativeDistinguishedNames())
            {
                if (part.HasMultipleElements || part.GetSingleElementType().Value is not { } oid || part.GetSingleElementValue() is not { } value)
                {
                    return null;
                }

                parts.Add((oid, value));
            }
        }
        catch (CryptographicException)
        {
            return null;
        }

        return parts.Count == 0 ? null : new DistinguishedName(parts.ToImmutable());
    }

    /// <summary>Reads a name as it is written.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    internal static DistinguishedName Parse(string text)
    {
        ImmutableArray<(string, string)>.Builder parts = ImmutableArray.CreateBuilder<(string, string)>();
        for (int at = 0; at <= text.Length; at++)
        {
            int sign = text.IndexOf('=', at);
            string word = sign < 0 ? "" : text[at..sign].Trim();
            string? oid = word.Length > 0 && word.All(c => char.IsAsciiDigit(c) || c == '.') ? word
                : s_words.FirstOrDefault(known => known.Word.Equals(word, StringComparison.OrdinalIgnoreCase)).Oid;
            if (oid is null)
            {
                throw new FormatException(sign < 0 ? $"\"{text[at..]}\" has no =" : $"\"{word}\" is not known here, write it as an OID");
            }

            at = sign + 1;
            parts.Add((oid, ReadValue(text, ref at)));
        }

        return new DistinguishedName(parts.ToImmutable());
    }

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

    public bool Equals(DistinguishedName? other) => other is not null && _parts.AsSpan().SequenceEqual(other._parts.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as DistinguishedName);

    public override int GetHashCode() => _parts.Aggregate(0, (hash, part) => HashCode.Combine(hash, part));

    /// <summary>As Java and OpenSSL (<c>-nameopt RFC2253</c>) write it: no blanks behind commas.</summary>
    public override string ToString() =>
        string.Join(',', _parts.Select(part => $"{s_words.FirstOrDefault(known => known.Oid == part.Oid).Word ?? part.Oid}={Escape(part.Value)}"));

    /// <summary>Reads up to the comma behind a value, or the end.</summary>
    private static string ReadValue(string text, ref int at)
    {
        var bytes = new List<byte>();
        // Blanks around a value are nothing, unless they are escaped.
        int kept = 0;
        for (; at < text.Length && text[at] != ','; at++)
        {
            char c = text[at];
            if (c is '+' or '"' or ';' or '<' or '>' || (c == '#' && bytes.Count == 0))
            {
                throw new FormatException(c == '+' ? "parts of several attributes are not taken" : $"{c} is written \\{c} in a value");
            }

            if (c == ' ' && bytes.Count == 0)
            {
                continue;
            }

            if (c != '\\')
            {
                int length = char.IsSurrogatePair(text, at) ? 2 : 1;
                bytes.AddRange(Encoding.UTF8.GetBytes(text.Substring(at, length)));
                at += length - 1;
                kept = c == ' ' ? kept : bytes.Count;
                continue;
            }

            if (at + 2 < text.Length && byte.TryParse(text.AsSpan(at + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte coded))
            {
                bytes.Add(coded);
                at += 2;
            }
            else
            {
                at++;
                bytes.Add(at < text.Length && text[at] < 0x80 ? (byte)text[at] : throw new FormatException("nothing that needs one follows a backslash"));
            }

            kept = bytes.Count;
        }

        return Encoding.UTF8.GetString([.. bytes[..kept]]);
    }
}
