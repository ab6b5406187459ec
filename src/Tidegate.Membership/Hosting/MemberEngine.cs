using System.Net;
using Microsoft.Extensions.Logging;
using Tidegate.Membership.Discovery;
using Tidegate.Membership.Packets;
using Tidegate.Membership.Protocol;
using Tidegate.Membership.Registry;
using Tidegate.Membership.Security;
using Tidegate.Membership.Serf;
using Tidegate.Membership.Streams;
using Tidegate.Membership.Transport;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Hosting;

/// <summary>
/// Runs the state machines of one member: gives them time, packets and streams, and carries out what they want. One lock
/// guards them all; what users of the library are told leaves by a queue, outside of it.
/// </summary>
/// <remarks>
/// The thread that receives packets is also the one that wakes for what is due, so a member at rest wakes one thread for each packet and
/// probe, and a busy thread pool does not make it late. The timer is for what becomes due earlier than that thread knew when it went to sleep,
/// and for clocks that are not the system's.
/// </remarks>
internal sealed partial class MemberEngine : IAsyncDisposable
{
    /// <summary>How often Serf's layer looks at what is due there while it has something to do, in milliseconds.</summary>
    private const int SerfInterval = 100;

    private readonly Lock _gate = new();
    private readonly MemberOptions _options;
    private readonly ILogger _logger;
    private readonly WarningLog _warnings;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly MemberTransport _transport;
    private readonly PacketWriter _writer;
    private readonly StreamClient _client;
    private readonly StreamServer _server;
    private readonly Inbound _inbound;
    private readonly ProtocolCore _core;
    private readonly SerfLayer? _serf;
    private readonly RecordRegistry? _registry;
    private readonly Envelope _envelope;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<string> _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<Action> _deferred = new();
    private readonly ITimer _timer;
    private readonly Action _doWhatIsDue;
    private readonly MemberMetrics _metrics;
    private long _armed = long.MaxValue;
    private long _serfDue = long.MaxValue;
    private long _serfLast = long.MinValue / 2;
    private int _givenWay;
    private bool _running;
    private bool _closed;
    private Task? _silence;

    /// <exception cref="ArgumentException">An option makes no sense; the text says which, and what would.</exception>
    /// <exception cref="MemberListenException">The address cannot be listened at.</exception>
    internal MemberEngine(MemberOptions options)
    {
        _options = options;
        _logger = options.LoggerFactory.CreateLogger("Tidegate.Membership");
        _time = options.TimeProvider;
        _warnings = new WarningLog(_logger, _time);
        Teller = new Teller(_gate, () => View, _logger, _warnings);
        _origin = _time.GetTimestamp();
        OptionChecks.Check(options);
        _targets = [.. options.Discovery.Select(DiscoveryTarget.Parse)];
        Keyring? keyring = options.Keys.Count == 0 ? null : new Keyring(options.Keys.Select(SealingKey.Parse));
        _envelope = new Envelope(System.Text.Encoding.UTF8.GetBytes(options.Label), keyring);
        _transport = MemberTransport.Open([options.Listen, .. options.AdditionalListens], _logger);
        EndPoints = [.. _transport.LocalEndPoints];
        _elsewhere = new Elsewhere(EndPoints, _time);
        try
        {
            _beacons = OpenBeacons();
            Name = options.Name ?? _transport.LocalEndPoint.ToString();
            Random = new Random();
            ProtocolOptions protocol = new()
            {
                Name = Name,
                Address = MemberAddress.From(_transport.LocalEndPoint),
                Versions = options.Mode == MemberMode.Serf ? ProtocolOptions.SerfVersions : ProtocolOptions.PlainVersions,
                InitialIncarnation = ProtocolOptions.IncarnationAt(_time.GetUtcNow()),
                ProbeInterval = (int)options.ProbeInterval.TotalMilliseconds,
                ProbeTimeout = (int)options.ProbeTimeout.TotalMilliseconds,
                Retention = (long)options.Retention.TotalMilliseconds,
            };
            if (options.Mode == MemberMode.Serf)
            {
                _registry = new RecordRegistry(this, Name, (ulong)Math.Max(1, _time.GetUtcNow().ToUnixTimeMilliseconds()), (owner, _) => Changed(owner));
                SerfOptions serf = new()
                {
                    Name = Name,
                    ClusterName = options.ClusterName,
                    GossipInterval = TimeSpan.FromMilliseconds(protocol.GossipInterval),
                };
                _serf = new SerfLayer(this, serf, keyring is null ? null : new KeyringOperations(keyring), _registry);
                protocol = protocol with { Meta = _serf.MetaOf(options.Tags) };
            }

            _core = new ProtocolCore(protocol with { PacketRoom = protocol.PacketRoom - _envelope.LabelOverhead }, this, Random);
            StreamBudget budget = new();
            _writer = new PacketWriter(_envelope, compress: false);
            _client = new StreamClient(_envelope, _transport.DialAsync, _time, budget: budget);
            _server = new StreamServer(_envelope, this, _logger, _time, budget: budget);
            _inbound = new Inbound(_envelope, this, _server, _logger, _time);
            _doWhatIsDue = DoWhatIsDue;
            _timer = _time.CreateTimer(static engine => ((MemberEngine)engine!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            Teller.Start();
            _metrics = new MemberMetrics(this);
        }
        catch
        {
            Array.ForEach(_beacons, socket => _ = socket.DisposeAsync().AsTask());
            _ = _transport.DisposeAsync().AsTask();
            throw;
        }
    }

    internal string Name { get; }

    internal IPEndPoint EndPoint => _transport.LocalEndPoint;

    /// <summary>Everywhere that this member listens, <see cref="EndPoint"/> first.</summary>
    internal IReadOnlyList<IPEndPoint> EndPoints { get; }

    /// <summary>Completes with the reason when this member had to stop by itself.</summary>
    internal Task<string> Stopped => _stopped.Task;

    internal Envelope Envelope => _envelope;

    /// <summary>Tells users of the library what happens.</summary>
    internal Teller Teller { get; }

    public long Now => (long)_time.GetElapsedTime(_origin).TotalMilliseconds;

    public Random Random { get; }

    /// <summary>Begins to listen, to probe and to look for others.</summary>
    internal void Start()
    {
        lock (_gate)
        {
            _running = true;
            Protocol.MemberRecord self = _core.Self;
            SerfPeer peer = Remember(self);
            _serf?.MemberUp(peer);
            Changed(Name);
            _core.Start(Now, seeds: []);
            _transport.Start(_inbound, this);
            StartDiscovery();
            Finish();
        }
    }

    /// <summary>What is measured, as of now.</summary>
    internal MemberNumbers Numbers()
    {
        lock (_gate)
        {
            ProtocolCounters counters = _core.Counters;
            TransportCounters traffic = _transport.Counters;
            return new MemberNumbers(
                _core.Health,
                _core.IsIsolated,
                traffic.PacketsSent,
                traffic.PacketsReceived,
                traffic.BytesSent,
                traffic.BytesReceived,
                _inbound.Refusals.Total,
                _server.Refusals.Total,
                counters.BadMessages,
                counters.Replays + _inbound.Refusals.Count(PacketRefusal.Replayed),
                counters.Unmet,
                counters.Probes,
                counters.ProbesFailed,
                _core.Stalled,
                Teller.NotTold);
        }
    }

    /// <summary>Closes everything, without a word to the others.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            _running = false;
        }

        _metrics.Dispose();
        await FallSilentAsync().ConfigureAwait(false);
        await _timer.DisposeAsync().ConfigureAwait(false);
        lock (_gate)
        {
            FailWaiting();
        }

        await Teller.EndAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    /// <summary>Closes all sockets: who has stopped must not look alive, by answering pings over TCP or by calling others.</summary>
    private Task FallSilentAsync()
    {
        lock (_gate)
        {
            return _silence ??= CloseAsync();
        }

        async Task CloseAsync()
        {
            // Not from inside a loop or handler of theirs, whose end is waited for.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            await _stopping.CancelAsync().ConfigureAwait(false);
            if (_discoverer is not null)
            {
                await _discoverer.DisposeAsync().ConfigureAwait(false);
            }

            foreach (BeaconSocket socket in _beacons)
            {
                await socket.DisposeAsync().ConfigureAwait(false);
            }

            await _transport.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Run(Action action)
    {
        lock (_gate)
        {
            if (_running)
            {
                action();
                Finish();
            }
        }
    }

    /// <summary>The same where nobody would see an exception. Under the lock.</summary>
    private void Guarded(Action action)
    {
        if (_running)
        {
            try
            {
                action();
                Finish();
            }
            catch (Exception exception)
            {
                Broken(exception);
            }
        }
    }

    /// <summary>What was asked for inside a call of a state machine is done after it, and the timer is set anew. Under the lock.</summary>
    private void Finish()
    {
        while (_deferred.TryDequeue(out Action? action))
        {
            action();
        }

        if (_serf is { HasWork: true })
        {
            _serfDue = Math.Min(_serfDue, _serfLast + SerfInterval);
        }

        long due = Math.Min(_core.NextCall, _serfDue);
        if (due < _armed && due < Volatile.Read(ref _loopWakes) && _running)
        {
            Arm(due);
        }
    }
}
