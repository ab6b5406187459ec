using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Tidegate.Engine.WebSocket;

/// <summary>The payload of a close frame (RFC 6455, section 5.5.1).</summary>
internal static class CloseFrame
{
    /// <summary>Bytes of reason that fit a control frame.</summary>
    internal const int MaximumReason = 123;

    /// <summary>
    /// Reads the payload. A fault is what to close with: 1002 for a status that may not be sent, 1007 for a reason that is
    /// not UTF-8; null where there is none.
    /// </summary>
    internal static CloseStatus? Read(ReadOnlySpan<byte> payload, out CloseStatus status, out string reason)
    {
        status = CloseStatus.NoStatus;
        reason = string.Empty;
        if (payload.IsEmpty)
        {
            return null;
        }

        if (payload.Length == 1)
        {
            return CloseStatus.ProtocolError;
        }

        status = (CloseStatus)BinaryPrimitives.ReadUInt16BigEndian(payload);
        if (!MayBeSent(status))
        {
            return CloseStatus.ProtocolError;
        }

        if (!Utf8.IsValid(payload[2..]))
        {
            return CloseStatus.InvalidPayload;
        }

        reason = Encoding.UTF8.GetString(payload[2..]);
        return null;
    }

    /// <summary>Writes the payload; returns its length. A status that may not be sent is left out, a long reason is cut.</summary>
    internal static int Write(Span<byte> target, CloseStatus status, string reason)
    {
        if (!MayBeSent(status))
        {
            return 0;
        }

        BinaryPrimitives.WriteUInt16BigEndian(target, (ushort)status);
        // Cuts between characters, never inside one.
        _ = Utf8.FromUtf16(reason, target.Slice(2, MaximumReason), out _, out int written);
        return 2 + written;
    }

    /// <summary>RFC 6455, section 7.4, and what was registered since: 1012 to 1014. 3000 to 4999 are applications'.</summary>
    internal static bool MayBeSent(CloseStatus status) =>
        (ushort)status is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);
}
