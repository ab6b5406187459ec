using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tidegate.Engine;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Services;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway.Listening;

/// <summary>All listeners of a gateway: binds the accepts of its services, sharing what can be shared.</summary>
internal sealed partial class Listeners(EventLoops loops, HttpServer server, GatewayTls tls, PipeBoard pipes, ILogger logger) : IDisposable
{
    private readonly ILogger _logger = logger;
    private readonly Dictionary<IPEndPoint, (PortListener Listener, Binding First)> _byEndPoint = [];
    private readonly Dictionary<string, (TunnelEntrance Entrance, Binding First)> _tunnels = [];
    private readonly PipeListeners _pipes = new(pipes);
    private readonly List<ServedAddress> _served = [];
    private readonly List<BoundAccept> _bound = [];

    /// <summary>What is served, in the order of the configuration.</summary>
    internal IReadOnlyList<ServedAddress> Served => _served;

    /// <summary>The same accepts with their services and their sockets, but for those that are not for clients.</summary>
    internal IEnumerable<BoundAccept> Bound => _bound.Where(bound => !bound.Accept.IsForFeeds);

    /// <summary>The sockets where HTTP is spoken, and what is served there.</summary>
    internal IEnumerable<(IPEndPoint At, RouteTable Routes, bool IsEncrypted)> HttpSockets =>
        from bound in _byEndPoint.Values
        where bound.Listener.Reception.IsHttp
        select (bound.Listener.EndPoint, bound.Listener.Reception.Routes, bound.Listener.Reception.Security.Tls is not null);

    /// <summary>Binds every accept of a service.</summary>
    /// <exception cref="GatewayStartException">One can not be bound, or several: all are named.</exception>
    internal Task BindAsync(Service service, CancellationToken cancellation) =>
        GatewayStartException.ForAllAsync(service.Configuration.Accepts, accept => BindAsync(service.EntranceFor(accept), accept, cancellation));

    public void Dispose()
    {
        pipes.StopListening();
        foreach ((PortListener listener, _) in _byEndPoint.Values)
        {
            listener.Dispose();
        }
    }

    private async Task BindAsync(Service service, ServiceAddress accept, CancellationToken cancellation)
    {
        Carriage carriage = Carriage.Check(accept, service.Configuration.AcceptOptions.Transports, service.Configuration);
        var binding = new Binding(service, accept, carriage.Tls);
        Binding outer = carriage.Tunnel is null ? binding : Enter(binding, carriage);
        if (carriage.Place.Host is PipeName pipe)
        {
            _pipes.Bind(outer, pipe, place => Receive(outer, PortSecurity.For(outer, tls), place));
            WarnOfMismatch(accept, carriage, service.Configuration);
            int port = binding.PortAt(accept.Uri.Scheme.DefaultPort ?? 0);
            _served.Add(new ServedAddress(accept.Uri, port, []) { Pipe = accept.Uri == carriage.Place ? null : pipe, Tunnel = carriage.Tunnel });
            _bound.Add(new BoundAccept(service, accept, port, []));
            return;
        }

        IPEndPoint[] endPoints = await PhysicalAddresses.ResolveAsync(service.Configuration, accept, cancellation).ConfigureAwait(false);
        bool isInterface = service.Configuration.AcceptOptions.PlaceOf(accept.Uri).Host is InterfaceName;
        ImmutableArray<PortListener> bound = BindAll(outer, endPoints, isInterface);
        WarnOfMismatch(accept, carriage, service.Configuration);
        bool isAsWritten = accept.Uri.Host is not InterfaceName && carriage.IsDirect && service.Configuration.AcceptOptions.BindFor(accept.Uri.Scheme) is null;
        _served.Add(new ServedAddress(accept.Uri, binding.PortAt(bound[0].EndPoint.Port), isAsWritten ? [] : [.. bound.Select(one => one.EndPoint)])
        {
            Tunnel = carriage.Tunnel,
        });

        // What is in a tunnel is not spoken at its port.
        _bound.Add(new BoundAccept(
            service, accept, binding.PortAt(bound[0].EndPoint.Port), carriage.Tunnel is null ? [.. bound.Select(one => one.EndPoint)] : [])
        {
            IsEncrypted = carriage.Tls is not null && service.Configuration.AcceptOptions.Tls.Encryption,
        });
    }

    private void WarnOfMismatch(ServiceAddress accept, Carriage carriage, ServiceConfiguration service)
    {
        foreach (ServiceAddress layer in service.AcceptOptions.Tls.Encryption ? carriage.TlsLayersOf(accept) : [])
        {
            tls.WarnOfMismatch(layer);
        }
    }

    private Reception Receive(Binding binding, PortSecurity security, string place) => binding.IsHttp
        ? Reception.ForHttp(server, security, place, _logger)
        : Reception.ForStreams(binding.Service, security, place, _logger);

    /// <summary>The tunnel that an accept is reached through, as something to bind itself. Those of http and ws may share one.</summary>
    private Binding Enter(Binding binding, Carriage carriage)
    {
        GatewayUri tunnel = carriage.Tunnel!;
        string key = $"{carriage.Place.Authority} {tunnel.Authority}{tunnel.Path}";
        if (!_tunnels.TryGetValue(key, out (TunnelEntrance Entrance, Binding First) existing))
        {
            existing = (new TunnelEntrance(binding.Service, Receive(binding, PortSecurity.For(binding, tls), tunnel.ToString())), binding);
            _tunnels.Add(key, existing);
        }
        else
        {
            PlaceSharing.Check(existing.First, existing.Entrance.Inside.Security, binding, tunnel.ToString(), PlaceKind.Tunnel);
        }

        if (binding.IsHttp)
        {
            existing.Entrance.Inside.Routes.Claim(binding.Service, binding.Accept, binding.PortAt(binding.Accept.Uri.Scheme.DefaultPort ?? 0), tunnel.ToString());
        }

        return new Binding(existing.Entrance, binding.Accept with { Uri = tunnel }, carriage.TunnelTls);
    }

    private ImmutableArray<PortListener> BindAll(Binding binding, IPEndPoint[] endPoints, bool isInterface)
    {
        var bound = new List<PortListener>();
        foreach (IPEndPoint endPoint in endPoints)
        {
            try
            {
                bound.Add(Bind(binding, endPoint, bound.FirstOrDefault()));
            }
            catch (SocketException exception) when (
                endPoint.AddressFamily == AddressFamily.InterNetworkV6 && bound.Count > 0
                && exception.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
            {
                // A name may stand for an IPv6 address on a machine that has none, and one of an interface may not be ready.
                if (isInterface)
                {
                    LogSkipped(endPoint.ToString(), binding.Accept.Uri.ToString());
                }
            }
            catch (SocketException exception)
            {
                throw NotBound(binding, endPoint, exception);
            }
        }

        return bound.Count > 0 ? [.. bound] : throw NotBound(binding, endPoints[0], new SocketException((int)SocketError.AddressNotAvailable));
    }

    private PortListener Bind(Binding binding, IPEndPoint wanted, PortListener? sibling)
    {
        // Where any free port was asked for, all addresses of a name or an interface get the same one.
        IPEndPoint endPoint = wanted.Port == 0 && sibling is not null ? new IPEndPoint(wanted.Address, sibling.EndPoint.Port) : wanted;
        ServiceAddress accept = binding.Accept;
        // Any free port: accepts of http and ws at one host share it, told apart by path; each tcp accept gets one of its own.
        bool own = !binding.IsHttp && endPoint.Port == 0;
        if (!own && _byEndPoint.TryGetValue(endPoint, out (PortListener Listener, Binding First) existing))
        {
            PlaceSharing.Check(existing.First, existing.Listener.Reception.Security, binding, endPoint.ToString(), PlaceKind.Port);
        }
        else
        {
            PortSecurity security = sibling?.Reception.Security ?? PortSecurity.For(binding, tls);
            var listener = new PortListener(
                loops, endPoint, Receive(binding, security, endPoint.ToString()), binding.IsHttp ? null : binding.Service, _logger);
            existing = (listener, binding);
            _byEndPoint.Add(own ? listener.EndPoint : endPoint, existing);
        }

        if (binding.IsHttp)
        {
            IPEndPoint at = existing.Listener.EndPoint;
            existing.Listener.Reception.Routes.Claim(binding.Service, accept, binding.PortAt(at.Port), at.ToString());
        }

        return existing.Listener;
    }

    /// <summary>What is bound here for all addresses where this is one of them, or the other way round.</summary>
    private (PortListener Listener, Binding First)? Overlapping(IPEndPoint endPoint)
    {
        foreach ((PortListener Listener, Binding First) one in _byEndPoint.Values)
        {
            if (PlaceSharing.Overlaps(one.Listener.EndPoint, endPoint))
            {
                return one;
            }
        }

        return null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{EndPoint} can not be bound for {Uri}: the address is not there, or not ready yet. The others are bound")]
    private partial void LogSkipped(string endPoint, string uri);

    private GatewayStartException NotBound(Binding binding, IPEndPoint endPoint, SocketException exception)
    {
        if (exception.SocketErrorCode == SocketError.AddressAlreadyInUse && Overlapping(endPoint) is { } own)
        {
            return PlaceSharing.Overlap(binding, endPoint, own.First, own.Listener.EndPoint, exception);
        }

        ServiceAddress accept = binding.Accept;
        (string why, string cure) = exception.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => ("Address already in use.", "Stop the process that listens there, or write another port."),
            SocketError.AccessDenied => (
                "permission denied.", "Ports below 1024 need root or the capability CAP_NET_BIND_SERVICE; write a higher port, or bind one with tcp.bind."),
            SocketError.AddressNotAvailable => ("no network interface of this machine has this address.", "Write one that it has, or 0.0.0.0 for all."),
            _ => (exception.Message + ".", ""),
        };
        return new GatewayStartException(accept.Position, binding.Configuration, $"Unable to bind {accept.Uri} (at {endPoint}): {why}", cure, exception);
    }
}

/// <summary>An accept that is being served.</summary>
/// <param name="Uri">The accept as configured.</param>
/// <param name="Port">Its port, or the real one where any free port was asked for.</param>
/// <param name="BoundTo">Where it is bound, if that is not what the URI says; empty otherwise.</param>
public sealed record ServedAddress(GatewayUri Uri, int Port, ImmutableArray<IPEndPoint> BoundTo)
{
    /// <summary>The pipe of the gateway that it is at instead; null for sockets, and for an accept that names the pipe itself.</summary>
    public PipeName? Pipe { get; init; }

    /// <summary>The WebSocket that it is reached through, or null.</summary>
    public GatewayUri? Tunnel { get; init; }

    /// <summary>The URI with its real port, and where it is bound if that differs.</summary>
    public override string ToString()
    {
        string uri = Uri.Port == Port ? Uri.ToString() : $"{Uri.Scheme}://{Uri.Host}:{Port}{Uri.Path}";
        if (Tunnel is not null)
        {
            uri += $" in {Tunnel}";
        }

        if (Pipe is not null)
        {
            return $"{uri} @ pipe://{Pipe}";
        }

        return BoundTo.IsEmpty ? uri : $"{uri} @ {string.Join(", ", BoundTo)}";
    }
}
