using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Text;

namespace Tidegate.Gateway.Security.Ldap;

/// <summary>
/// A search filter with places for what is known only when somebody logs in, such as <c>(uid={USERNAME})</c>. It is taken apart once, at the
/// start (RFC 4515), and what is put into a place is a value from then on and never read as part of a filter: it needs no escaping.
/// </summary>
internal abstract partial class LdapFilter
{
    /// <summary>Reads a filter. Parentheses around the whole may be missing, as Java's module allows.</summary>
    /// <param name="text">The filter.</param>
    /// <param name="places">The names that may stand in braces within its values.</param>
    /// <exception cref="FormatException">It is wrong; the message says where and what, for a configuration's author.</exception>
    internal static LdapFilter Parse(string text, params ImmutableArray<string> places) => new Parser(text.StartsWith('(') ? text : $"({text})", places).Whole();

    /// <summary>Whether a place stands in it.</summary>
    internal abstract bool Has(string place);

    /// <summary>The attribute that must be as what is put into a place, and nothing else: <c>uid</c> of <c>(uid={USERNAME})</c>; null where there is none.</summary>
    internal virtual string? AttributeFor(string place) => null;

    /// <summary>Writes it as a directory wants it (RFC 4511, section 4.5.1.7).</summary>
    /// <param name="writer">Where.</param>
    /// <param name="values">What is put into the places.</param>
    internal abstract void Write(AsnWriter writer, IReadOnlyDictionary<string, string> values);

    private static Asn1Tag Context(int number, bool isConstructed = false) => new(TagClass.ContextSpecific, number, isConstructed);

    /// <summary>A value: bytes, and places with braces around their names.</summary>
    private sealed record Value(ImmutableArray<(byte[]? Bytes, string? Place)> Parts)
    {
        internal bool IsEmpty => Parts.IsEmpty;

        internal string? OnlyPlace => Parts is [(null, { } place)] ? place : null;

        internal byte[] With(IReadOnlyDictionary<string, string> values) =>
            [.. Parts.SelectMany(part => part.Bytes ?? Encoding.UTF8.GetBytes(values[part.Place!]))];
    }

    /// <summary>All of them, or any.</summary>
    private sealed class Combined(int tag, ImmutableArray<LdapFilter> filters) : LdapFilter
    {
        internal override bool Has(string place) => filters.Any(filter => filter.Has(place));

        internal override string? AttributeFor(string place) => filters.Select(filter => filter.AttributeFor(place)).FirstOrDefault(found => found is not null);

        internal override void Write(AsnWriter writer, IReadOnlyDictionary<string, string> values)
        {
            using (writer.PushSetOf(Context(tag, isConstructed: true)))
            {
                foreach (LdapFilter filter in filters)
                {
                    filter.Write(writer, values);
                }
            }
        }
    }

    private sealed class Not(LdapFilter filter) : LdapFilter
    {
        internal override bool Has(string place) => filter.Has(place);

        internal override void Write(AsnWriter writer, IReadOnlyDictionary<string, string> values)
        {
            using (writer.PushSequence(Context(2, isConstructed: true)))
            {
                filter.Write(writer, values);
            }
        }
    }

    /// <summary>An attribute compared with a value: equal (3), at least (5), at most (6), about (8).</summary>
    private sealed class Compared(int tag, string attribute, Value value) : LdapFilter
    {
        internal override bool Has(string place) => value.Parts.Any(part => part.Place == place);

        internal override string? AttributeFor(string place) => tag == 3 && value.OnlyPlace == place ? attribute : null;

        internal override void Write(AsnWriter writer, IReadOnlyDictionary<string, string> values)
        {
            using (writer.PushSequence(Context(tag, isConstructed: true)))
            {
                writer.WriteOctetString(Encoding.UTF8.GetBytes(attribute));
                writer.WriteOctetString(value.With(values));
            }
        }
    }

    private sealed class Present(string attribute) : LdapFilter
    {
        internal override bool Has(string place) => false;

        internal override void Write(AsnWriter writer, IReadOnlyDictionary<string, string> values) =>
            writer.WriteOctetString(Encoding.UTF8.GetBytes(attribute), Context(7));
    }

    /// <summary>An attribute with stars in its value: what it begins with and ends with may be empty.</summary>
    private sealed class Substrings(string attribute, ImmutableArray<Value> pieces) : LdapFilter
    {
        internal override bool Has(string place) => pieces.Any(piece => piece.Parts.Any(part => part.Place == place));

        internal override void Write(AsnWriter writer, IReadOnlyDictionary<string, string> values)
        {
            using (writer.PushSequence(Context(4, isConstructed: true)))
            {
                writer.WriteOctetString(Encoding.UTF8.GetBytes(attribute));
                using (writer.PushSequence())
                {
                    for (int i = 0; i < pieces.Length; i++)
                    {
                        if (!pieces[i].IsEmpty)
                        {
                            writer.WriteOctetString(pieces[i].With(values), Context(i == 0 ? 0 : i == pieces.Length - 1 ? 2 : 1));
                        }
                    }
                }
            }
        }
    }

    /// <summary>Compared by a rule that the filter names.</summary>
    private sealed class Extensible(string attribute, string rule, bool withNames, Value value) : LdapFilter
    {
        internal override bool Has(string place) => value.Parts.Any(part => part.Place == place);

        internal override void Write(AsnWriter writer, IReadOnlyDictionary<string, string> values)
        {
            using (writer.PushSequence(Context(9, isConstructed: true)))
            {
                if (rule.Length > 0)
                {
                    writer.WriteOctetString(Encoding.UTF8.GetBytes(rule), Context(1));
                }

                if (attribute.Length > 0)
                {
                    writer.WriteOctetString(Encoding.UTF8.GetBytes(attribute), Context(2));
                }

                writer.WriteOctetString(value.With(values), Context(3));
                if (withNames)
                {
                    writer.WriteBoolean(true, Context(4));
                }
            }
        }
    }
}
