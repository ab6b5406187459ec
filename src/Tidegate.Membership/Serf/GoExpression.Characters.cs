using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Tidegate.Membership.Serf;

/// <summary>Escapes and classes of characters.</summary>
internal ref partial struct GoExpression
{
    private bool TryTakeEscape()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        char c = Take();
        switch (c)
        {
            // Go's classes are of ASCII.
            case 'd':
                return Atom("[0-9]");
            case 'D':
                return Atom("[^0-9]");
            case 'w':
                return Atom("[0-9A-Za-z_]");
            case 'W':
                return Atom("[^0-9A-Za-z_]");
            case 's':
                return Atom("[\\t\\n\\f\\r ]");
            case 'S':
                return Atom("[^\\t\\n\\f\\r ]");
            case 'A' or 'z' or 'b' or 'B':
                return Atom($"\\{c}");
            case 'Q':
                return TryTakeQuoted();
            case 'p' or 'P':
                return TryTakeCategory(c, out string category) && Atom(category);
            default:
                return TryTakeCharacter(c, out char character) && Atom(Regex.Escape(character.ToString()));
        }
    }

    private bool TryTakeQuoted()
    {
        int end = _rest.IndexOf("\\E", StringComparison.Ordinal);
        ReadOnlySpan<char> quoted = end < 0 ? _rest : _rest[..end];
        foreach (char c in quoted)
        {
            Atom(Regex.Escape(c.ToString()));
        }

        _rest = end < 0 ? default : _rest[(end + 2)..];
        return true;
    }

    /// <summary>What follows <c>\p</c>: one letter, or a name in braces. Scripts, which .NET does not know, fail later.</summary>
    private bool TryTakeCategory(char p, out string category)
    {
        category = "";
        if (_rest.IsEmpty)
        {
            return false;
        }

        string name;
        if (_rest[0] == '{')
        {
            int end = _rest.IndexOf('}');
            if (end < 0)
            {
                return false;
            }

            name = _rest[1..end].ToString();
            _rest = _rest[(end + 1)..];
        }
        else
        {
            name = Take().ToString();
        }

        // .NET's blocks (IsGreek) are not Go's.
        if (name.Length is 0 or > 2 || !name.All(char.IsAsciiLetter))
        {
            return false;
        }

        category = $"\\{p}{{{name}}}";
        return true;
    }

    /// <summary>The one character that an escape of this letter stands for.</summary>
    private bool TryTakeCharacter(char letter, out char character)
    {
        const string Letters = "aftnrv";
        int known = Letters.IndexOf(letter, StringComparison.Ordinal);
        if (known >= 0)
        {
            character = "\a\f\t\n\r\v"[known];
            return true;
        }

        character = letter;
        if (letter == 'x')
        {
            int digits = !_rest.IsEmpty && _rest[0] == '{' ? _rest.IndexOf('}') - 1 : 2;
            int start = digits == 2 && _rest.Length >= 2 && _rest[0] != '{' ? 0 : 1;
            if (digits is < 1 or > 6 || start + digits > _rest.Length
                || !ushort.TryParse(_rest.Slice(start, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code)
                || char.IsSurrogate((char)code))
            {
                return false;
            }

            character = (char)code;
            _rest = _rest[(start + digits + start)..];
            return true;
        }

        // Octal numbers and letters without a meaning are no characters; signs stand for themselves.
        return char.IsAscii(letter) && !char.IsAsciiLetterOrDigit(letter);
    }

    private bool TryTakeClass()
    {
        StringBuilder items = new("[");
        if (!_rest.IsEmpty && _rest[0] == '^')
        {
            items.Append(Take());
        }

        for (bool first = true; ; first = false)
        {
            if (_rest.IsEmpty)
            {
                return false;
            }

            if (_rest[0] == ']' && !first)
            {
                Take();
                return Atom(items.Append(']').ToString());
            }

            if (!TryTakeClassItem(items))
            {
                return false;
            }
        }
    }

    private bool TryTakeClassItem(StringBuilder items)
    {
        if (_rest.StartsWith("[:"))
        {
            int end = _rest.IndexOf(":]", StringComparison.Ordinal);
            string? named = end < 0 ? null : AsciiClass(_rest[2..end]);
            items.Append(named);
            _rest = end < 0 ? default : _rest[(end + 2)..];
            return named is not null;
        }

        if (_rest.Length > 1 && _rest[0] == '\\')
        {
            string? set = _rest[1] switch
            {
                'd' => AsciiClass("digit"),
                'D' => AsciiClass("^digit"),
                'w' => AsciiClass("word"),
                'W' => AsciiClass("^word"),
                's' => "\\t\\n\\f\\r ",
                'S' => "\\u0000-\\u0008\\u000b\\u000e-\\u001f\\u0021-\\uffff",
                _ => null,
            };
            if (set is not null)
            {
                items.Append(set);
                _rest = _rest[2..];
                return true;
            }

            if (_rest[1] is 'p' or 'P')
            {
                Take();
                bool known = TryTakeCategory(Take(), out string category);
                items.Append(category);
                return known;
            }
        }

        return TryTakeRange(items);
    }

    private bool TryTakeRange(StringBuilder items)
    {
        if (!TryTakeClassCharacter(out char low))
        {
            return false;
        }

        char high = low;
        if (_rest.Length > 1 && _rest[0] == '-' && _rest[1] != ']')
        {
            Take();
            if (!TryTakeClassCharacter(out high) || high < low)
            {
                return false;
            }
        }

        // By their codes, so that no character of a class means something to .NET only, as a hyphen before a bracket does.
        items.Append(CultureInfo.InvariantCulture, $"\\u{(int)low:x4}-\\u{(int)high:x4}");
        return true;
    }

    private bool TryTakeClassCharacter(out char character)
    {
        character = '\0';
        if (_rest.IsEmpty)
        {
            return false;
        }

        character = Take();
        return character != '\\' ? !char.IsSurrogate(character) : !_rest.IsEmpty && TryTakeCharacter(Take(), out character);
    }

    /// <summary>The classes that POSIX names, each as what stands in a class of .NET; those after ^ are all others.</summary>
    private static string? AsciiClass(ReadOnlySpan<char> name) => name switch
    {
        "alnum" => "0-9A-Za-z",
        "alpha" => "A-Za-z",
        "ascii" => "\\u0000-\\u007f",
        "blank" => "\\t ",
        "cntrl" => "\\u0000-\\u001f\\u007f",
        "digit" => "0-9",
        "graph" => "\\u0021-\\u007e",
        "lower" => "a-z",
        "print" => "\\u0020-\\u007e",
        "punct" => "\\u0021-\\u002f\\u003a-\\u0040\\u005b-\\u0060\\u007b-\\u007e",
        "space" => "\\t\\n\\v\\f\\r ",
        "upper" => "A-Z",
        "word" => "0-9A-Za-z_",
        "xdigit" => "0-9A-Fa-f",
        "^digit" => "\\u0000-\\u002f\\u003a-\\uffff",
        "^word" => "\\u0000-\\u002f\\u003a-\\u0040\\u005b-\\u005e\\u0060\\u007b-\\uffff",
        _ => null,
    };
}
