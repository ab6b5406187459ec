using System.Buffers;
using Tidegate.Engine.Emulation;

namespace Tidegate.Gateway.Clients;

/// <summary>What a request of an emulated WebSocket is for.</summary>
internal enum EmulationUse
{
    /// <summary>Opens a session.</summary>
    Create,

    /// <summary>Brings what the client sends.</summary>
    Upstream,

    /// <summary>Fetches what the client is sent.</summary>
    Downstream,
}

/// <summary>The path of such a request: <c>ACCEPT/;e/cbm</c>, <c>ACCEPT/;e/ubm/ID</c>, <c>ACCEPT/;e/dbm/ID</c> (docs/spec/compat.md, chapter 3.6).</summary>
/// <param name="AcceptPath">The path of the accept.</param>
/// <param name="Use">What the request is for.</param>
/// <param name="Encoding">How bodies are written.</param>
/// <param name="TellsText">Whether the client tells text from bytes.</param>
/// <param name="Id">The session, or empty where one is to be opened.</param>
/// <param name="Parameters">What follows behind an <c>&amp;</c>: some clients write a query without a question mark. Without the first <c>&amp;</c>; may be empty.</param>
internal readonly record struct EmulationPath(string AcceptPath, EmulationUse Use, EmulationEncoding Encoding, bool TellsText, string Id, string Parameters)
{
    /// <summary>What stands between the accept's path and the rest.</summary>
    internal const string Mark = "/;e/";

    private const int LongestId = 64;
    private static readonly SearchValues<char> s_id = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>The way that up- and downstream are written for this encoding: <c>bm</c> of <c>cbm</c>.</summary>
    internal string Suffix => (Encoding switch { EmulationEncoding.Binary => "b", EmulationEncoding.Text => "t", _ => "te" }) + (TellsText ? "m" : "");

    /// <summary>Reads a path as it was sent, percent-encoded. False where it is no such path.</summary>
    internal static bool TryRead(string path, out EmulationPath read)
    {
        read = default;
        int mark = path.IndexOf(Mark, StringComparison.Ordinal);
        if (mark < 0)
        {
            return false;
        }

        ReadOnlySpan<char> rest = path.AsSpan(mark + Mark.Length);
        string parameters = string.Empty;
        int ampersand = rest.IndexOf('&');
        if (ampersand >= 0)
        {
            parameters = rest[(ampersand + 1)..].ToString();
            rest = rest[..ampersand];
        }

        string id = string.Empty;
        int slash = rest.IndexOf('/');
        if (slash >= 0)
        {
            id = rest[(slash + 1)..].ToString();
            rest = rest[..slash];
        }

        if (rest.IsEmpty || !TryReadEncoding(rest[1..], out EmulationEncoding encoding, out bool tellsText))
        {
            return false;
        }

        EmulationUse? use = rest[0] switch { 'c' => EmulationUse.Create, 'u' => EmulationUse.Upstream, 'd' => EmulationUse.Downstream, _ => null };
        bool wantsId = use is EmulationUse.Upstream or EmulationUse.Downstream;
        if (use is null || wantsId != (id.Length > 0) || (slash >= 0 && !wantsId) || id.Length > LongestId || id.AsSpan().ContainsAnyExcept(s_id))
        {
            return false;
        }

        read = new EmulationPath(mark == 0 ? "/" : path[..mark], use.Value, encoding, tellsText, id, parameters);
        return true;
    }

    private static bool TryReadEncoding(ReadOnlySpan<char> text, out EmulationEncoding encoding, out bool tellsText)
    {
        tellsText = text.EndsWith("m", StringComparison.Ordinal);
        encoding = EmulationEncoding.Binary;
        switch (tellsText ? text[..^1] : text)
        {
            case "b":
                return true;
            case "t":
                encoding = EmulationEncoding.Text;
                return true;
            case "te":
                encoding = EmulationEncoding.EscapedText;
                return true;
            default:
                return false;
        }
    }
}
