using System.Net.Sockets;

namespace Tidegate.Membership.Transport;

/// <summary>A TCP connection between two members. Owns its socket.</summary>
internal sealed class MemberStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    /// <summary>Tells the other side that nothing more comes. A connection that is gone already is no error.</summary>
    internal void EndSending()
    {
        try
        {
            Socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
        }
    }
}

/// <summary>How connecting to a member ended. They mean different things: only a refusal proves that nothing listens there.</summary>
internal enum DialResult
{
    Connected,

    /// <summary>The host is there and nothing listens on the port.</summary>
    Refused,

    /// <summary>No answer in time: lost packets, a firewall, or a host that is gone.</summary>
    TimedOut,

    /// <summary>No way there from here, by the word of this host or of a router.</summary>
    Unreachable,
}

/// <summary>What came of dialling.</summary>
/// <param name="Result">How it ended.</param>
/// <param name="Stream">The connection; null where there is none.</param>
internal readonly record struct Dialled(DialResult Result, MemberStream? Stream);
