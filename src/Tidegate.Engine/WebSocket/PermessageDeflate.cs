namespace Tidegate.Engine.WebSocket;

/// <summary>Negotiation of permessage-deflate (RFC 7692, sections 5 and 7.1).</summary>
public static class PermessageDeflate
{
    /// <summary>What a server answers to an offer that it accepts, and what this client offers: every message stands alone.</summary>
    public const string Agreement = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    /// <summary>
    /// True where one of the offers in the <c>Sec-WebSocket-Extensions</c> values can be answered with
    /// <see cref="Agreement"/>. An offer with an unknown, repeated or invalid parameter, or one that wants a smaller window
    /// than the compressor has, is declined, as section 7 demands.
    /// </summary>
    public static bool CanAccept(IEnumerable<string?> offers) =>
        Extensions(offers).Any(extension => Name(extension) && Parameters(extension, AcceptableInOffer));

    /// <summary>True where a server's answer keeps to what this client offered: no context taken over by the server.</summary>
    public static bool IsAgreedAnswer(string answer) =>
        Name(answer)
        && Parameters(answer, static (name, value) => name switch
        {
            "server_no_context_takeover" or "client_no_context_takeover" => value is null,
            // The window of what the server sends: any is understood.
            "server_max_window_bits" => IsWindowBits(value),
            _ => false,
        })
        && answer.Contains("server_no_context_takeover", StringComparison.OrdinalIgnoreCase);

    private static bool AcceptableInOffer(string name, string? value) => name switch
    {
        "server_no_context_takeover" or "client_no_context_takeover" => value is null,
        "server_max_window_bits" => value == "15",
        "client_max_window_bits" => value is null || IsWindowBits(value),
        _ => false,
    };

    private static bool IsWindowBits(string? value) =>
        value is { Length: 1 or 2 } && value[0] != '0' && int.TryParse(value, System.Globalization.NumberStyles.None, null, out int bits) && bits is >= 8 and <= 15;

    private static IEnumerable<string> Extensions(IEnumerable<string?> values) =>
        values.SelectMany(value => (value ?? string.Empty).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    private static bool Name(string extension) =>
        extension.Split(';')[0].Trim().Equals("permessage-deflate", StringComparison.OrdinalIgnoreCase);

    private static bool Parameters(string extension, Func<string, string?, bool> acceptable)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string parameter in extension.Split(';').Skip(1))
        {
            string[] parts = parameter.Split('=', 2, StringSplitOptions.TrimEntries);
            string? value = parts.Length == 2 ? parts[1].Trim('"') : null;
            if (!seen.Add(parts[0]) || !acceptable(parts[0].ToLowerInvariant(), value))
            {
                return false;
            }
        }

        return true;
    }
}
