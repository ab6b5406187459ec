using System.Text;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// What clients that say <c>.kl=Y</c> are told within the WebSocket, before anything else: to stay, or where to go (docs/spec/compat.md,
/// chapter 3.5).
/// </summary>
internal static class Directive
{
    // U+F0FF, and N or R.
    private static ReadOnlySpan<byte> StayHere => [0xef, 0x83, 0xbf, (byte)'N'];

    private static ReadOnlySpan<byte> GoTo => [0xef, 0x83, 0xbf, (byte)'R'];

    /// <summary>Says that this is the place.</summary>
    internal static void SendStay(Session session) => session.Send(StayHere, MessageKind.Binary);

    /// <summary>Says where to go, or by saying no place that there is none, and closes. The session has been started.</summary>
    internal static void SendAway(Session session, string? uri)
    {
        session.Send((byte[])[.. GoTo, .. Encoding.ASCII.GetBytes(uri ?? string.Empty)], MessageKind.Binary);
        session.Close(CloseStatus.NormalClosure);
    }
}
