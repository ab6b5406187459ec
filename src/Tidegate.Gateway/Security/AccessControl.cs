using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Tidegate.Gateway.Security;

/// <summary>What kind of client asks: a challenge must be one that it understands.</summary>
internal enum ClientKind
{
    /// <summary>A browser, or another that speaks plain HTTP.</summary>
    Http,

    /// <summary>One that opens a WebSocket by RFC 6455 and nothing more.</summary>
    WebSocket,

    /// <summary>A library that makes a handshake within the WebSocket, where it is challenged.</summary>
    HandshakeWithin,

    /// <summary>A library that emulates a WebSocket.</summary>
    Library,
}

/// <summary>Keeps those out of a service who may not use it, and asks those who have not said who they are.</summary>
internal sealed partial class AccessControl(ILogger logger)
{
    // With these it is said already who may keep it.
    private static readonly string[] s_cacheWords = ["public", "private", "no-store", "s-maxage"];

    /// <summary>Decides, and answers the request where it is not to be served. True where it is.</summary>
    internal async ValueTask<bool> AdmitsAsync(HttpContext http, Protection? protection, ClientKind kind)
    {
        if (protection is null || (kind == ClientKind.HandshakeWithin && protection.Realm.Scheme.IsApplication))
        {
            return true;
        }

        IPAddress? address = http.Connection.RemoteIpAddress;
        Admission admission = await protection.AdmitAsync(new RequestCredentials(http.Request), address, http.RequestAborted).ConfigureAwait(false);
        Realm asks = admission.Challenger ?? protection.Realm;
        if (admission.IsGranted)
        {
            if (admission.Reply is not null && kind is ClientKind.Http or ClientKind.WebSocket)
            {
                // Shows the client that it is the right server (RFC 4559, section 5). Libraries read it in no answer but 401.
                http.Response.Headers.WWWAuthenticate = asks.Challenge(forLibrary: false, admission.Reply);
            }

            Identity identity = admission.Identity!;
            http.Features.Set(identity);
            if (identity.Logout is not null)
            {
                http.Response.OnCompleted(static one => { ((Identity)one).EndRequest(); return Task.CompletedTask; }, identity);
            }

            if (kind == ClientKind.Http)
            {
                KeepFromOthers(http.Response, protection.Realm.Places);
            }

            return true;
        }

        if (admission.Status == StatusCodes.Status401Unauthorized && kind == ClientKind.WebSocket && asks.Scheme.IsApplication)
        {
            // Browsers show no challenge of a WebSocket to anybody, and this one is not for them.
            LogLibrary(asks.Challenge(forLibrary: true), address);
            admission = Admission.Forbidden;
        }

        await AnswerAsync(http.Response, admission, asks.Challenge(kind == ClientKind.Library, admission.Reply)).ConfigureAwait(false);
        return false;
    }

    /// <summary>
    /// Where credentials are not in <c>Authorization</c>, caches that many share do not see that an answer is for one of them (RFC 9111, section 3.5), and a
    /// page whose address holds credentials would tell it to the pages that it links to.
    /// </summary>
    private static void KeepFromOthers(HttpResponse response, CredentialPlaces places)
    {
        if (!places.Headers.IsEmpty || !places.Parameters.IsEmpty || !places.Cookies.IsEmpty)
        {
            response.OnStarting(
                static state =>
                {
                    IHeaderDictionary headers = ((HttpResponse)state).Headers;
                    string said = headers.CacheControl.ToString();
                    if (!s_cacheWords.Any(word => said.Contains(word, StringComparison.OrdinalIgnoreCase)))
                    {
                        headers.CacheControl = said.Length == 0 ? "private" : said + ", private";
                    }

                    return Task.CompletedTask;
                },
                response);
        }

        if (!places.Parameters.IsEmpty)
        {
            response.Headers["Referrer-Policy"] = "same-origin";
        }
    }

    private static Task AnswerAsync(HttpResponse response, Admission admission, string challenge)
    {
        response.StatusCode = admission.Status;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        switch (admission.Status)
        {
            case StatusCodes.Status401Unauthorized:
                response.Headers.WWWAuthenticate = challenge;
                if (admission.ChallengeId is { } id)
                {
                    response.Headers[RealmChain.Header] = id;
                }

                break;
            case StatusCodes.Status503ServiceUnavailable:
                response.Headers.RetryAfter = "1";
                break;
        }

        if (admission.Fault is not { } fault)
        {
            response.ContentLength = 0;
            return Task.CompletedTask;
        }

        response.ContentType = "text/plain; charset=utf-8";
        return response.WriteAsync(fault + "\n");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A Kaazing client library must be used for challenge scheme \"{Scheme}\", rejecting connection from {Address}")]
    private partial void LogLibrary(string scheme, IPAddress? address);
}
