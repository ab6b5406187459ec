using System.Net.Sockets;

namespace Tidegate.Gateway.Control;

/// <summary>Who is at the other end of a Unix domain socket, as Linux tells it.</summary>
internal static class ControlPeer
{
    // From <asm-generic/socket.h>; struct ucred is three numbers of 32 bits: process, user, group.
    private const int SolSocket = 1;
    private const int SoPeerCredentials = 17;
    private const int CredentialsSize = 12;

    /// <summary>The user who connected, or for whoever connected the user who listens.</summary>
    internal static uint UserOf(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[CredentialsSize];
        socket.GetRawSocketOption(SolSocket, SoPeerCredentials, credentials);
        return BitConverter.ToUInt32(credentials[4..8]);
    }
}
