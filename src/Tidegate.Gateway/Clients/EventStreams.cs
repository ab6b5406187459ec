using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Tidegate.Engine.Emulation;
using Tidegate.Engine.Loops;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Services;
using Tidegate.Gateway.Services.Balancer;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// Clients that only receive, by a response that goes on: <c>EventSource</c> of browsers, and that of the old gateway's library
/// (docs/clients.md). A session belongs to the loop of the connection that it was opened on; the client may come back on any.
/// </summary>
internal sealed class EventStreams(EventStreamSessions sessions)
{
    // All who lose their gateway at once are not to come back at once.
    private const int ShortestRetry = 1_000, LongestRetry = 3_000;

    /// <summary>Answers a request that the rules for origins have let in.</summary>
    internal async Task HandleAsync(HttpContext http, Route route, EventStreamPath path, SessionRelay? relay)
    {
        HttpRequest request = http.Request;
        HttpResponse response = http.Response;
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            response.Headers.Allow = "GET, HEAD";
            await AnswerAsync(response, StatusCodes.Status405MethodNotAllowed, "Events are fetched with GET.").ConfigureAwait(false);
            return;
        }

        TellOrigin(http);
        EmulationQuery query = EmulationQuery.Read(request.QueryString.Value, path.Parameters);
        if (HttpMethods.IsHead(request.Method))
        {
            WriteHead(http, query);
            return;
        }

        var downstream = new Downstream(query.LongPolls, query.ReconnectAfter, query.LongPolls ? default : FirstBytes(query.Padding)) { NoopInterval = query.NoopInterval };
        EventStreamSession? session = await ResumeAsync(http, route, path, downstream).ConfigureAwait(false);
        if (session is null && path.Id.Length > 0)
        {
            await AnswerAsync(response, StatusCodes.Status404NotFound, "There is no such event stream.").ConfigureAwait(false);
            return;
        }

        session ??= await OpenAsync(http, route, downstream, relay).ConfigureAwait(false);
        if (session is not null)
        {
            WriteHead(http, query);
            await DownstreamWriter.RunAsync(http, session, downstream, query.LongPolls).ConfigureAwait(false);
        }
    }

    /// <summary>The session that a client comes back to, which has taken its response on; null where it is to have a new one.</summary>
    private async Task<EventStreamSession?> ResumeAsync(HttpContext http, Route route, EventStreamPath path, Downstream downstream)
    {
        HttpRequest request = http.Request;
        string? last = request.Headers["Last-Event-ID"] is { Count: > 0 } header ? header.ToString() : path.ParameterOf(".ka") ?? request.Query[".ka"].ToString();
        bool says = EventStreamPath.TryReadLastEvent(last, out string id, out long seen);
        if (path.Id.Length > 0 && id != path.Id)
        {
            (says, id) = (false, path.Id);
        }

        if (id.Length == 0 || sessions.Find(id, PlaceOf(request, path), CrossOrigin.ForeignOriginOf(http, route)) is not { } session)
        {
            return null;
        }

        await new LoopAwaiter(session.Loop);
        if (session.TryAttach(downstream, says ? seen : null))
        {
            return session;
        }

        // A client that comes back to an address can not be told in any other way that something is missing.
        return path.Id.Length > 0 && session.TryAttach(downstream, null) ? session : null;
    }

    private async Task<EventStreamSession?> OpenAsync(HttpContext http, Route route, Downstream downstream, SessionRelay? relay)
    {
        Service service = route.Service;
        HttpResponse response = http.Response;
        if (Emulation.IsUnsaidOrigin(http.Request))
        {
            await AnswerAsync(response, StatusCodes.Status403Forbidden, "A page of another origin fetches events by a request that says which.").ConfigureAwait(false);
            return null;
        }

        if (service.DirectionFor(http, route) is { } direction)
        {
            if (!await TryRelayAsync(http, relay, service.MembersFor(http, route)).ConfigureAwait(false))
            {
                await RedirectAsync(http, direction.Next(http)).ConfigureAwait(false);
            }

            return null;
        }

        if (service.Detour is { } detour && detour.DirectionFor(http, route) is { } elsewhere)
        {
            if (!await TryRelayAsync(http, relay, detour.MembersFor(route)).ConfigureAwait(false))
            {
                await RedirectAsync(http, elsewhere).ConfigureAwait(false);
            }

            return null;
        }

        IPAddress? address = http.Connection.RemoteIpAddress;
        string? whyNot = service.IsAccepting ? service.Bounds.TryReserve(address) : "What is behind this address can not be reached at the moment.";
        if (whyNot is not null)
        {
            response.Headers.RetryAfter = "1";
            await AnswerAsync(response, StatusCodes.Status503ServiceUnavailable, whyNot).ConfigureAwait(false);
            return null;
        }

        string id = EmulatedSessions.NewId();
        string acceptPath = route.Uri.Path;
        AcceptOptions accept = service.Configuration.AcceptOptions;
        var options = new EventStreamOptions
        {
            Location = EventStreamPath.LocationOf(acceptPath, id),
            Beginning = acceptPath,
            Retry = TimeSpan.FromMilliseconds(Random.Shared.Next(ShortestRetry, LongestRetry)),
            ReconnectTimeout = accept.Emulation.ReconnectTimeout,
            CloseTimeout = accept.CloseTimeout,
            MaximumGathered = accept.Emulation.MaximumGathered,
            MaximumPending = accept.Emulation.MaximumPending,
            Reached = service.Bounds.Reached,
        };
        EventLoop loop = http.Features.GetRequiredFeature<IDetachableConnection>().Loop;
        var remote = address is null ? null : new IPEndPoint(address, http.Connection.RemotePort);
        var entry = (Place: PlaceOf(http.Request, new EventStreamPath(acceptPath, id, "")), Origin: CrossOrigin.ForeignOriginOf(http, route));
        Identity? identity = http.Features.Get<Identity>();
        await new LoopAwaiter(loop);
        var session = new EventStreamSession(loop, id, options, remote, _ => sessions.Remove(id, service.Bounds.Quota, address));
        identity?.Hold(session);
        sessions.Add(id, new EventStreamEntry(session, entry.Place, entry.Origin));
        session.TryAttach(downstream, null);
        service.Begin(session);
        return session;
    }

    /// <summary>For a page that a redirect would not get there. One hop at most.</summary>
    private static async Task<bool> TryRelayAsync(HttpContext http, SessionRelay? relay, IEnumerable<BalanceCandidate> members) =>
        relay is not null && !MemberRelay.IsRelayed(http.Request) && !http.Request.Headers.ContainsKey(PageOrigin.Header) && SessionRelay.WouldLoseItsOrigin(http.Request)
        && await relay.TryForwardEventsAsync(http, members).ConfigureAwait(false);

    /// <summary>A page that was let in may read the answer, also where it comes from a balancer's address rather than by a constraint.</summary>
    private static void TellOrigin(HttpContext http)
    {
        if (http.Request.Headers.Origin is [{ } origin] && http.Response.Headers.AccessControlAllowOrigin.Count == 0)
        {
            http.Response.Headers.AccessControlAllowOrigin = origin;
            http.Response.Headers.AccessControlAllowCredentials = "true";
            http.Response.Headers.Append(HeaderNames.Vary, HeaderNames.Origin);
        }
    }

    private static void WriteHead(HttpContext http, EmulationQuery query)
    {
        HttpResponse response = http.Response;
        response.ContentType = query.ContentType ?? "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        response.Headers.XContentTypeOptions = "nosniff";

        // What else is known of responses that must not be held back on their way.
        response.Headers["X-Accel-Buffering"] = "no";
        if (!query.LongPolls && !HttpProtocol.IsHttp2(http.Request.Protocol))
        {
            response.Headers.Connection = "close";
        }
    }

    private static Task RedirectAsync(HttpContext http, string? uri)
    {
        HttpResponse response = http.Response;
        if (uri is null)
        {
            response.Headers.RetryAfter = "1";
            return AnswerAsync(response, StatusCodes.Status503ServiceUnavailable, "No service is available for this address at the moment.");
        }

        int colon = uri.IndexOf("://", StringComparison.Ordinal);
        response.StatusCode = StatusCodes.Status302Found;
        response.Headers.Location = (uri[..colon].EndsWith("+ssl", StringComparison.Ordinal) ? "https" : "http") + uri[colon..];
        response.Headers.CacheControl = "no-store";
        response.ContentLength = 0;
        return Task.CompletedTask;
    }

    /// <summary>A comment of so many bytes, for whatever holds back the first ones.</summary>
    private static byte[] FirstBytes(int padding)
    {
        if (padding == 0)
        {
            return [];
        }

        byte[] bytes = new byte[Math.Max(padding, 3)];
        bytes.AsSpan().Fill((byte)' ');
        bytes[0] = (byte)':';
        bytes[^2] = bytes[^1] = (byte)'\n';
        return bytes;
    }

    /// <summary>Where a session is opened, as the client calls it. It comes back to the same.</summary>
    private static string PlaceOf(HttpRequest request, EventStreamPath path) =>
        $"{request.Scheme}://{request.Host.Value!.ToLowerInvariant()}{path.AcceptPath}";

    private static Task AnswerAsync(HttpResponse response, int status, string words)
    {
        response.StatusCode = status;
        response.ContentType = "text/plain; charset=utf-8";
        response.Headers.XContentTypeOptions = "nosniff";
        response.ContentLength = words.Length + 1;
        return response.WriteAsync(words + "\n");
    }
}
