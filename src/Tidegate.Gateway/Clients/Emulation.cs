using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tidegate.Engine.Emulation;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// WebSockets emulated by plain HTTP requests, for clients in networks that let no others through (docs/clients.md). A session belongs to
/// the loop of the connection that it was opened on; its requests may come on any.
/// </summary>
internal sealed partial class Emulation(EmulatedSessions sessions)
{
    private const string Version = "wseb-1.0";
    private const string SequenceHeader = "X-Sequence-No";

    // What clients of the emulation send, and no page has a browser send across origins without asking the gateway first (the Fetch standard, section 4.8).
    private static readonly string[] s_unforgeable =
        ["X-WebSocket-Version", "X-Accept-Commands", SequenceHeader, "X-WebSocket-Protocol", "X-WebSocket-Extensions", PageOrigin.Header];

    /// <summary>Answers a request that the rules for origins have let in.</summary>
    internal Task HandleAsync(HttpContext http, Route route, EmulationPath path) => path.Use switch
    {
        EmulationUse.Create => CreateAsync(http, route, path),
        EmulationUse.Upstream => UpstreamAsync(http, route, path),
        _ => DownstreamAsync(http, route, path),
    };

    private async Task CreateAsync(HttpContext http, Route route, EmulationPath path)
    {
        HttpRequest request = http.Request;
        Service service = route.Service;
        if (IsUnsaidOrigin(request))
        {
            await AnswerAsync(http.Response, StatusCodes.Status403Forbidden, "A page of another origin opens an emulated WebSocket by a request that says which.").ConfigureAwait(false);
            return;
        }

        if (FaultOf(request, service.Configuration.AcceptOptions.Emulation.Specification) is { } fault)
        {
            await AnswerAsync(http.Response, StatusCodes.Status400BadRequest, fault).ConfigureAwait(false);
            return;
        }

        if (service.DirectionFor(http, route) is { } direction)
        {
            await RedirectAsync(http, path, direction.Next(http)).ConfigureAwait(false);
            return;
        }

        if (service.Detour?.DirectionFor(http, route) is { } elsewhere)
        {
            await RedirectAsync(http, path, elsewhere).ConfigureAwait(false);
            return;
        }

        if (request.Headers.Origin.Count == 0 && !s_unforgeable.Any(request.Headers.ContainsKey))
        {
            const string Missing = $"An emulated WebSocket is opened with the header X-WebSocket-Version: {Version}. By it is known that no page of another origin has a browser do it.";
            await AnswerAsync(http.Response, StatusCodes.Status400BadRequest, Missing).ConfigureAwait(false);
            return;
        }

        System.Net.IPAddress? address = http.Connection.RemoteIpAddress;
        if (service.Bounds.TryReserve(address) is { } whyNot)
        {
            http.Response.Headers.RetryAfter = "1";
            await AnswerAsync(http.Response, StatusCodes.Status503ServiceUnavailable, whyNot).ConfigureAwait(false);
            return;
        }

        string id = EmulatedSessions.NewId() + http.Features.GetRequiredFeature<IDetachableConnection>().Routes.SessionTag;
        AcceptOptions accept = service.Configuration.AcceptOptions;
        string? subprotocol = WebSocketHandshake.SelectSubprotocol(accept.Subprotocols, request.Headers["X-WebSocket-Protocol"]);
        var options = new EmulationOptions
        {
            Encoding = path.Encoding,
            TellsText = path.TellsText,
            AnswersPings = request.Headers.ContainsKey("X-Accept-Commands"),
            MaximumMessageSize = accept.MaximumMessageSize,
            InactivityTimeout = accept.InactivityTimeout,
            IdleTimeout = accept.Emulation.IdleTimeoutBeside(accept.InactivityTimeout),
            DownstreamTimeout = accept.Emulation.ReconnectTimeout,
            CloseTimeout = accept.CloseTimeout,
            MaximumGathered = accept.Emulation.MaximumGathered,
            MaximumPending = accept.Emulation.MaximumPending,
            Reached = service.Bounds.Reached,
            FirstSequence = EmulationQuery.TryReadSequence(request.Headers[SequenceHeader], out long first) ? first : null,
        };
        var connection = http.Features.GetRequiredFeature<IDetachableConnection>();
        var remote = address is null ? null : new System.Net.IPEndPoint(address, http.Connection.RemotePort);
        string place = PlaceOf(request, path);
        string origin = CrossOrigin.ForeignOriginOf(http, route);
        Identity? identity = http.Features.Get<Identity>();
        await new LoopAwaiter(connection.Loop);
        var session = new EmulatedSession(connection.Loop, options, subprotocol, remote, _ => sessions.Remove(id, service.Bounds.Quota, address));
        identity?.Hold(session);
        sessions.Add(id, new EmulatedEntry(session, place, origin));
        service.Begin(session);

        HttpResponse response = http.Response;
        response.StatusCode = StatusCodes.Status201Created;
        response.ContentType = "text/plain;charset=UTF-8";
        response.Headers.CacheControl = "no-cache";
        response.Headers.XContentTypeOptions = "nosniff";
        if (subprotocol is not null)
        {
            response.Headers["X-WebSocket-Protocol"] = subprotocol;
        }

        string query = EmulationQuery.Kept(request.QueryString.Value);
        string text = $"{place}{EmulationPath.Mark}u{path.Suffix}/{id}{query}\n{place}{EmulationPath.Mark}d{path.Suffix}/{id}{query}\n";
        response.ContentLength = text.Length;
        await response.WriteAsync(text).ConfigureAwait(false);
    }

    /// <summary>
    /// An image or a link in a page of another origin opens with GET and says no origin that the rules could be asked about. The page would
    /// not see the answer, but each such request would be a session.
    /// </summary>
    internal static bool IsUnsaidOrigin(HttpRequest request) =>
        request.Headers.Origin.Count == 0 && request.Headers.TryGetValue("Sec-Fetch-Site", out var site) && site is not ["same-origin" or "none"];

    /// <summary>What is wrong with a request that opens a session, in words for its sender; null where nothing is.</summary>
    private static string? FaultOf(HttpRequest request, bool strict)
    {
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsPost(request.Method))
        {
            return "An emulated WebSocket is opened with GET or POST.";
        }

        IHeaderDictionary headers = request.Headers;
        if (strict && !headers.ContainsKey("X-WebSocket-Version"))
        {
            return "X-WebSocket-Version header missing";
        }

        if (strict && !headers.ContainsKey(SequenceHeader))
        {
            return $"{SequenceHeader} header missing or invalid";
        }

        if (headers.TryGetValue("X-WebSocket-Version", out var version) && version != Version)
        {
            return $"The version of the emulation that is spoken here is {Version}.";
        }

        if (headers.TryGetValue("X-Accept-Commands", out var commands) && commands != "ping")
        {
            return "X-Accept-Commands can only be ping.";
        }

        return headers.TryGetValue(SequenceHeader, out var sequence) && !EmulationQuery.TryReadSequence(sequence, out _)
            ? $"{SequenceHeader} is not a number from 0 to 9007199254740991."
            : null;
    }

    /// <summary>Sends the client to a member; the request for a session is the same there.</summary>
    private static Task RedirectAsync(HttpContext http, EmulationPath path, string? uri)
    {
        if (uri is null)
        {
            http.Response.Headers.RetryAfter = "1";
            return AnswerAsync(http.Response, StatusCodes.Status503ServiceUnavailable, "No service is available for this address at the moment.");
        }

        int query = uri.IndexOf('?', StringComparison.Ordinal);
        string target = "http" + (query < 0 ? uri : uri[..query])["ws".Length..];
        http.Response.StatusCode = StatusCodes.Status302Found;
        http.Response.Headers.Location = $"{target.TrimEnd('/')}{EmulationPath.Mark}c{path.Suffix}{(query < 0 ? "" : uri[query..])}";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.ContentLength = 0;
        return Task.CompletedTask;
    }

    /// <summary>Where a session is opened, as the client calls it. Its later requests go to the same.</summary>
    private static string PlaceOf(HttpRequest request, EmulationPath path) =>
        $"{request.Scheme}://{request.Host.Value!.ToLowerInvariant()}{(path.AcceptPath == "/" ? "" : path.AcceptPath)}";

    private static Task AnswerAsync(HttpResponse response, int status, string words)
    {
        response.StatusCode = status;
        response.ContentType = "text/plain; charset=utf-8";
        response.Headers.XContentTypeOptions = "nosniff";
        response.ContentLength = words.Length + 1;
        return response.WriteAsync(words + "\n");
    }

    private static long? SequenceOf(HttpRequest request, EmulationQuery query) =>
        query.Sequence ?? (EmulationQuery.TryReadSequence(request.Headers[SequenceHeader], out long sequence) ? sequence : null);
}
