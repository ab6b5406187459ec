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
    private readonly Dictionary<IPEndPoint, (PortListener Listener, ServiceAddress First, ServiceConfiguration Service)> _byEndPoint = [];
    private readonly PipeListeners _pipes = new(pipes, server, logger);
    private readonly List<ServedAddress> _served = [];

    /// <summary>What is served, in the order of the configuration.</summary>
    internal IReadOnlyList<ServedAddress> Served => _served;

    /// <summary>Binds every accept of a service.</summary>
    /// <exception cref="GatewayStartException">One can not be bound.</exception>
    internal async Task BindAsync(Service service, CancellationToken cancellation)
    {
        foreach (ServiceAddress accept in service.Configuration.Accepts)
        {
            if (CarrierAddress.Check(accept, service.Configuration.AcceptOptions.Transports, service.Configuration).Host is PipeName pipe)
            {
                _served.Add(_pipes.Bind(service, accept, pipe));
                continue;
            }

            IPEndPoint[] endPoints = await PhysicalAddresses.ResolveAsync(service.Configuration, accept, cancellation).ConfigureAwait(false);
            PortListener? bound = null;
            var boundTo = new List<IPEndPoint>();
            SocketException? failure = null;
            foreach (IPEndPoint endPoint in endPoints)
            {
                try
                {
                    PortListener listener = Bind(service, accept, endPoint, bound);
                    bound ??= listener;
                    boundTo.Add(listener.EndPoint);
                }
                catch (SocketException exception) when (
                    endPoint.AddressFamily == AddressFamily.InterNetworkV6 && bound is not null
                    && exception.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
                {
                    // A name may stand for an IPv6 address on a machine that has none, and one of an interface may not be ready.
                    if (accept.Uri.Host is InterfaceName || service.Configuration.AcceptOptions.BindFor(accept.Uri.Scheme)?.Host is InterfaceName)
                    {
                        LogSkipped(endPoint.ToString(), accept.Uri.ToString());
                    }
                }
                catch (SocketException exception)
                {
                    failure = exception;
                    throw NotBound(service.Configuration, accept, endPoint, exception);
                }
            }

            if (bound is null)
            {
                throw NotBound(service.Configuration, accept, endPoints[0], failure ?? new SocketException((int)SocketError.AddressNotAvailable));
            }

            if (bound.Security.Tls is not null)
            {
                tls.WarnOfMismatch(accept);
            }

            int port = accept.Uri.Port == 0 ? bound.EndPoint.Port : accept.Uri.Port;
            bool isAsWritten = accept.Uri.Host is not InterfaceName && service.Configuration.AcceptOptions.BindFor(accept.Uri.Scheme) is null;
            _served.Add(new ServedAddress(accept.Uri, port, isAsWritten ? [] : [.. boundTo]));
        }
    }

    public void Dispose()
    {
        pipes.StopListening();
        foreach ((PortListener listener, _, _) in _byEndPoint.Values)
        {
            listener.Dispose();
        }
    }

    private PortListener Bind(Service service, ServiceAddress accept, IPEndPoint wanted, PortListener? sibling)
    {
        // Where any free port was asked for, all addresses of a name or an interface get the same one.
        IPEndPoint endPoint = wanted.Port == 0 && sibling is not null ? new IPEndPoint(wanted.Address, sibling.EndPoint.Port) : wanted;
        bool http = accept.Uri.Scheme.TakesPath;
        // Any free port: accepts of http and ws at one host share it, told apart by path; each tcp accept gets one of its own.
        bool own = !http && endPoint.Port == 0;
        if (!own && _byEndPoint.TryGetValue(endPoint, out var existing))
        {
            if (!http || !existing.Listener.IsHttp)
            {
                throw new GatewayStartException(
                    $"{accept.Position}: service \"{service.Configuration.Name}\": {endPoint} is taken already by {existing.First.Uri} " +
                    $"of service \"{existing.Service.Name}\" ({existing.First.Position}), and a {(http ? existing.First : accept).Uri.Scheme} accept can not share its port. Give one of the two another port.");
            }

            if (existing.Listener.Security.WhyNotShared(existing.First, accept, service.Configuration.AcceptOptions.Tls, endPoint.ToString()) is { } reason)
            {
                throw new GatewayStartException($"{accept.Position}: service \"{service.Configuration.Name}\": {reason}.");
            }
        }
        else
        {
            PortSecurity security = SecurityOf(accept, service.Configuration.AcceptOptions, http, sibling);
            PortListener listener = http
                ? PortListener.ForHttp(loops, endPoint, server, security, _logger)
                : PortListener.ForTcp(loops, endPoint, service, security, _logger);
            existing = (listener, accept, service.Configuration);
            _byEndPoint.Add(own ? listener.EndPoint : endPoint, existing);
        }

        if (http)
        {
            int port = accept.Uri.Port == 0 ? existing.Listener.EndPoint.Port : accept.Uri.Port;
            existing.Listener.Routes.Claim(service, accept, port, existing.Listener.EndPoint.ToString());
        }

        return existing.Listener;
    }

    private PortSecurity SecurityOf(ServiceAddress accept, AcceptOptions options, bool http, PortListener? sibling)
    {
        if (!accept.Uri.Scheme.UsesTls)
        {
            return PortSecurity.None;
        }

        if (!options.Tls.Encryption)
        {
            return new PortSecurity(null, options.Tls, IsSecure: true);
        }

        return sibling?.Security
            ?? new PortSecurity(tls.ForAccept(accept, options.Tls, http ? HttpServer.ApplicationProtocols(options.Http2) : []), options.Tls, IsSecure: true);
    }

    /// <summary>What is bound here for all addresses where this is one of them, or the other way round.</summary>
    private (PortListener Listener, ServiceAddress First, ServiceConfiguration Service)? Overlapping(IPEndPoint endPoint)
    {
        foreach ((PortListener Listener, ServiceAddress First, ServiceConfiguration Service) one in _byEndPoint.Values)
        {
            IPEndPoint other = one.Listener.EndPoint;
            if (other.Port == endPoint.Port && other.AddressFamily == endPoint.AddressFamily && (IsAny(other) || IsAny(endPoint)))
            {
                return one;
            }
        }

        return null;
    }

    private static bool IsAny(IPEndPoint endPoint) => endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{EndPoint} can not be bound for {Uri}: the address is not there, or not ready yet. The others are bound")]
    private partial void LogSkipped(string endPoint, string uri);

    private GatewayStartException NotBound(ServiceConfiguration service, ServiceAddress accept, IPEndPoint endPoint, SocketException exception)
    {
        string why = exception.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse when Overlapping(endPoint) is { } own =>
                $"{own.Listener.EndPoint} is bound for {own.First.Uri} of service \"{own.Service.Name}\" ({own.First.Position}), and a port of all addresses is not " +
                "bound again for one of them. Give one of the two another port, or bind both at the same address with tcp.bind.",
            SocketError.AddressAlreadyInUse => "Address already in use. Stop the process that listens there, or write another port.",
            SocketError.AccessDenied => "permission denied. Ports below 1024 need root or the capability CAP_NET_BIND_SERVICE; write a higher port, or bind one with tcp.bind.",
            SocketError.AddressNotAvailable => "no network interface of this machine has this address. Write one that it has, or 0.0.0.0 for all.",
            _ => exception.Message + ".",
        };
        return new GatewayStartException(
            $"{accept.Position}: service \"{service.Name}\": Unable to bind {accept.Uri} (at {endPoint}): {why}", exception);
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

    /// <summary>The URI with its real port, and where it is bound if that differs.</summary>
    public override string ToString()
    {
        string uri = Uri.Port == Port ? Uri.ToString() : $"{Uri.Scheme}://{Uri.Host}:{Port}{Uri.Path}";
        if (Pipe is not null)
        {
            return $"{uri} @ pipe://{Pipe}";
        }

        return BoundTo.IsEmpty ? uri : $"{uri} @ {string.Join(", ", BoundTo)}";
    }
}
