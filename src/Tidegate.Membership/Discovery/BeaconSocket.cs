using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tidegate.Membership.Transport;

namespace Tidegate.Membership.Discovery;

/// <summary>A socket for beacons: in a multicast group, which members of one machine share, or at an address of its own.</summary>
internal sealed class BeaconSocket : IAsyncDisposable
{
    // Linux: whether a socket hears groups that other sockets of the machine have joined.
    private const int IpLevel = 0;
    private const int IpMulticastAll = 49;
    private const int Ipv6Level = 41;
    private const int Ipv6MulticastAll = 29;

    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly AddressBook _addresses;
    private Task _loop = Task.CompletedTask;

    private BeaconSocket(Socket socket, IPEndPoint? group, ILogger logger)
    {
        _socket = socket;
        Group = group;
        _logger = logger;
        _socket.Blocking = false;
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
        _addresses = new AddressBook(LocalEndPoint);
    }

    /// <summary>The group that beacons are sent to; null for a socket at an address.</summary>
    internal IPEndPoint? Group { get; }

    /// <summary>Where it listens: the group itself, or the address and port.</summary>
    internal IPEndPoint LocalEndPoint { get; }

    /// <summary>Joins a group. Other members of this machine may join it as well, and hear each other.</summary>
    /// <exception cref="MemberListenException">It is not possible; the message says why.</exception>
    internal static BeaconSocket OpenGroup(MulticastPlace place, ILogger logger)
    {
        Socket socket = new(place.Group.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);

            // Bound to the group it does not hear what is sent to the port by other ways. Windows cannot do that.
            IPAddress any = place.Group.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
            IPEndPoint group = new(Scoped(place), place.Group.Port);
            socket.Bind(OperatingSystem.IsWindows() ? new IPEndPoint(any, place.Group.Port) : group);
            Join(socket, place);
            return new BeaconSocket(socket, group, logger);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw MemberListenException.ForGroup(place.Group, exception);
        }
    }

    /// <summary>Listens for unicast beacons at an address of this machine.</summary>
    /// <exception cref="MemberListenException">It is not possible; the message says why.</exception>
    internal static BeaconSocket OpenAddress(IPEndPoint endPoint, ILogger logger)
    {
        Socket socket = new(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Bind(endPoint);
            return new BeaconSocket(socket, null, logger);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new MemberListenException(endPoint, "UDP", exception);
        }
    }

    /// <summary>Begins to hand over what arrives, one at a time, each valid during the call. The handler must not throw. Once.</summary>
    internal void Start(BeaconHandler handler) => _loop = Task.Run(() => ReceiveAsync(handler));

    /// <summary>Sends a beacon; false where the system does not take it.</summary>
    internal bool TrySend(ReadOnlySpan<byte> beacon, IPEndPoint to)
    {
        try
        {
            return to.AddressFamily == _socket.AddressFamily && _socket.SendTo(beacon, SocketFlags.None, to) == beacon.Length;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
            _socket.Dispose();
            await _loop.ConfigureAwait(false);
            _stopping.Dispose();
        }
    }

    // A group of one link (ff02::) means nothing without the link.
    private static IPAddress Scoped(MulticastPlace place) => place.Group.AddressFamily == AddressFamily.InterNetworkV6 && place.InterfaceIndex != 0
        ? new IPAddress(place.Group.Address.GetAddressBytes(), place.InterfaceIndex)
        : place.Group.Address;

    private static void Join(Socket socket, MulticastPlace place)
    {
        IPAddress group = place.Group.Address;
        bool isFour = place.Group.AddressFamily == AddressFamily.InterNetwork;
        SocketOptionLevel level = isFour ? SocketOptionLevel.IP : SocketOptionLevel.IPv6;
        object membership = isFour ? new MulticastOption(group, place.InterfaceIndex) : new IPv6MulticastOption(group, place.InterfaceIndex);
        socket.SetSocketOption(level, SocketOptionName.AddMembership, membership);
        if (place.InterfaceIndex != 0)
        {
            int index = isFour ? IPAddress.HostToNetworkOrder(place.InterfaceIndex) : place.InterfaceIndex;
            socket.SetSocketOption(level, SocketOptionName.MulticastInterface, index);
        }

        socket.SetSocketOption(level, SocketOptionName.MulticastTimeToLive, place.TimeToLive);
        socket.SetSocketOption(level, SocketOptionName.MulticastLoopback, true);
        if (OperatingSystem.IsLinux())
        {
            socket.SetRawSocketOption(isFour ? IpLevel : Ipv6Level, isFour ? IpMulticastAll : Ipv6MulticastAll, BitConverter.GetBytes(0));
        }
    }

    private async Task ReceiveAsync(BeaconHandler handler)
    {
        // One byte more than a beacon may have, so that a longer one is noticed.
        byte[] buffer = new byte[Beacon.MaximumLength + 1];
        SocketAddress from = new(_socket.AddressFamily);
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                int length = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, from, _stopping.Token).ConfigureAwait(false);
                handler(buffer.AsSpan(0, length), _addresses.FromSocketAddress(from));
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.MessageSize)
            {
                // What some systems say of a packet that is longer than the buffer.
            }
            catch (SocketException exception)
            {
                _logger.LogWarning("Cannot receive beacons at {EndPoint}: {Error}. Trying again.", LocalEndPoint, exception.Message);
                await Task.Delay(PauseAfterError, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }
}

/// <summary>Is handed a packet that may be a beacon.</summary>
internal delegate void BeaconHandler(ReadOnlySpan<byte> packet, MemberAddress from);
