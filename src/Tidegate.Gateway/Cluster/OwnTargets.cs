using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
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
    /// <summary>How often is looked whether there is something to tell.</summary>
    internal static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    // How old a number may be that balancers go by. One that has changed much is told earlier: while clients come in thousands a second, a
    // balancer that goes by what was half a second ago sends many of them wrong.
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(500);
    private const int Many = 20;
    private const double MuchOfAll = 0.1;
    private readonly Lock _gate = new();
    private readonly ImmutableArray<BoundAccept> _bound;
    private readonly ImmutableArray<Service> _services;
    private readonly IPAddress _address;
    private readonly string _member;
    private readonly Action<ImmutableArray<BalanceTarget>> _tell;
    private readonly ILogger _logger;
    private readonly HashSet<Service> _offered = [];
    private readonly string _salt = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
    private readonly ITimer _timer;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly int[] _sessionsTold;
    private long _toldAt;
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
        _time = time;
        _began = _toldAt = time.GetTimestamp();
        _sessionsTold = new int[_services.Length];
        _member = member;
        _tell = tell;
        _logger = logger;
        ImmutableArray<BalanceTarget> all = [.. _bound.Select(one => TargetOf(one, int.MaxValue, long.MaxValue))];
        int bytes = BalanceRecord.Write(all).Length;
        if (bytes > BalanceRecord.MaximumTargetBytes)
        {
            throw new GatewayStartException(
                $"{_bound[0].Service.Configuration.Position}: what this gateway's services offer to balancers takes {bytes} bytes in all, and a member can tell {BalanceRecord.MaximumTargetBytes}. " +
                "Give fewer services a <balance>, or split them between gateways.");
        }

        if (all.Sum(BalanceRecord.ShownLength) is > BalanceRecord.MaximumShownLength and var shown)
        {
            throw new GatewayStartException(
                $"{_bound[0].Service.Configuration.Position}: the accepts of this gateway's services, each with all that are in its <balance>, take {shown} characters, and other members read {BalanceRecord.MaximumShownLength}. " +
                "Give fewer services a <balance>, or shorter addresses.");
        }

        foreach (Service service in _services)
        {
            service.AcceptingChanged += OnAcceptingChanged;
        }

        _timer = time.CreateTimer(_ => Look(), null, _services.IsEmpty ? Timeout.InfiniteTimeSpan : LookInterval, LookInterval);
        Tell();
    }

    /// <summary>Whether it is time to tell the number of sessions of a service.</summary>
    /// <param name="told">What was told last.</param>
    /// <param name="now">What it is.</param>
    /// <param name="since">How long ago that was told.</param>
    internal static bool IsDue(int told, int now, TimeSpan since) => since >= s_interval || Math.Abs((long)now - told) >= Math.Max(Many, MuchOfAll * told);

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

    private void Look()
    {
        lock (_gate)
        {
            TimeSpan since = _time.GetElapsedTime(_toldAt);
            bool isDue = false;
            for (int i = 0; i < _services.Length; i++)
            {
                isDue |= IsDue(_sessionsTold[i], _services[i].Sessions, since);
            }

            if (isDue)
            {
                Tell();
            }
        }
    }

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
        string state = string.Join(' ', services.Select(service => $"{_services.IndexOf(service)}:{service.Sessions}:{service.Begun}"));
        if (state == _told)
        {
            return;
        }

        _told = state;
        _toldAt = _time.GetTimestamp();
        for (int i = 0; i < _services.Length; i++)
        {
            _sessionsTold[i] = _services[i].Sessions;
        }

        _tell([.. _bound.Where(one => services.Contains(one.Service)).Select(one => TargetOf(one, one.Service.Sessions, one.Service.Begun))]);
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

    private BalanceTarget TargetOf(BoundAccept bound, int sessions, long begun)
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
            Begun = begun,
            Weight = bound.Service.Configuration.AcceptOptions.BalanceWeight,
            Salt = _salt,
            SaidAt = _time.GetElapsedTime(_began),
        };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Cluster member {Member}: service {Service} bound")]
    private partial void LogBound(string member, string service);

    [LoggerMessage(Level = LogLevel.Information, Message = "Cluster member {Member}: service {Service} unbound")]
    private partial void LogUnbound(string member, string service);
}
