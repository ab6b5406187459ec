using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Tidegate.Membership.Serf.Messages;

namespace Tidegate.Membership.Serf;

/// <summary>
/// A regular expression in Go's syntax (RE2), in which Serf's tag filters are written, as one of .NET that matches the same
/// texts. What the two write alike and mean differently is put into .NET's words; what is not known here makes no
/// expression at all, because a filter that is misread would ask the wrong members. It matches in time proportional to the
/// text, whatever the expression.
/// </summary>
internal ref partial struct GoExpression
{
    /// <summary>Repetitions multiplied out, an expression may have this many parts; Go's own bound is near.</summary>
    private const int MaximumSize = 1000;

    /// <summary>For a machine that stalls: what can not be decided in this time does not match.</summary>
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);

    private readonly StringBuilder _output = new();
    private readonly Stack<(int Size, bool Multiline)> _groups = new();
    private ReadOnlySpan<char> _rest;
    private bool _multiline;

    /// <summary>Parts of the group so far, without the last one.</summary>
    private int _size;

    /// <summary>Parts of what a repetition would repeat; 0 where nothing could be repeated.</summary>
    private int _last;

    private GoExpression(string expression) => _rest = expression;

    /// <summary>Translates; false where Go would not take it, or where it is more than is served here.</summary>
    internal static bool TryCompile(string expression, [NotNullWhen(true)] out Regex? regex)
    {
        regex = null;
        if (expression.Length > SerfLimits.Expression)
        {
            return false;
        }

        GoExpression translation = new(expression);
        if (!translation.TryTranslate())
        {
            return false;
        }

        try
        {
            regex = new Regex(
                translation._output.ToString(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, MatchTimeout);
            return true;
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            return false;
        }
    }

    private bool TryTranslate()
    {
        while (!_rest.IsEmpty)
        {
            if (!TryTakeOne() || _size + _last > MaximumSize)
            {
                return false;
            }
        }

        return _groups.Count == 0;
    }

    private bool TryTakeOne()
    {
        char c = Take();
        switch (c)
        {
            case '\\':
                return TryTakeEscape();
            case '[':
                return TryTakeClass();
            case '(':
                return TryOpen();
            case ')':
                return TryClose();
            case '*' or '+' or '?':
                return TryRepeat(c.ToString(), times: 1);
            case '{':
                return TryTakeCount();
            case '|':
                _output.Append('|');
                _size += _last;
                _last = 0;
                return true;

            // Without (?m), .NET's $ also matches before a last line feed, and Go's does not.
            case '$':
                return Atom(_multiline ? "$" : "\\z");
            case '^':
                return Atom(_multiline ? "^" : "\\A");
            case '.':
                return Atom(".");
            default:
                return Atom(Regex.Escape(c.ToString()));
        }
    }

    private bool TryOpen()
    {
        bool outer = _multiline;
        string prefix = "(?:";
        if (!_rest.IsEmpty && _rest[0] == '?')
        {
            if (!TryTakeGroupKind(out prefix, out bool flagsOnly))
            {
                return false;
            }

            // (?i) holds from here to the end of the group that it is in, in Go as in .NET.
            if (flagsOnly)
            {
                _output.Append(prefix);
                _size += _last;
                _last = 0;
                return true;
            }
        }

        _groups.Push((_size + _last, outer));
        _size = 0;
        _last = 0;
        _output.Append(prefix);
        return true;
    }

    private bool TryTakeGroupKind(out string prefix, out bool flagsOnly)
    {
        prefix = "(?:";
        flagsOnly = false;
        Take();
        if (_rest.StartsWith("P<") || _rest.StartsWith("<"))
        {
            int from = _rest[0] == 'P' ? 2 : 1;
            int to = _rest.IndexOf('>');
            if (to <= from || !AllWordCharacters(_rest[from..to]))
            {
                return false;
            }

            _rest = _rest[(to + 1)..];
            return true;
        }

        StringBuilder flags = new("(?");
        bool clearing = false;
        while (!_rest.IsEmpty)
        {
            char c = Take();
            switch (c)
            {
                case '-' when !clearing:
                    clearing = true;
                    flags.Append(c);
                    break;
                case 'i' or 's':
                    flags.Append(c);
                    break;
                case 'm':
                    _multiline = !clearing;
                    flags.Append(c);
                    break;

                // Which of several matches is taken does not matter where the only question is whether there is one.
                case 'U':
                    break;
                case ':' or ')':
                    flagsOnly = c == ')';
                    prefix = flags.Append(c).ToString();
                    prefix = prefix == "(?)" ? "" : prefix;
                    return true;
                default:
                    return false;
            }
        }

        return false;
    }

    private bool TryClose()
    {
        if (_groups.Count == 0)
        {
            return false;
        }

        (int size, bool multiline) = _groups.Pop();
        _last = Math.Max(1, _size + _last);
        _size = size;
        _multiline = multiline;
        _output.Append(')');
        return true;
    }

    /// <summary>What follows an opening brace. Where it is no repetition, the brace stands for itself.</summary>
    private bool TryTakeCount()
    {
        int end = _rest.IndexOf('}');
        ReadOnlySpan<char> inside = end < 0 ? default : _rest[..end];
        int comma = inside.IndexOf(',');
        ReadOnlySpan<char> low = comma < 0 ? inside : inside[..comma];
        ReadOnlySpan<char> high = comma < 0 ? inside : inside[(comma + 1)..];
        bool open = comma >= 0 && high.IsEmpty;
        if (!AllDigits(low) || (!open && !AllDigits(high)))
        {
            return Atom("\\{");
        }

        if (!int.TryParse(low, NumberStyles.None, CultureInfo.InvariantCulture, out int least) || least > MaximumSize)
        {
            return false;
        }

        int most = least;
        if (!open && (!int.TryParse(high, NumberStyles.None, CultureInfo.InvariantCulture, out most) || most > MaximumSize || most < least))
        {
            return false;
        }

        string text = $"{{{inside}}}";
        _rest = _rest[(end + 1)..];
        return TryRepeat(text, Math.Max(most, 1));
    }

    private bool TryRepeat(string repetition, int times)
    {
        if (_last == 0)
        {
            return false;
        }

        _output.Append(repetition);
        if (!_rest.IsEmpty && _rest[0] == '?')
        {
            _output.Append(Take());
        }

        // Go refuses a repetition of a repetition, and .NET reads some of them as something else.
        if (!_rest.IsEmpty && (_rest[0] is '*' or '+' or '?'))
        {
            return false;
        }

        _size += Math.Min(_last * times, 2 * MaximumSize);
        _last = 0;
        return true;
    }

    private bool Atom(string translated)
    {
        _size += _last;
        _last = 1;
        _output.Append(translated);
        return true;
    }

    private char Take()
    {
        char c = _rest[0];
        _rest = _rest[1..];
        return c;
    }

    private static bool AllDigits(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange('0', '9');

    private static bool AllWordCharacters(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
            {
                return false;
            }
        }

        return true;
    }
}
