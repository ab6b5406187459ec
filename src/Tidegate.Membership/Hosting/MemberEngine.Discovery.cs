using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Tidegate.Membership.Discovery;
using Tidegate.Membership.Protocol;

namespace Tidegate.Membership.Hosting;

/// <summary>Finding others: the discoverer finds addresses, the core joins who is there.</summary>
internal sealed partial class MemberEngine : IDiscoveryHandler
{
    private readonly DiscoveryTarget[] _targets;
    private readonly BeaconSocket[] _beacons = [];
    private readonly Elsewhere _elsewhere;
    private Discoverer? _discoverer;

    /// <summary>Whoever waits for the push/pull that the core is being asked for.</summary>
    private TaskCompletionSource<bool>? _waitsForJoin;

    int IDiscoveryHandler.Members
    {
        get
        {
            lock (_gate)
            {
                return _core.Members.Live;
            }
        }
    }

    Beacon IDiscoveryHandler.Own
    {
        get
        {
            lock (_gate)
            {
                return new Beacon(_options.ClusterName, Name, _core.Self.Address, _core.Self.Incarnation);
            }
        }
    }

    bool IDiscoveryHandler.IsKnown(MemberAddress address)
    {
        lock (_gate)
        {
            return _core.Members.At(address) is { IsAlive: true } || _elsewhere.IsKnown(address, name => _core.Members.Find(name) is { IsAlive: true });
        }
    }

    async Task<bool> IDiscoveryHandler.JoinAsync(MemberAddress address, CancellationToken cancellationToken)
    {
        TaskCompletionSource<bool> joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (!_running)
            {
                return false;
            }

            _waitsForJoin = joined;
            _core.Join(Now, address);
            if (_waitsForJoin is not null)
            {
                // Nothing was begun: it is there already, or nobody can be reached at such an address.
                _waitsForJoin = null;
                joined.TrySetResult(_core.Members.At(address) is { IsAlive: true });
            }

            Finish();
        }

        return await joined.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>In the group, or at every address where this member listens: a name may stand for any of them.</summary>
    private BeaconSocket[] OpenBeacons()
    {
        if (_targets.FirstOrDefault(target => target.Kind != DiscoveryKind.Seed) is not { } target)
        {
            return [];
        }

        if (target.Kind == DiscoveryKind.MulticastBeacon)
        {
            MulticastPlace place = new(new IPEndPoint(IPAddress.Parse(target.Host), target.Port), InterfaceOf(_transport.LocalEndPoint.Address), _options.MulticastTimeToLive);
            return [BeaconSocket.OpenGroup(place, _logger)];
        }

        List<BeaconSocket> open = [];
        try
        {
            foreach (IPAddress address in EndPoints.Select(endPoint => endPoint.Address).Distinct())
            {
                open.Add(BeaconSocket.OpenAddress(new IPEndPoint(address, target.Port), _logger));
            }

            return [.. open];
        }
        catch
        {
            open.ForEach(socket => _ = socket.DisposeAsync().AsTask());
            throw;
        }
    }

    private void StartDiscovery()
    {
        if (_targets.Length > 0)
        {
            // The generator of the core belongs to its lock.
            _discoverer = new Discoverer(
                this,
                _targets.Where(target => target.Kind != DiscoveryKind.MulticastBeacon),
                _beacons,
                _envelope.Keyring,
                new SystemNameResolver(),
                _logger,
                _time,
                new Random());
        }
    }

    /// <summary>The number of the interface that has this address, so that the group is joined there; 0 where none is found.</summary>
    private static int InterfaceOf(IPAddress address)
    {
        foreach (NetworkInterface network in NetworkInterface.GetAllNetworkInterfaces())
        {
            IPInterfaceProperties properties = network.GetIPProperties();
            if (properties.UnicastAddresses.Any(unicast => unicast.Address.Equals(address)))
            {
                return address.AddressFamily == AddressFamily.InterNetwork
                    ? properties.GetIPv4Properties().Index
                    : properties.GetIPv6Properties().Index;
            }
        }

        return 0;
    }
}
