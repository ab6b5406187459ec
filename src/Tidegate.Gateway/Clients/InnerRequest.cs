using System.Buffers;
using System.Text;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// The HTTP request that a client sends within a WebSocket whose subprotocol is <c>x-kaazing-handshake</c>. Of it only what is here is
/// used; origin, cookies and the address are those of the request that opened the WebSocket.
/// </summary>
internal sealed record InnerRequest
{
    /// <summary>Bytes of the whole request.</summary>
    internal const int MaximumBytes = 32 * 1024;

    private const int MaximumHeaders = 100;

    private static readonly SearchValues<byte> s_token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> s_control =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Where(c => c != '\t').Select(c => (byte)c), 0x7f]);

    // What belongs to a connection or a body, of which an inner request has none (docs/spec/compat.md, chapter 3.5).
    private static readonly HashSet<string> s_forbidden = new(StringComparer.OrdinalIgnoreCase)
    {
        "Accept-Charset", "Accept-Encoding", "Content-Length", "Content-Transfer-Encoding", "Date", "Expect", "Keep-Alive",
        "Referer", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Via",
    };

    private static readonly HashSet<string> s_tolerated = new(StringComparer.OrdinalIgnoreCase)
    {
        "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions",
        // Answers the challenge of a second realm.
        "Sec-Challenge-Identity",
    };

    /// <summary>The values of the headers that offer subprotocols, as they came.</summary>
    internal required IReadOnlyList<string> Protocols { get; init; }

    /// <summary>The values of the headers that offer extensions, as they came.</summary>
    internal required IReadOnlyList<string> Extensions { get; init; }

    /// <summary>The other headers.</summary>
    internal IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>The value of the <c>Authorization</c> header, or null.</summary>
    internal string? Authorization => Headers.Where(header => header.Name.Equals("Authorization", StringComparison.OrdinalIgnoreCase)).Select(header => header.Value).FirstOrDefault();

    /// <summary>Reads a whole request, up to and with its empty line.</summary>
    /// <param name="bytes">The request.</param>
    /// <param name="fault">What is wrong with it, in words for its sender; empty where nothing is.</param>
    internal static InnerRequest? Read(ReadOnlySpan<byte> bytes, out string fault)
    {
        List<string> protocols = [], extensions = [];
        var headers = new List<(string Name, string Value)>();
        if (!bytes.EndsWith("\r\n\r\n"u8))
        {
            fault = "The request does not end with an empty line.";
            return null;
        }

        bytes = bytes[..^2];
        if (!IsRequestLine(TakeLine(ref bytes)))
        {
            fault = "The request does not begin with GET, a path and HTTP/1.1.";
            return null;
        }

        for (int count = 0; !bytes.IsEmpty; count++)
        {
            ReadOnlySpan<byte> line = TakeLine(ref bytes);
            int colon = line.IndexOf((byte)':');
            if (count == MaximumHeaders)
            {
                fault = $"The request has more than {MaximumHeaders} headers.";
                return null;
            }

            if (colon <= 0 || line[..colon].ContainsAnyExcept(s_token) || line[colon..].ContainsAny(s_control))
            {
                fault = "A header of the request is not a name, a colon and a value.";
                return null;
            }

            string name = Encoding.ASCII.GetString(line[..colon]);
            if (IsForbidden(name))
            {
                fault = $"The header {name} does not belong into a request within a WebSocket.";
                return null;
            }

            string value = Encoding.Latin1.GetString(line[(colon + 1)..].Trim(" \t"u8));
            if (name.EndsWith("WebSocket-Protocol", StringComparison.OrdinalIgnoreCase))
            {
                protocols.Add(value);
            }
            else if (name.EndsWith("WebSocket-Extensions", StringComparison.OrdinalIgnoreCase))
            {
                extensions.Add(value);
            }
            else if (name.Equals("Authorization", StringComparison.OrdinalIgnoreCase) && headers.Any(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
            {
                fault = "The request has more than one Authorization header.";
                return null;
            }
            else
            {
                headers.Add((name, value));
            }
        }

        fault = string.Empty;
        return new InnerRequest { Protocols = protocols, Extensions = extensions, Headers = headers };
    }

    /// <summary>
    /// The path is not looked at further: after a redirect clients still write that of the address they began with, and what is asked for
    /// is what the WebSocket was opened at.
    /// </summary>
    private static bool IsRequestLine(ReadOnlySpan<byte> line) =>
        line.StartsWith("GET /"u8) && line.EndsWith(" HTTP/1.1"u8) && line.Length >= "GET / HTTP/1.1".Length
        && !line["GET ".Length..^" HTTP/1.1".Length].ContainsAnyExceptInRange((byte)'!', (byte)'~');

    private static bool IsForbidden(string name) =>
        s_forbidden.Contains(name)
        || name.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase)
        || (name.StartsWith("Sec-", StringComparison.OrdinalIgnoreCase) && !s_tolerated.Contains(name));

    /// <summary>Takes what comes before the next CR LF. There is one.</summary>
    private static ReadOnlySpan<byte> TakeLine(ref ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf("\r\n"u8);
        ReadOnlySpan<byte> line = bytes[..end];
        bytes = bytes[(end + 2)..];
        return line;
    }
}
