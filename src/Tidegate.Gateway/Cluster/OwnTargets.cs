using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Listening;
using Tidegate.Gateway.Services;
using Tidegate.Gateway.Services.Balancer;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// What the services of this gateway offer to balancers: the accepts of those that have a <c>balance</c>, from when they are bound until
/// before they are not, and only while the service can serve. Where something changes, all of it is told anew.
/// </summary>
internal sealed partial class OwnTargets : IDisposable
{
    // How old the number of sessions may be that balancers go by.
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(500);
    private readonly Lock _gate = new();
    private readonly ImmutableArray<BoundAccept> _bound;
    private readonly ImmutableArray<Service> _services;
    private readonly IPAddress _address;
    private readonly string _member;
    private readonly Action<ImmutableArray<BalanceTarget>> _tell;
    private readonly ILogger _logger;
    private readonly HashSet<Service> _offered = [];
    private readonly ITimer _timer;
    private string _told = "";
    private bool _stopped;

    /// <param name="bound">What is bound.</param>
    /// <param name="address">Where others reach this machine, for accepts that are bound at all addresses.</param>
    /// <param name="member">What this gateway is called in the log.</param>
    /// <param name="tell">Told of all targets: now, and where they have changed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes what is offered and what no more.</param>
    /// <exception cref="GatewayStartException">There are more than a record holds.</exception>
    internal OwnTargets(
        IEnumerable<BoundAccept> bound, IPAddress address, string member, Action<ImmutableArray<BalanceTarget>> tell, TimeProvider time, ILogger logger)
    {
        // A pipe is for this gateway's own services, whoever balances; and no balancer leads to a balancer.
        _bound = [.. bound.Where(one => !one.Service.Configuration.Balances.IsEmpty && one.Service is not BalancerService && one.Accept.Uri.Scheme.TakesPort)];
        _services = [.. _bound.Select(one => one.Service).Distinct()];
        _address = address;
        _member = member;
        _tell = tell;
        _logger = logger;
        int bytes = BalanceRecord.Write([.. _bound.Select(one => TargetOf(one, int.MaxValue))]).Length;
        if (bytes > BalanceRecord.MaximumTargetBytes)
        {
            throw new GatewayStartException(
                $"{_bound[0].Service.Configuration.Position}: what this gateway's services offer to balancers takes {bytes} bytes in all, and a member can tell {BalanceRecord.MaximumTargetBytes}. " +
                "Give fewer services a <balance>, or split them between gateways.");
        }

        foreach (Service service in _services)
        {
            service.AcceptingChanged += OnAcceptingChanged;
        }

        _timer = time.CreateTimer(_ => Tell(), null, _services.IsEmpty ? Timeout.InfiniteTimeSpan : s_interval, s_interval);
        Tell();
    }

    /// <summary>Withdraws everything, for good.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        foreach (Service service in _services)
        {
            service.AcceptingChanged -= OnAcceptingChanged;
        }

        lock (_gate)
        {
            if (!_stopped)
            {
                _stopped = true;
                Offer([]);
            }
        }
    }

    private void OnAcceptingChanged(Service service) => Tell();

    private void Tell()
    {
        lock (_gate)
        {
            if (!_stopped)
            {
                Offer([.. _services.Where(service => service.IsAccepting)]);
            }
        }
    }

    private void Offer(ImmutableArray<Service> services)
    {
        string state = string.Join(' ', services.Select(service => $"{_services.IndexOf(service)}:{service.Sessions}"));
        if (state == _told)
        {
            return;
        }

        _told = state;
        _tell([.. _bound.Where(one => services.Contains(one.Service)).Select(one => TargetOf(one, one.Service.Sessions))]);
        foreach (Service service in _services)
        {
            bool isOffered = services.Contains(service);
            if (isOffered ? !_offered.Add(service) : !_offered.Remove(service))
            {
                continue;
            }

            // Once for each balancer, as ever.
            foreach (ServiceAddress _ in service.Configuration.Balances)
            {
                if (isOffered)
                {
                    LogBound(_member, service.Configuration.Type);
                }
                else
                {
                    LogUnbound(_member, service.Configuration.Type);
                }
            }
        }
    }

    private BalanceTarget TargetOf(BoundAccept bound, int sessions)
    {
        GatewayUri uri = bound.Accept.Uri;
        UriHost host = uri.Host switch
        {
            AnyHost => new HostAddress(_address),
            HostAddress { Address: var any } when ClusterAddresses.IsAny(any) => new HostAddress(_address),
            InterfaceName => new HostAddress(ClusterAddresses.Preferred(bound.At.Select(at => at.Address))),
            var written => written,
        };
        return new BalanceTarget
        {
            Uri = new GatewayUri(uri.Scheme, host, bound.Port, uri.PortWritten || bound.Port != uri.Port, uri.Path, ""),
            Balances = [.. bound.Service.Configuration.Balances.Select(balance => BalanceTarget.KeyOf(balance.Uri)).Distinct(StringComparer.Ordinal)],
            // A link-local address means something only together with an interface of whoever uses it.
            At = [.. bound.At.Where(at => !at.Address.IsIPv6LinkLocal)
                .Select(at => ClusterAddresses.IsAny(at.Address) ? new IPEndPoint(_address, at.Port) : at).Distinct()],
            IsEncrypted = bound.IsEncrypted,
            Sessions = sessions,
        };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Cluster member {Member}: service {Service} bound")]
    private partial void LogBound(string member, string service);

    [LoggerMessage(Level = LogLevel.Information, Message = "Cluster member {Member}: service {Service} unbound")]
    private partial void LogUnbound(string member, string service);
}
