using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Http;

/// <summary>Who the client of a request really is, where a balancer of the cluster relays it and proves so.</summary>
internal sealed partial class RelayedClient(ClientProof proof, TimeProvider time, ILogger logger)
{
    /// <summary>The header in which a balancer says so.</summary>
    internal const string Header = "Tidegate-Client";

    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(10);
    private readonly Lock _gate = new();
    private long? _told;

    /// <summary>
    /// Takes the header away, so that nobody behind this gateway sees what a client may have made up, and has the request come from the
    /// client if it can be believed.
    /// </summary>
    internal void Establish(HttpContext http)
    {
        if (!http.Request.Headers.Remove(Header, out Microsoft.Extensions.Primitives.StringValues values))
        {
            return;
        }

        string target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        IPAddress? peer = http.Connection.RemoteIpAddress;
        string fault = "it stands there twice";
        if (values is [{ } value] && proof.TryBelieve(value, http.Request.Headers.Host.ToString(), target, out IPEndPoint? client, out fault!))
        {
            http.Connection.RemoteIpAddress = client.Address;
            http.Connection.RemotePort = client.Port;
            http.Features.Set(new EstablishedClient(client));
            LogEstablished(client, peer);
        }
        else if (MayTell())
        {
            LogNotBelieved(peer, fault);
        }
    }

    private bool MayTell()
    {
        lock (_gate)
        {
            if (_told is { } told && time.GetElapsedTime(told) < s_quiet)
            {
                return false;
            }

            _told = time.GetTimestamp();
            return true;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Client {Client} comes by the balancer at {Peer}")]
    private partial void LogEstablished(IPEndPoint client, IPAddress? peer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The " + Header + " header of a request from {Peer} is not believed: {Fault}. The client is taken to be at that address")]
    private partial void LogNotBelieved(IPAddress? peer, string fault);
}

/// <summary>The client that a balancer relays, where that was proved.</summary>
/// <param name="EndPoint">Its address and port, as the balancer sees it.</param>
internal sealed record EstablishedClient(IPEndPoint EndPoint);
