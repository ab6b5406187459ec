using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Bench;

/// <summary>The answer to <c>Sec-WebSocket-Key</c> (RFC 6455, section 4.2.2).</summary>
internal static class WebSocketKey
{
    [SuppressMessage("Security", "CA5350", Justification = "The RFC asks for SHA-1; it protects nothing here.")]
    internal static string Accept(string key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
}
