using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Tidegate.Membership.Security;
using Tidegate.Membership.Transport;

namespace Tidegate.Membership.Discovery;

/// <summary>What finding others needs to know, and whom it tells. Called on any thread.</summary>
internal interface IDiscoveryHandler
{
    /// <summary>Live members, this one included: the more there are, the more rarely each calls.</summary>
    int Members { get; }

    /// <summary>What this member calls out now.</summary>
    Beacon Own { get; }

    /// <summary>True for this member's own address and for those of live members.</summary>
    bool IsKnown(MemberAddress address);

    /// <summary>Exchanges states with whoever is there. True where that succeeded. Does not throw but when cancelled.</summary>
    Task<bool> JoinAsync(MemberAddress address, CancellationToken cancellationToken);
}

/// <summary>
/// Finds others, for as long as it runs: tries seeds again and again, calls out beacons, and follows those of members
/// that are not known. It holds no view of the cluster, so all that a forged or replayed beacon brings about is a connection.
/// </summary>
internal sealed class Discoverer : IAsyncDisposable
{
    /// <summary>Addresses of one seed that are tried in one go.</summary>
    internal const int MaximumTries = 16;

    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly IDiscoveryHandler _handler;
    private readonly Keyring? _keyring;
    private readonly INameResolver _resolver;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly long _start;
    private readonly SeedSchedule _seeds;
    private readonly BeaconSchedule _schedule;
    private readonly Sightings _sightings;
    private readonly IReadOnlyList<BeaconSocket> _sockets;
    private readonly DiscoveryTarget[] _unicast;
    private readonly ConcurrentDictionary<Task, bool> _running = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private Task _calling = Task.CompletedTask;

    /// <param name="handler">The member for which others are found.</param>
    /// <param name="targets">Seeds, and whom to call by unicast. Multicast groups belong to their sockets.</param>
    /// <param name="sockets">Where beacons are heard and from where they are sent; disposed with this. Empty where there are none.</param>
    /// <param name="keyring">Seals beacons; null where the cluster does not encrypt.</param>
    /// <param name="resolver">Resolves names, each time anew.</param>
    /// <param name="logger">Gets what is refused, each reason at most once a minute.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Makes the jitter; used under a lock.</param>
    /// <exception cref="ArgumentException">A target needs a socket that is not there.</exception>
    /// <exception cref="InvalidOperationException">The names are too long for a beacon.</exception>
    internal Discoverer(
        IDiscoveryHandler handler,
        IEnumerable<DiscoveryTarget> targets,
        IReadOnlyList<BeaconSocket> sockets,
        Keyring? keyring,
        INameResolver resolver,
        ILogger logger,
        TimeProvider time,
        Random random)
    {
        DiscoveryTarget[] all = [.. targets];
        if (all.FirstOrDefault(target => target.Kind != DiscoveryKind.Seed && (sockets.Count == 0 || target.Kind == DiscoveryKind.MulticastBeacon)) is { } homeless)
        {
            throw new ArgumentException($"{homeless} needs a socket: a group is what the socket is opened with, and others are called from it.", nameof(targets));
        }

        if (sockets.Count > 0)
        {
            // Here, where whoever has chosen the names sees it, and not later on a thread of its own.
            handler.Own.Encode(keyring);
        }

        _handler = handler;
        _keyring = keyring;
        _resolver = resolver;
        _time = time;
        _random = random;
        _start = time.GetTimestamp();
        _seeds = new SeedSchedule(all.Where(target => target.Kind == DiscoveryKind.Seed), random, TimeSpan.Zero);
        _schedule = new BeaconSchedule(random, TimeSpan.Zero);
        _sightings = new Sightings(random);
        _sockets = sockets;
        _unicast = [.. all.Where(target => target.Kind == DiscoveryKind.UnicastBeacon)];
        Refusals = new RefusalLog<BeaconRefusal>(logger, time, "a beacon", BeaconRefusals.Describe, LogInterval);
        foreach (BeaconSocket socket in sockets)
        {
            socket.Start(OnBeacon);
        }

        _loop = Task.Run(RunAsync);
    }

    /// <summary>Beacons that were not followed, by their reason.</summary>
    internal RefusalLog<BeaconRefusal> Refusals { get; }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        foreach (BeaconSocket socket in _sockets)
        {
            await socket.DisposeAsync().ConfigureAwait(false);
        }

        await Task.WhenAll(_running.Keys).ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            TimeSpan due;
            lock (_lock)
            {
                TimeSpan now = Now;
                foreach (DiscoveryTarget seed in _seeds.Begin(now))
                {
                    Run(() => TrySeedAsync(seed));
                }

                _schedule.MembersChanged(now, _handler.Members);
                if (_sockets.Count > 0 && now >= _schedule.Due)
                {
                    _schedule.Sent(now, _handler.Members);

                    // Where a name takes long to resolve, beacons wait for it, and do not pile up behind it.
                    if (_calling.IsCompleted)
                    {
                        _calling = Run(CallAsync);
                    }
                }

                due = _sockets.Count == 0 || _seeds.Due < _schedule.Due ? _seeds.Due : _schedule.Due;
                due -= now;
            }

            try
            {
                // A seed that is being tried has no time yet, so the sleep is bounded.
                TimeSpan sleep = due < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : due > LongestSleep ? LongestSleep : due;
                await Task.Delay(sleep, _time, _stopping.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task TrySeedAsync(DiscoveryTarget seed)
    {
        bool reached = false;
        try
        {
            IReadOnlyList<IPAddress> addresses = await _resolver.ResolveAsync(seed.Host, _stopping.Token).ConfigureAwait(false);
            MemberAddress[] unknown = [.. addresses
                .Select(address => MemberAddress.From(new IPEndPoint(address, seed.Port)))
                .Where(address => !_handler.IsKnown(address))];
            lock (_lock)
            {
                _random.Shuffle(unknown);
            }

            bool[] joined = await Task.WhenAll(unknown.Take(MaximumTries).Select(address => _handler.JoinAsync(address, _stopping.Token))).ConfigureAwait(false);
            reached = addresses.Count > 0 && (unknown.Length == 0 || joined.Contains(true));
        }
        finally
        {
            lock (_lock)
            {
                _seeds.Ended(seed, reached, Now);
            }
        }
    }

    private async Task CallAsync()
    {
        byte[] beacon = _handler.Own.Encode(_keyring);
        foreach (BeaconSocket socket in _sockets)
        {
            if (socket.Group is { } group)
            {
                socket.TrySend(beacon, group);
            }
        }

        foreach (DiscoveryTarget target in _unicast)
        {
            foreach (IPAddress address in await _resolver.ResolveAsync(target.Host, _stopping.Token).ConfigureAwait(false))
            {
                _sockets.MinBy(socket => AddressBook.RankFor(socket.LocalEndPoint.Address, address))!.TrySend(beacon, new IPEndPoint(address, target.Port));
            }
        }
    }

    private void OnBeacon(ReadOnlySpan<byte> packet, MemberAddress from)
    {
        BeaconRefusal refusal = Beacon.Decode(packet, _keyring, out Beacon beacon);
        Beacon own = _handler.Own;
        if (refusal == BeaconRefusal.None)
        {
            refusal = beacon.Cluster != own.Cluster ? BeaconRefusal.OtherCluster
                : beacon.Address == own.Address && beacon.Name == own.Name ? BeaconRefusal.Own
                : _handler.IsKnown(beacon.Address) ? BeaconRefusal.Known
                : BeaconRefusal.None;
        }

        if (refusal == BeaconRefusal.None)
        {
            lock (_lock)
            {
                refusal = _sightings.TryBegin(beacon.Address, Now);
            }
        }

        if (refusal == BeaconRefusal.None)
        {
            MemberAddress address = beacon.Address;
            Run(() => FollowAsync(address));
        }
        else if (BeaconRefusals.IsNormal(refusal))
        {
            Refusals.CountOnly(refusal);
        }
        else
        {
            Refusals.Note(refusal, from);
        }
    }

    private async Task FollowAsync(MemberAddress address)
    {
        bool joined = false;
        try
        {
            joined = await _handler.JoinAsync(address, _stopping.Token).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                _sightings.Ended(address, joined, Now);
            }
        }
    }

    private Task Run(Func<Task> action)
    {
        Task task = Task.Run(async () =>
        {
            try
            {
                await action().ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
            }
        });
        _running.TryAdd(task, true);
        task.ContinueWith(done => _running.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return task;
    }
}
