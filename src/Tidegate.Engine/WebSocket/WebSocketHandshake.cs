using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Engine.WebSocket;

/// <summary>The computations of the opening handshake (RFC 6455, section 4).</summary>
public static class WebSocketHandshake
{
    /// <summary>The only version spoken here.</summary>
    public const string Version = "13";

    private const int KeyLength = 24;
    private static ReadOnlySpan<byte> Guid => "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;

    /// <summary>True where <paramref name="key"/> is the base64 form of 16 bytes (section 4.2.1, item 5).</summary>
    public static bool IsValidKey(string? key)
    {
        Span<byte> decoded = stackalloc byte[KeyLength];
        return key is { Length: KeyLength } && Convert.TryFromBase64String(key, decoded, out int length) && length == 16;
    }

    /// <summary>The <c>Sec-WebSocket-Accept</c> value for a valid key (section 4.2.2, item 5.4).</summary>
    public static string AcceptFor(string key)
    {
        Span<byte> input = stackalloc byte[KeyLength + 36];
        int length = Encoding.ASCII.GetBytes(key, input);
        Guid.CopyTo(input[length..]);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // SHA-1 is what the protocol prescribes; nothing secret depends on it.
        SHA1.HashData(input[..(length + Guid.Length)], hash);
#pragma warning restore CA5350
        return Convert.ToBase64String(hash);
    }

    /// <summary>A fresh key for a client's handshake.</summary>
    public static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));

    /// <summary>The first of the server's subprotocols, in its order of preference, that the client offers; null where there is none.</summary>
    public static string? SelectSubprotocol(IReadOnlyList<string> supported, IEnumerable<string?> offered)
    {
        ArgumentNullException.ThrowIfNull(supported);
        if (supported.Count == 0)
        {
            return null;
        }

        var names = new HashSet<string>(
            offered.SelectMany(value => (value ?? string.Empty).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)),
            StringComparer.Ordinal);
        return supported.FirstOrDefault(names.Contains);
    }
}
