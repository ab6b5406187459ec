using System.Buffers;
using System.Globalization;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// The path of a request for events: that of the accept, or <c>ACCEPT;s/ID</c>, where a client of the old kind comes back. A query may
/// follow without a question mark (docs/spec/compat.md, chapter 3.7).
/// </summary>
/// <param name="AcceptPath">The path of the accept.</param>
/// <param name="Id">The session that the client comes back to, or empty.</param>
/// <param name="Parameters">What follows behind an <c>&amp;</c>, without the first one; may be empty.</param>
internal readonly record struct EventStreamPath(string AcceptPath, string Id, string Parameters)
{
    private const string Mark = ";s/";
    private const int LongestId = 64;
    private static readonly SearchValues<char> s_id = SearchValues.Create("0123456789abcdef");

    /// <summary>Reads a path as it was sent, percent-encoded.</summary>
    internal static EventStreamPath Read(string path)
    {
        // Only the parameters of these clients begin so; an accept may have an ampersand.
        int ampersand = path.IndexOf("&.k", StringComparison.Ordinal);
        string parameters = ampersand < 0 ? string.Empty : path[(ampersand + 1)..];
        string rest = ampersand < 0 ? path : path[..ampersand];
        int mark = rest.LastIndexOf(Mark, StringComparison.Ordinal);
        return mark > 0 && IsId(rest.AsSpan(mark + Mark.Length))
            ? new EventStreamPath(rest[..mark], rest[(mark + Mark.Length)..], parameters)
            : new EventStreamPath(rest, string.Empty, parameters);
    }

    /// <summary>A parameter that stands in the path; null where it does not.</summary>
    internal string? ParameterOf(string name) =>
        Array.Find(Parameters.Split('&'), parameter => parameter.Length > name.Length && parameter.StartsWith(name, StringComparison.Ordinal) && parameter[name.Length] == '=')?[(name.Length + 1)..];

    /// <summary>Where the client of a session comes back to.</summary>
    internal static string LocationOf(string acceptPath, string id) => acceptPath + Mark + id;

    /// <summary>Reads what a client says of the last event that it has seen: <c>ID.NUMBER</c>. False where these are words of somebody else.</summary>
    internal static bool TryReadLastEvent(string? text, out string id, out long number)
    {
        id = string.Empty;
        number = 0;
        int dot = text?.IndexOf('.', StringComparison.Ordinal) ?? -1;
        if (dot <= 0 || !IsId(text.AsSpan(0, dot)) || !long.TryParse(text.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            return false;
        }

        id = text![..dot];
        return true;
    }

    private static bool IsId(ReadOnlySpan<char> text) => text.Length is > 0 and <= LongestId && !text.ContainsAnyExcept(s_id);
}
