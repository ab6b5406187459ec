using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Tidegate.Engine;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Services.Balancer;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// Takes a request of a session to the member that has the session, and brings the answer back while it comes: for clients that reach another
/// member with each request, because what is in front of the members does not know that requests belong together. One hop at most. HttpClient
/// speaks HTTP; the connections are the engine's, so that TLS and the bound on descriptors are those of any connection to a member.
/// </summary>
internal sealed partial class SessionRelay : IDisposable
{
    private const int PieceSize = 16 * 1024;

    // Of one connection, not of the whole message (RFC 9110, section 7.6.1); and what is this gateway's own to say.
    private static readonly HashSet<string> s_ofOneHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "Expect", "Host", "Content-Length", MemberRelay.Hop, RelayedClient.Header, ReconnectHeader,
    };

    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(1);
    private readonly ClientProof _clients;
    private readonly MemberDepartures _departures;
    private readonly ILogger _logger;
    private readonly HttpMessageInvoker _http;
    private readonly CancellationTokenSource _stopping = new();
    private long _told = long.MinValue;
    private readonly ConcurrentDictionary<string, Task<bool>> _signs = new(StringComparer.Ordinal);

    /// <param name="loops">Where the connections live.</param>
    /// <param name="tls">What TLS is spoken with; null where no accept of this gateway speaks it.</param>
    /// <param name="clients">Proves to members who a client is.</param>
    /// <param name="departures">Tells of members that are gone.</param>
    /// <param name="logger">Takes what goes wrong.</param>
    internal SessionRelay(EventLoops loops, TlsUse? tls, ClientProof clients, MemberDepartures departures, ILogger logger)
    {
        _loops = loops;
        _tls = tls;
        _clients = clients;
        _departures = departures;
        _logger = logger;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            // What the engine says of it is to be heard.
            ConnectTimeout = 2 * s_connectTimeout,
            ConnectCallback = ConnectAsync,
            PooledConnectionIdleTimeout = s_idleTimeout,
            // Values come as Kestrel has read them.
            RequestHeaderEncodingSelector = static (_, _) => System.Text.Encoding.UTF8,
        });
    }

    /// <summary>Takes a request to a member and answers it.</summary>
    /// <param name="http">The request, of which nothing has been read or changed.</param>
    /// <param name="route">The accept that it is for.</param>
    /// <param name="destination">The member's socket.</param>
    /// <param name="use">What it is for: the answer to one that fetches goes on for as long as its client is there.</param>
    /// <returns>False where the member does not answer, nothing has been answered, and the request is as it was.</returns>
    internal async Task<bool> TryForwardAsync(HttpContext http, Route route, SessionDestination destination, EmulationUse use)
    {
        string host = http.Request.Host.Value ?? "";
        string name = NameOf(route.Uri.Host, http.Request.Host.Host);
        using HttpRequestMessage message = MessageFor(http, BalancerService.PathOf(http) + http.Request.QueryString.Value, host, name, destination);
        if (use == EmulationUse.Create)
        {
            AddProof(message, http, host, destination);
        }

        return await TryForwardAsync(http, new RelayedRequest(message, host, name, destination), use == EmulationUse.Downstream).ConfigureAwait(false);
    }

    private async Task<bool> TryForwardAsync(HttpContext http, RelayedRequest relayed, bool isDownstream)
    {
        SessionDestination destination = relayed.Destination;
        using CancellationTokenRegistration stopping = _stopping.Token.UnsafeRegister(static one => ((RelayedRequest)one!).Cancel(), relayed);
        using CancellationTokenRegistration aborted = http.RequestAborted.UnsafeRegister(static one => ((RelayedRequest)one!).Cancel(), relayed);
        using IDisposable departure = _departures.Follow(destination.Member, () => _ = CheckAsync(relayed));
        if (isDownstream && !HttpProtocol.IsHttp2(http.Request.Protocol))
        {
            http.Features.GetRequiredFeature<IDetachableConnection>().WhenInputEnds(relayed.Cancel);
        }

        if (isDownstream)
        {
            _open.TryAdd(relayed, 0);
        }

        try
        {
            using HttpResponseMessage answer = await _http.SendAsync(relayed.Message, relayed.Ended).ConfigureAwait(false);
            if (relayed.IsEvents && (int)answer.StatusCode >= StatusCodes.Status500InternalServerError)
            {
                // Another member may serve it; and for a browser such an answer would be the end of its stream.
                return false;
            }

            CopyHead(answer, http);
            await CopyBodyAsync(answer, http, relayed.Ended).ConfigureAwait(false);
        }
        catch (HttpRequestException exception) when (exception.InnerException is MemberUnreachableException unreachable)
        {
            if (MayTell())
            {
                LogUnreachable(destination.At, destination.Member, unreachable.Message);
            }

            if (!unreachable.IsOwnFault)
            {
                return false;
            }

            // The session is there, and a moment later there may be room.
            http.Response.Clear();
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            http.Response.Headers.RetryAfter = "1";
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException or BadHttpRequestException or ObjectDisposedException)
        {
            if (relayed.IsSentAway && http.Response.HasStarted)
            {
                // The client comes for another one, as after any end.
                return true;
            }

            // What has begun is cut off, so that nobody takes it for whole; what has not is a member that did not answer.
            BadHttpRequestException? bad = exception as BadHttpRequestException ?? exception.InnerException as BadHttpRequestException;
            if (http.Response.HasStarted || http.RequestAborted.IsCancellationRequested)
            {
                http.Abort();
            }
            else
            {
                http.Response.Clear();
                http.Response.StatusCode = bad?.StatusCode ?? (relayed.IsOfDeparted ? StatusCodes.Status404NotFound : StatusCodes.Status502BadGateway);
            }
        }

        finally
        {
            _open.TryRemove(relayed, out _);
        }

        return true;
    }

    /// <summary>Ends all that is under way.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _http.Dispose();
    }

    private static HttpRequestMessage MessageFor(HttpContext http, string target, string host, string name, SessionDestination destination)
    {
        HttpRequest request = http.Request;
        HttpRequestMessage message = NewMessage(new HttpMethod(request.Method), target, host, name, destination);
        if (http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            message.Content = new StreamContent(request.Body, PieceSize);
            message.Content.Headers.ContentLength = request.ContentLength;

            // A kept connection may be one that the member is just ending. What has sent nothing of its body yet is sent again on another one; nobody
            // would know of more whether it has been taken (RFC 9110, section 9.2.2).
            message.Headers.ExpectContinue = true;
        }

        string[] named = request.Headers.GetCommaSeparatedValues(HeaderNames.Connection);
        foreach ((string header, StringValues values) in request.Headers)
        {
            if (!s_ofOneHop.Contains(header) && !header.StartsWith(':') && !named.Contains(header, StringComparer.OrdinalIgnoreCase)
                && !message.Headers.TryAddWithoutValidation(header, (IEnumerable<string?>)values))
            {
                message.Content?.Headers.TryAddWithoutValidation(header, (IEnumerable<string?>)values);
            }
        }

        return message;
    }

    /// <summary>Says who the client is, where a session begins: that is what a session is counted by, and later requests are of the same.</summary>
    private void AddProof(HttpRequestMessage message, HttpContext http, string host, SessionDestination destination)
    {
        if (http.Connection.RemoteIpAddress is { } address
            && _clients.Make(destination.Member, host, message.RequestUri!.PathAndQuery, new IPEndPoint(address, http.Connection.RemotePort)) is { } proof)
        {
            message.Headers.TryAddWithoutValidation(RelayedClient.Header, proof);
        }
    }

    private static void CopyHead(HttpResponseMessage answer, HttpContext http)
    {
        HttpResponse response = http.Response;
        response.StatusCode = (int)answer.StatusCode;
        foreach ((string header, System.Net.Http.Headers.HeaderStringValues values) in answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated))
        {
            if (!s_ofOneHop.Contains(header) && !header.Equals(HeaderNames.Date, StringComparison.OrdinalIgnoreCase))
            {
                response.Headers[header] = values.ToArray();
            }
        }

        response.ContentLength = answer.Content.Headers.ContentLength;
        if (response.ContentLength is null && !HttpProtocol.IsHttp2(http.Request.Protocol))
        {
            // It goes on until its connection is wanted for nothing else.
            response.Headers.Connection = "close";
        }
    }

    /// <summary>Passes on what comes, as it comes, and no faster than the client takes it.</summary>
    private static async Task CopyBodyAsync(HttpResponseMessage answer, HttpContext http, CancellationToken ended)
    {
        Stream body = await answer.Content.ReadAsStreamAsync(ended).ConfigureAwait(false);
        await http.Response.StartAsync(ended).ConfigureAwait(false);
        while (true)
        {
            // Who waits for long holds no buffer.
            await body.ReadAsync(Memory<byte>.Empty, ended).ConfigureAwait(false);
            byte[] piece = ArrayPool<byte>.Shared.Rent(PieceSize);
            try
            {
                int count = await body.ReadAsync(piece.AsMemory(0, PieceSize), ended).ConfigureAwait(false);
                if (count == 0)
                {
                    return;
                }

                await http.Response.BodyWriter.WriteAsync(piece.AsMemory(0, count), ended).ConfigureAwait(false);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(piece);
            }
        }
    }

    /// <summary>The first one tells, and one a second after it: a member that is gone has many sessions.</summary>
    private bool MayTell()
    {
        long now = Environment.TickCount64;
        long last = Volatile.Read(ref _told);
        return (last == long.MinValue || now - last >= s_quiet.TotalMilliseconds) && Interlocked.CompareExchange(ref _told, now, last) == last;
    }

    /// <summary>The name that the member's certificate must be for: the accept's, or else what the client calls the gateway.</summary>
    private static string NameOf(UriHost? accept, string otherwise) => accept switch
    {
        HostName name => name.Name,
        HostAddress { Address: var address } when !ClusterAddresses.IsAny(address) => address.ToString(),
        _ => otherwise,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "A request of a session can not be taken to {EndPoint} of cluster member {Member}: {Fault}")]
    private partial void LogUnreachable(IPEndPoint endPoint, string member, string fault);
}

/// <summary>A socket of a member that requests are taken to.</summary>
/// <param name="Member">The member's name.</param>
/// <param name="At">The socket.</param>
/// <param name="IsEncrypted">Whether TLS is spoken there.</param>
internal sealed record SessionDestination(string Member, IPEndPoint At, bool IsEncrypted);
