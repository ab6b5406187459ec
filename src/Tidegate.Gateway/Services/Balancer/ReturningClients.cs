using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Tidegate.Gateway.Services.Balancer;

/// <summary>
/// Clients that another member had relayed here and whose sessions a drain has closed. Those that try the addresses of all members in turn may
/// come to this one next: relayed from here, they would be closed once more when this gateway ends. So for each of them one client from the same address is
/// turned away with 503 and tries the next member; who comes again nevertheless knows no other address, and is relayed. Safe to use from any thread.
/// </summary>
internal sealed class ReturningClients
{
    // As many as there were sessions, at most.
    private readonly ConcurrentDictionary<IPAddress, int> _expected = new();

    /// <summary>A session of a client at this address is about to be closed.</summary>
    internal void Expect(IPAddress address) => _expected.AddOrUpdate(Plain(address), 1, static (_, count) => count + 1);

    /// <summary>Answers a handshake with 503 where it may be that of such a client. There must be another member that takes it.</summary>
    internal async ValueTask<bool> TurnAwayAsync(HttpContext http)
    {
        if (http.Connection.RemoteIpAddress is not { } address || !TryTake(Plain(address)))
        {
            return false;
        }

        http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        http.Response.Headers[HeaderNames.RetryAfter] = "0";
        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync("This gateway is about to be stopped. Other members of its cluster serve this address.\n").ConfigureAwait(false);
        return true;
    }

    private bool TryTake(IPAddress address)
    {
        while (_expected.TryGetValue(address, out int count))
        {
            if (count > 1 ? _expected.TryUpdate(address, count - 1, count) : _expected.TryRemove(KeyValuePair.Create(address, count)))
            {
                return true;
            }
        }

        return false;
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
