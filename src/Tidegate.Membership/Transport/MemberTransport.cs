using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Tidegate.Membership.Transport;

/// <summary>Is handed what arrives. Must not throw for anything that a peer sends.</summary>
internal interface ITransportHandler
{
    /// <summary>A packet, valid during the call. One at a time, in the order of their arrival.</summary>
    void OnPacket(ReadOnlySpan<byte> packet, MemberAddress from);

    /// <summary>A connection that another member has opened; the handler disposes it. Several at a time.</summary>
    Task OnStreamAsync(MemberStream stream, MemberAddress from, CancellationToken cancellationToken);
}

/// <summary>
/// UDP and TCP on one port of one address: one loop receives packets into one buffer, another accepts. Sending is
/// immediate or not at all, as UDP is. A packet that arrives or leaves makes no garbage.
/// </summary>
internal sealed partial class MemberTransport : IAsyncDisposable
{
    /// <summary>What the socket is asked to keep while this process does something else, in bytes.</summary>
    internal const int WantedReceiveBuffer = 2 << 20;

    private const int Backlog = 256;
    private const int BindTries = 32;

    private readonly Socket _udp;
    private readonly Socket _tcp;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly AddressBook _addresses;
    private readonly HashSet<Task> _streams = [];
    private Task _loops = Task.CompletedTask;

    private MemberTransport(Socket udp, Socket tcp, ILogger logger)
    {
        _udp = udp;
        _tcp = tcp;
        _logger = logger;
        LocalEndPoint = (IPEndPoint)udp.LocalEndPoint!;
        _addresses = new AddressBook(LocalEndPoint);
        ReceiveBuffer = AskForReceiveBuffer();
    }

    /// <summary>Where this member listens, its port filled in and its scope id kept.</summary>
    internal IPEndPoint LocalEndPoint { get; }

    /// <summary>How much the kernel keeps for the packet socket, in bytes.</summary>
    internal int ReceiveBuffer { get; }

    internal TransportCounters Counters { get; } = new();

    /// <summary>
    /// True where packets have arrived that the handler has not seen: their news is older than any timer that is due now,
    /// so they go first.
    /// </summary>
    internal bool HasQueuedPackets
    {
        get
        {
            try
            {
                return _udp.Available > 0;
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    /// <summary>Binds both sockets to exactly this address. Port 0 takes one that is free for both.</summary>
    /// <exception cref="MemberListenException">It is not possible; the message says why.</exception>
    internal static MemberTransport Open(IPEndPoint endPoint, ILogger logger)
    {
        for (int tried = 1; ; tried++)
        {
            Socket tcp = Bind(endPoint, SocketType.Stream, ProtocolType.Tcp, "TCP");
            IPEndPoint bound = (IPEndPoint)tcp.LocalEndPoint!;
            try
            {
                Socket udp = Bind(new IPEndPoint(endPoint.Address, bound.Port), SocketType.Dgram, ProtocolType.Udp, "UDP");
                tcp.Listen(Backlog);
                return new MemberTransport(udp, tcp, logger);
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

    /// <summary>Begins to hand over what arrives. Once.</summary>
    internal void Start(ITransportHandler handler) => _loops = Task.WhenAll(
        Task.Run(() => ReceiveAsync(handler)),
        Task.Run(() => AcceptAsync(handler)));

    /// <summary>Where a member is reached from here, the scope of a link-local address included; null where it is not.</summary>
    internal IPEndPoint? EndPointOf(MemberAddress member) => _addresses.ToEndPoint(member);

    /// <summary>Sends a packet. False where the system does not take it; UDP promises no more if it does. Any thread.</summary>
    internal bool TrySend(ReadOnlySpan<byte> packet, MemberAddress to)
    {
        if (_addresses.ToSocketAddress(to) is not { } address)
        {
            Counters.NotSent();
            return false;
        }

        try
        {
            _udp.SendTo(packet, SocketFlags.None, address);
            Counters.Sent(packet.Length);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            Counters.NotSent();
            return false;
        }
    }

    /// <summary>Connects to a member, from the address that this one listens on. Does not throw; cancelling is a time-out.</summary>
    internal async Task<Dialled> DialAsync(MemberAddress to, CancellationToken cancellationToken)
    {
        if (_addresses.ToEndPoint(to) is not { } endPoint)
        {
            return new Dialled(DialResult.Unreachable, null);
        }

        Socket socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(LocalEndPoint.Address, 0));
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return new Dialled(DialResult.Connected, new MemberStream(socket));
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            return new Dialled(exception is SocketException { SocketErrorCode: var error } ? ResultOf(error) : DialResult.TimedOut, null);
        }
    }

    /// <summary>Closes both sockets, cancels what streams are served, and waits for all of it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        _tcp.Dispose();
        _udp.Dispose();
        await _loops.ConfigureAwait(false);
        Task[] streams;
        lock (_streams)
        {
            streams = [.. _streams];
        }

        await Task.WhenAll(streams).ConfigureAwait(false);
        _stopping.Dispose();
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

    private int AskForReceiveBuffer()
    {
        _udp.Blocking = false;
        _udp.ReceiveBufferSize = WantedReceiveBuffer;

        // Linux answers with what it reserves, which is twice what it lets a program ask for.
        int granted = _udp.ReceiveBufferSize / (RuntimeInformation.IsOSPlatform(OSPlatform.Linux) ? 2 : 1);
        if (granted < WantedReceiveBuffer)
        {
            _logger.LogInformation(
                "The system keeps {Granted} bytes of packets that wait to be read, not {Wanted}. A large cluster loses some when this process is busy; on Linux, raise net.core.rmem_max.",
                granted,
                WantedReceiveBuffer);
        }

        return granted;
    }
}
