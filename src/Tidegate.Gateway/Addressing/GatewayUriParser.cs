using System.Diagnostics.CodeAnalysis;
using Tidegate.Gateway.Configuration.Description;

namespace Tidegate.Gateway.Addressing;

/// <summary>Reads the text of a <see cref="GatewayUri"/> and says precisely what is wrong with it.</summary>
internal static class GatewayUriParser
{
    // The punctuation that RFC 3986, section 3.3, allows in a path segment as it is, and the slash between segments.
    private const string PathPunctuation = "-._~!$&'()*+,;=:@/";

    // The old gateway knew these schemes, and had nothing that speaks them.
    private static readonly string[] s_withoutTransport = ["proxy", "rtmp", "rtmps"];

    internal static bool TryParse(
        string text, UriUse use, [NotNullWhen(true)] out GatewayUri? uri, [NotNullWhen(false)] out TextFault? fault)
    {
        uri = null;
        if (!TrySplitScheme(text, out UriScheme? scheme, out string rest, out fault))
        {
            return false;
        }

        if (!scheme.TakesPort)
        {
            return TryParsePipe(text, scheme, rest, out uri, out fault);
        }

        // The name of an interface may hold anything but a bracket: [@Local Area Connection].
        int bracket = rest.StartsWith("[@", StringComparison.Ordinal) ? Math.Max(rest.IndexOf(']', StringComparison.Ordinal), 0) : 0;
        foreach (char c in rest.AsSpan(bracket))
        {
            if (c <= ' ' || char.IsControl(c) || char.IsWhiteSpace(c))
            {
                fault = new($"There is white space or a control character in \"{text}\".", "Remove it, or percent-encode it (a space is %20).");
                return false;
            }
        }

        int authorityEnd = rest.AsSpan(bracket).IndexOfAny('/', '?', '#') is var i and >= 0 ? bracket + i : rest.Length;
        string authority = rest[..authorityEnd];
        string tail = rest[authorityEnd..];
        if (!HostAndPort.TryParse(authority, text, use, out HostAndPort? place, out fault))
        {
            return false;
        }

        if (place.Port is null && scheme.DefaultPort is null)
        {
            // Three ways in which the old gateway said it, and operators search for.
            fault = new(
                $"Missing port in URI: {text}. Missing port number in URI \"{text}\". You must include an explicit port number in this URI in your gateway configuration file.",
                $"Missing port for URI \"{text}\": write it after the host, as in {scheme}://{authority}:9000; {scheme} has no default port.");
            return false;
        }

        int port = place.Port ?? scheme.DefaultPort!.Value;
        if (!TrySplitTail(text, tail, scheme, use, out string path, out string query, out fault))
        {
            return false;
        }

        uri = new GatewayUri(scheme, place.Host, port, place.Port is not null, path, query);
        return true;
    }

    private static bool TrySplitScheme(
        string text, [NotNullWhen(true)] out UriScheme? scheme, out string rest, [NotNullWhen(false)] out TextFault? fault)
    {
        scheme = null;
        rest = "";
        int end = text.IndexOf("://", StringComparison.Ordinal);
        if (end <= 0)
        {
            int colon = text.IndexOf(':', StringComparison.Ordinal);
            fault = text.Length == 0
                ? new("The URI is empty.", "Write one such as ws://localhost:8000/echo or tcp://localhost:6379.")
                : colon > 0 && UriScheme.Find(text[..colon]) is not null
                ? new($"\"{text}\" lacks the two slashes behind its scheme.", $"Write {text[..colon]}://{text[(colon + 1)..].TrimStart('/')}.")
                : new($"\"{text}\" has no scheme.", $"Put one in front, as in ws://{text.TrimStart(':', '/')}; schemes: {ServedSchemes}.");
            return false;
        }

        string name = text[..end];
        rest = text[(end + 3)..];
        scheme = UriScheme.Find(name);
        if (scheme is not null)
        {
            fault = null;
            return true;
        }

        fault = new(
            $"Missing {(s_withoutTransport.Contains(name.ToLowerInvariant()) ? "transport" : "scheme")} \"{name}\": \"{text}\" starts with no scheme that Tidegate knows.",
            Suggestion.For(name, UriScheme.Known.Select(s => s.Name)) is { } similar
                ? $"Did you mean {similar}?"
                : $"Schemes it serves: {ServedSchemes}.");
        return false;
    }

    private static string ServedSchemes => string.Join(", ", UriScheme.Served.Select(s => s.Name));

    // The messages are those of the old gateway.
    private static bool TryParsePipe(
        string text, UriScheme scheme, string rest, [NotNullWhen(true)] out GatewayUri? uri, [NotNullWhen(false)] out TextFault? fault)
    {
        uri = null;
        int end = rest.AsSpan().IndexOfAny('/', '?', '#') is var i and >= 0 ? i : rest.Length;
        (string name, string tail) = (rest[..end], rest[end..]);
        if (name.Length == 0)
        {
            fault = new($"URI {text} missing pipe name.", $"Write it after the slashes, as in {scheme}://name.");
        }
        else if (tail.Length > 0)
        {
            fault = new($"Use {scheme}://{name} instead of {scheme}://{name}{tail} because named pipe URIs shouldn't contain paths.", $"Remove {tail}.");
        }
        else if (name.Contains(':', StringComparison.Ordinal))
        {
            fault = new($"Port number not allowed in URI \"{text}\".", $"You must remove the port number from this URI in your gateway configuration file. (Port not allowed in URI \"{text}\".)");
        }
        else if (name.Length > 253 || !name.All(InterfaceName.IsPlain))
        {
            fault = new($"\"{name}\" in \"{text}\" is not the name of a pipe.", "A name has 1 to 253 letters, digits, hyphens, underscores and dots.");
        }
        else
        {
            uri = new GatewayUri(scheme, new PipeName(name.ToLowerInvariant()), 0, portWritten: false, "", "");
            fault = null;
        }

        return fault is null;
    }

    private static bool TrySplitTail(
        string text, string tail, UriScheme scheme, UriUse use, out string path, out string query, [NotNullWhen(false)] out TextFault? fault)
    {
        path = tail;
        query = "";
        fault = null;
        if (tail.Contains('#', StringComparison.Ordinal))
        {
            fault = new($"\"{text}\" has a fragment.", "Remove the # and what follows it: a fragment never leaves a browser.");
            return false;
        }

        if (!scheme.TakesPath)
        {
            if (tail.Length > 0)
            {
                fault = new($"Unexpected path \"{tail}\" in URI: {text}.", $"Remove it: {scheme} has a host and a port only.");
            }

            return fault is null;
        }

        int question = tail.IndexOf('?', StringComparison.Ordinal);
        if (question >= 0)
        {
            path = tail[..question];
            query = tail[question..];
            if (use == UriUse.Accept)
            {
                fault = new($"\"{text}\" has a query.", "Remove the ? and what follows it: clients may send any query to an accept URI.");
                return false;
            }
        }

        path = path.Length == 0 ? "/" : path;
        fault = WrongCharacter(path, PathPunctuation, text) ?? WrongCharacter(query, PathPunctuation + "?", text);
        if (fault is null && path.Split('/').Any(segment => segment is "." or ".."))
        {
            fault = new($"\"{text}\" has a . or .. segment in its path.", "Write the path that it stands for; clients resolve such segments before they ask.");
        }
        else if (fault is null && use == UriUse.Accept && path.Contains("/;", StringComparison.Ordinal))
        {
            fault = new($"\"{text}\" has a segment that starts with a semicolon in its path.", "Choose another: such paths belong to the gateway itself, and no request for one would reach the service.");
        }

        return fault is null;
    }

    private static TextFault? WrongCharacter(string part, string punctuation, string text)
    {
        for (int i = 0; i < part.Length; i++)
        {
            char c = part[i];
            if (c == '%')
            {
                if (i + 2 >= part.Length || !char.IsAsciiHexDigit(part[i + 1]) || !char.IsAsciiHexDigit(part[i + 2]))
                {
                    return new($"There is a % without two hexadecimal digits in \"{text}\".", "Write the percent sign itself as %25.");
                }
            }
            else if (!char.IsAsciiLetterOrDigit(c) && !punctuation.Contains(c, StringComparison.Ordinal))
            {
                return new($"The character {c} may not stand in a URI (\"{text}\").", $"Percent-encode it: {Uri.EscapeDataString(c.ToString())}.");
            }
        }

        return null;
    }
}
