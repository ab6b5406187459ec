using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Tidegate.Membership.Transport;

/// <summary>UDP and TCP on one port of one address.</summary>
internal sealed class MemberPort : IDisposable
{
    private const int Backlog = 256;
    private const int BindTries = 32;

    private MemberPort(Socket udp, Socket tcp)
    {
        Udp = udp;
        Tcp = tcp;
        LocalEndPoint = (IPEndPoint)udp.LocalEndPoint!;
        Addresses = new AddressBook(LocalEndPoint);
        From = new SocketAddress(udp.AddressFamily);
        udp.Blocking = false;
        udp.ReceiveBufferSize = MemberTransport.WantedReceiveBuffer;

        // Linux answers with what it reserves, which is twice what it lets a program ask for.
        ReceiveBuffer = udp.ReceiveBufferSize / (RuntimeInformation.IsOSPlatform(OSPlatform.Linux) ? 2 : 1);
    }

    internal Socket Udp { get; }

    internal Socket Tcp { get; }

    /// <summary>Where this listens, its port filled in and its scope id kept.</summary>
    internal IPEndPoint LocalEndPoint { get; }

    /// <summary>Addresses as they are seen from here.</summary>
    internal AddressBook Addresses { get; }

    /// <summary>Where the last packet came from. Belongs to the receiving loop.</summary>
    internal SocketAddress From { get; }

    /// <summary>How much the kernel keeps for the packet socket, in bytes.</summary>
    internal int ReceiveBuffer { get; }

    /// <summary>Binds both sockets to exactly this address. Port 0 takes one that is free for both.</summary>
    /// <exception cref="MemberListenException">It is not possible; the message says why.</exception>
    internal static MemberPort Open(IPEndPoint endPoint)
    {
        for (int tried = 1; ; tried++)
        {
            Socket tcp = Bind(endPoint, SocketType.Stream, ProtocolType.Tcp, "TCP");
            IPEndPoint bound = (IPEndPoint)tcp.LocalEndPoint!;
            try
            {
                Socket udp = Bind(new IPEndPoint(endPoint.Address, bound.Port), SocketType.Dgram, ProtocolType.Udp, "UDP");
                tcp.Listen(Backlog);
                return new MemberPort(udp, tcp);
            }
            catch (MemberListenException) when (endPoint.Port == 0 && tried < BindTries)
            {
                // Another program has this port for UDP only.
                tcp.Dispose();
            }
            catch
            {
                tcp.Dispose();
                throw;
            }
        }
    }

    /// <summary>Sends a packet, at once or not at all. False where the system does not take it. Any thread.</summary>
    internal bool TrySend(ReadOnlySpan<byte> packet, MemberAddress to)
    {
        if (Addresses.ToSocketAddress(to) is not { } address)
        {
            return false;
        }

        try
        {
            Udp.SendTo(packet, SocketFlags.None, address);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Connects to a member, from the address that this listens on. Does not throw; cancelling is a time-out.</summary>
    internal async Task<Dialled> DialAsync(MemberAddress to, CancellationToken cancellationToken)
    {
        if (Addresses.ToEndPoint(to) is not { } endPoint)
        {
            return new Dialled(DialResult.Unreachable, null);
        }

        Socket? socket = null;
        try
        {
            // This fails, too, where the process has as many files open as it may have.
            socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(LocalEndPoint.Address, 0));
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return new Dialled(DialResult.Connected, new MemberStream(socket));
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            socket?.Dispose();
            return new Dialled(exception is SocketException { SocketErrorCode: var error } ? ResultOf(error) : DialResult.TimedOut, null);
        }
    }

    /// <summary>Ends a wait for packets that is under way, where the system does so.</summary>
    internal void Interrupt()
    {
        try
        {
            Udp.Shutdown(SocketShutdown.Both);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It has no peer, which is what this says; who waits is woken all the same.
        }
    }

    public void Dispose()
    {
        Tcp.Dispose();
        Udp.Dispose();
    }

    private static DialResult ResultOf(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => DialResult.Refused,
        SocketError.TimedOut or SocketError.OperationAborted => DialResult.TimedOut,
        _ => DialResult.Unreachable,
    };

    private static Socket Bind(IPEndPoint endPoint, SocketType type, ProtocolType protocol, string name)
    {
        Socket socket = new(endPoint.AddressFamily, type, protocol);
        try
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = false;
            }

            socket.Bind(endPoint);
            return socket;
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new MemberListenException(endPoint, name, exception);
        }
    }
}
