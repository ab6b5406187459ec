using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Tidegate.Gateway.Security.Ldap;

internal abstract partial class LdapFilter
{
    /// <summary>Takes the text of a filter apart (RFC 4515, section 3). White space between parentheses is nothing, for files that break lines there.</summary>
    private sealed class Parser(string text, ImmutableArray<string> places)
    {
        private const int DeepestNesting = 32;

        private int _at;

        internal LdapFilter Whole()
        {
            LdapFilter filter = One(0);
            SkipSpace();
            return _at == text.Length ? filter : throw Fault("something follows the last parenthesis");
        }

        private LdapFilter One(int depth)
        {
            if (depth > DeepestNesting)
            {
                throw Fault($"parentheses are nested more than {DeepestNesting} deep");
            }

            Expect('(');
            SkipSpace();
            LdapFilter filter;
            switch (Peek())
            {
                case '&' or '|':
                    int tag = text[_at++] == '&' ? 0 : 1;
                    ImmutableArray<LdapFilter>.Builder parts = ImmutableArray.CreateBuilder<LdapFilter>();
                    for (SkipSpace(); Peek() == '('; SkipSpace())
                    {
                        parts.Add(One(depth + 1));
                    }

                    filter = parts.Count > 0 ? new Combined(tag, parts.ToImmutable()) : throw Fault("a filter in parentheses is missing");
                    break;
                case '!':
                    _at++;
                    SkipSpace();
                    filter = new Not(One(depth + 1));
                    SkipSpace();
                    break;
                default:
                    filter = Item();
                    break;
            }

            Expect(')');
            return filter;
        }

        private LdapFilter Item()
        {
            int start = _at;
            while (Peek() is not ('=' or '~' or '<' or '>' or ':' or '(' or ')' or '\0'))
            {
                _at++;
            }

            string attribute = Attribute(text[start.._at].Trim());
            char sign = Peek();
            if (sign is '~' or '<' or '>')
            {
                _at++;
                Expect('=');
                ImmutableArray<Value> compared = Values();
                return compared is [{ } value] ? new Compared(sign == '>' ? 5 : sign == '<' ? 6 : 8, RequiredName(attribute), value) : throw Fault("a star can not be compared");
            }

            if (sign == ':')
            {
                return ExtensibleItem(attribute);
            }

            Expect('=');
            return Values() switch
            {
                [{ } value] => new Compared(3, RequiredName(attribute), value),
                [{ IsEmpty: true }, { IsEmpty: true }] => new Present(RequiredName(attribute)),
                { } pieces when pieces.All(piece => piece.IsEmpty) => throw Fault("two stars follow each other"),
                { } pieces => new Substrings(RequiredName(attribute), pieces),
            };
        }

        private Extensible ExtensibleItem(string attribute)
        {
            int start = _at + 1;
            _at = text.IndexOf(":=", start - 1, StringComparison.Ordinal);
            if (_at < 0)
            {
                _at = start;
                throw Fault("a colon is not followed by :=");
            }

            string[] words = _at < start ? [] : text[start.._at].Split(':');
            bool withNames = words is ["dn", ..];
            string[] rest = withNames ? words[1..] : words;
            string rule = rest is [] ? "" : rest is [{ Length: > 0 } one] ? Attribute(one) : throw Fault("more than one rule is named");
            if (attribute.Length == 0 && rule.Length == 0)
            {
                throw Fault("neither an attribute nor a rule is named");
            }

            _at += 2;
            return Values() is [{ } value] ? new Extensible(attribute, rule, withNames, value) : throw Fault("a star can not be compared by a rule");
        }

        /// <summary>What stands up to the closing parenthesis, cut at its stars.</summary>
        private ImmutableArray<Value> Values()
        {
            ImmutableArray<Value>.Builder pieces = ImmutableArray.CreateBuilder<Value>();
            ImmutableArray<(byte[]?, string?)>.Builder parts = ImmutableArray.CreateBuilder<(byte[]?, string?)>();
            var bytes = new List<byte>();
            void EndBytes()
            {
                if (bytes.Count > 0)
                {
                    parts.Add(([.. bytes], null));
                    bytes.Clear();
                }
            }

            void EndPiece()
            {
                EndBytes();
                pieces.Add(new Value(parts.ToImmutable()));
                parts.Clear();
            }

            while (Peek() is not (')' or '\0'))
            {
                if (places.FirstOrDefault(name => string.CompareOrdinal(text, _at, $"{{{name}}}", 0, name.Length + 2) == 0) is { } place)
                {
                    EndBytes();
                    parts.Add((null, place));
                    _at += place.Length + 2;
                    continue;
                }

                switch (text[_at])
                {
                    case '(':
                        throw Fault("a parenthesis within a value is written \\28");
                    case '*':
                        EndPiece();
                        _at++;
                        break;
                    case '\\':
                        bytes.Add(
                            _at + 2 < text.Length && byte.TryParse(text.AsSpan(_at + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value)
                                ? value : throw Fault("two hexadecimal digits must follow a backslash"));
                        _at += 3;
                        break;
                    default:
                        // Both halves of what is two in a string.
                        int length = char.IsSurrogatePair(text, _at) ? 2 : 1;
                        bytes.AddRange(Encoding.UTF8.GetBytes(text.Substring(_at, length)));
                        _at += length;
                        break;
                }
            }

            EndPiece();
            return pieces.ToImmutable();
        }

        private string RequiredName(string attribute) => attribute.Length > 0 ? attribute : throw Fault("the name of an attribute is missing");

        private string Attribute(string name) =>
            name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or ';' or '_') ? name : throw Fault($"\"{name}\" is not the name of an attribute");

        private char Peek() => _at < text.Length ? text[_at] : '\0';

        private void Expect(char wanted)
        {
            if (Peek() != wanted)
            {
                throw Fault($"there should be {wanted}");
            }

            _at++;
        }

        private void SkipSpace()
        {
            while (char.IsWhiteSpace(Peek()))
            {
                _at++;
            }
        }

        private FormatException Fault(string problem) => new($"{problem}, before \"{text[Math.Min(_at, text.Length)..]}\" of \"{text}\"");
    }
}
