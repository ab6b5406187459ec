using System.Net;
using System.Net.Sockets;

namespace Tidegate.Bench.Orchestration;

/// <summary>Ports on 127.0.0.1 that nobody listens on, below those that Linux gives to outgoing connections.</summary>
internal static class Ports
{
    private const int First = 20_000;
    private const int Last = 32_000;
    private static int s_next = First + (Environment.ProcessId * 37 % (Last - First));

    internal static int Free()
    {
        for (int tries = 0; tries < Last - First; tries++)
        {
            s_next = s_next == Last ? First : s_next + 1;
            using var listener = new TcpListener(IPAddress.Loopback, s_next);
            try
            {
                listener.Start();
                return s_next;
            }
            catch (SocketException)
            {
            }
        }
        throw new IOException($"no port from {First} to {Last} is free on 127.0.0.1");
    }

    internal static bool Answers(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
