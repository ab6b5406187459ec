using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Tidegate.Gateway.Http;

/// <summary>What makes a request bad, beyond what Kestrel refuses of itself: what another server on the way could read differently.</summary>
internal static class RequestRules
{
    // What Kestrel makes of a Content-Length that came with a Transfer-Encoding, before anybody else sees the request.
    private const string SetAside = "X-Content-Length";

    /// <summary>What is wrong with a request, in words for its sender; null where nothing is.</summary>
    internal static string? FaultOf(HttpContext http, IDetachableConnection connection)
    {
        HttpRequest request = http.Request;
        string scheme = connection.Routes.IsSecure ? Uri.UriSchemeHttps : Uri.UriSchemeHttp;
        if (!string.Equals(request.Scheme, scheme, StringComparison.OrdinalIgnoreCase))
        {
            // HTTP/2 has the scheme in every request. Where something in front of the gateway does TLS, it may be the one that the
            // client wrote or the one that is spoken here; elsewhere only one is true.
            if (!connection.IsOffloaded || request.Scheme != Uri.UriSchemeHttp)
            {
                return $"The scheme of what is served here is {scheme}.";
            }

            request.Scheme = scheme;
        }

        if (http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            // A balancer writes path and query into a request of its own, and some servers take a lone CR for the end of a line
            // (RFC 9112, section 2.2; RFC 3986, appendix A).
            return "There is white space or a control character in the path or the query.";
        }

        bool http10 = HttpProtocol.IsHttp10(request.Protocol);
        if (!request.Host.HasValue && !(http10 && request.Headers.Host.Count == 0))
        {
            // RFC 9112, section 3.2, and RFC 9110, section 4.2.1: a URI of http has a host.
            return "The request has no host.";
        }

        if (request.Headers.TransferEncoding.Count > 0)
        {
            // RFC 9112, section 6.1: both, and chunks in HTTP/1.0, are ways to smuggle a request past a server.
            return request.Headers.ContainsKey(SetAside) ? "The request has both a Content-Length and a Transfer-Encoding."
                : request.Headers.TransferEncoding is not [{ } coding] || !coding.Equals("chunked", StringComparison.OrdinalIgnoreCase) ? "The only Transfer-Encoding spoken here is chunked, once."
                : http10 ? "A Transfer-Encoding needs HTTP/1.1."
                : null;
        }

        return null;
    }

    /// <summary>Refuses a request. What follows on its connection can not be trusted to be another.</summary>
    internal static Task RefuseAsync(HttpResponse response, string fault)
    {
        response.StatusCode = StatusCodes.Status400BadRequest;
        response.ContentType = "text/plain; charset=utf-8";
        response.ContentLength = fault.Length + 1;
        if (!HttpProtocol.IsHttp2(response.HttpContext.Request.Protocol))
        {
            response.Headers[HeaderNames.Connection] = "close";
        }

        return HttpMethods.IsHead(response.HttpContext.Request.Method) ? Task.CompletedTask : response.WriteAsync(fault + "\n");
    }
}
