using System.Net;
using System.Net.Sockets;
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

/// <summary>Has something done by the receiving thread when its time has come. Called on that thread only. Must not throw.</summary>
internal interface ILoopTimers
{
    /// <summary>The thread is about to sleep. Milliseconds until something is due, 0 or less where it is, <see cref="int.MaxValue"/> for nothing.</summary>
    int Sleep();

    /// <summary>The thread does not sleep any more.</summary>
    void Wake();

    /// <summary>Does what is due.</summary>
    void Fire();
}

/// <summary>
/// UDP and TCP on one port of one address, or of several: one thread receives packets into one buffer, loops accept. Sending is
/// immediate or not at all, as UDP is. A packet that arrives or leaves makes no garbage.
/// </summary>
internal sealed partial class MemberTransport : IAsyncDisposable
{
    /// <summary>What a socket is asked to keep while this process does something else, in bytes.</summary>
    internal const int WantedReceiveBuffer = 2 << 20;

    private readonly MemberPort[] _ports;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<Task> _streams = [];
    private readonly Dictionary<MemberAddress, MemberPort> _routes = [];
    private Task _loops = Task.CompletedTask;

    private MemberTransport(MemberPort[] ports, ILogger logger)
    {
        _ports = ports;
        _logger = logger;
        if (ReceiveBuffer < WantedReceiveBuffer)
        {
            _logger.LogInformation(
                "The system keeps {Granted} bytes of packets that wait to be read, not {Wanted}. A large cluster loses some when this process is busy; on Linux, raise net.core.rmem_max.",
                ReceiveBuffer,
                WantedReceiveBuffer);
        }
    }

    /// <summary>Where this member listens first of all, its port filled in and its scope id kept.</summary>
    internal IPEndPoint LocalEndPoint => _ports[0].LocalEndPoint;

    /// <summary>Everywhere that it listens, <see cref="LocalEndPoint"/> first.</summary>
    internal IEnumerable<IPEndPoint> LocalEndPoints => _ports.Select(port => port.LocalEndPoint);

    /// <summary>How much the kernel keeps for a packet socket, in bytes.</summary>
    internal int ReceiveBuffer => _ports[0].ReceiveBuffer;

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
                return Array.Exists(_ports, static port => port.Udp.Available > 0);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    /// <summary>Binds both sockets of each to exactly its address. Port 0 takes one that is free for both.</summary>
    /// <param name="endPoints">Where to listen, one at least; packets go out of the first that can send them there.</param>
    /// <param name="logger">Gets what operators should know.</param>
    /// <exception cref="MemberListenException">It is not possible; the message says why.</exception>
    internal static MemberTransport Open(IReadOnlyList<IPEndPoint> endPoints, ILogger logger)
    {
        List<MemberPort> ports = [];
        try
        {
            foreach (IPEndPoint endPoint in endPoints)
            {
                ports.Add(MemberPort.Open(endPoint));
            }

            return new MemberTransport([.. ports], logger);
        }
        catch
        {
            ports.ForEach(port => port.Dispose());
            throw;
        }
    }

    /// <summary>The same at one address.</summary>
    internal static MemberTransport Open(IPEndPoint endPoint, ILogger logger) => Open([endPoint], logger);

    /// <summary>Begins to hand over what arrives. Once.</summary>
    /// <param name="handler">Gets it.</param>
    /// <param name="timers">What the receiving thread does besides; null for nothing.</param>
    internal void Start(ITransportHandler handler, ILoopTimers? timers = null) => _loops = Task.WhenAll(
        [ReceiveOnThread(handler, timers), .. _ports.Select(port => Task.Run(() => AcceptAsync(port, handler)))]);

    /// <summary>Where a member is reached from here, the scope of a link-local address included; null where it is not.</summary>
    internal IPEndPoint? EndPointOf(MemberAddress member) => PortFor(member).Addresses.ToEndPoint(member);

    /// <summary>
    /// Sends a packet: an answer out of the socket by which the question came, another out of the first that can send it there.
    /// False where the system does not take it; UDP promises no more if it does. Any thread.
    /// </summary>
    internal bool TrySend(ReadOnlySpan<byte> packet, MemberAddress to)
    {
        bool sent = PortFor(to).TrySend(packet, to);
        if (sent)
        {
            Counters.Sent(packet.Length);
        }
        else
        {
            Counters.NotSent();
        }

        return sent;
    }

    /// <summary>Connects to a member, from an address that this one listens on. Does not throw; cancelling is a time-out.</summary>
    internal Task<Dialled> DialAsync(MemberAddress to, CancellationToken cancellationToken) => PortFor(to).DialAsync(to, cancellationToken);

    /// <summary>Closes all sockets, cancels what streams are served, and waits for all of it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        foreach (MemberPort port in _ports)
        {
            port.Interrupt();
        }

        await _loops.ConfigureAwait(false);
        foreach (MemberPort port in _ports)
        {
            port.Dispose();
        }

        Task[] streams;
        lock (_streams)
        {
            streams = [.. _streams];
        }

        await Task.WhenAll(streams).ConfigureAwait(false);
        _stopping.Dispose();
    }

    private MemberPort PortFor(in MemberAddress to)
    {
        if (_ports.Length == 1 || !to.IsUsable)
        {
            return _ports[0];
        }

        if (_receivedBy is { } port && Environment.CurrentManagedThreadId == _thread && to == _receivedFrom)
        {
            return port;
        }

        lock (_routes)
        {
            if (!_routes.TryGetValue(to, out MemberPort? known))
            {
                if (_routes.Count == AddressBook.Maximum)
                {
                    _routes.Clear();
                }

                IPAddress address = to.ToEndPoint().Address;
                _routes[to] = known = _ports.MinBy(one => AddressBook.RankFor(one.LocalEndPoint.Address, address))!;
            }

            return known;
        }
    }
}
