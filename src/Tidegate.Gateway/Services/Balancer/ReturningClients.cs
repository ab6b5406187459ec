using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Tidegate.Gateway.Services.Balancer;

/// <summary>
/// Clients that another member had relayed here and whose sessions a drain has closed. Those that try the addresses of all members in turn may
/// come to this one next: relayed from here, they would be closed once more when this gateway ends. So for each of them one client from the same address is
/// turned away with 503 and tries the next member; who comes again after a moment knows no other address, and is relayed. Safe to use from any thread.
/// </summary>
/// <param name="time">Tells how long ago a session was closed.</param>
internal sealed class ReturningClients(TimeProvider time)
{
    /// <summary>How many clients are turned away at most for each session that was closed.</summary>
    internal const int MaximumForEach = 8;

    /// <summary>
    /// How long more than one is; <c>Retry-After</c> says the same. Newcomers from the same address, as behind a network's common one, can not be told
    /// from who comes back, and must not take its turn: most clients come back at once.
    /// </summary>
    internal static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    // As many as there were sessions, at most.
    private readonly ConcurrentDictionary<IPAddress, Expected> _expected = new();

    /// <summary>A session of a client at this address is about to be closed.</summary>
    internal void Expect(IPAddress address)
    {
        long now = time.GetTimestamp();
        _expected.AddOrUpdate(
            Plain(address),
            static (_, at) => new Expected(1, MaximumForEach - 1, at.Now),
            static (_, known, at) => new Expected(known.Count + 1, (at.Self.IsFresh(known) ? known.Spare : 0) + MaximumForEach - 1, at.Now),
            (Self: this, Now: now));
    }

    /// <summary>Answers a handshake with 503 where it may be that of such a client. There must be another member that takes it.</summary>
    internal async ValueTask<bool> TurnAwayAsync(HttpContext http)
    {
        if (http.Connection.RemoteIpAddress is not { } address || !TryTake(Plain(address)))
        {
            return false;
        }

        http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        http.Response.Headers[HeaderNames.RetryAfter] = "1";
        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync("This gateway is about to be stopped. Other members of its cluster serve this address.\n").ConfigureAwait(false);
        return true;
    }

    private bool TryTake(IPAddress address)
    {
        while (_expected.TryGetValue(address, out Expected known))
        {
            if (known.Count == 0 && !(known.Spare > 0 && IsFresh(known)))
            {
                return false;
            }

            // Those who are owed it first: who comes again after the moment is to be relayed.
            Expected left = known.Count > 0 ? known with { Count = known.Count - 1 } : known with { Spare = known.Spare - 1 };
            if (_expected.TryUpdate(address, left, known))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsFresh(Expected known) => time.GetElapsedTime(known.Closed) < Moment;

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>What is expected of an address.</summary>
    /// <param name="Count">How many may come back, whenever that is.</param>
    /// <param name="Spare">How many more are turned away for the moment.</param>
    /// <param name="Closed">When the last session was closed, by the clock's own count.</param>
    private readonly record struct Expected(int Count, int Spare, long Closed);
}
