using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>The head of a back-end's answer as the client gets it.</summary>
internal static class AnswerHead
{
    /// <summary>Sets status and headers of the response, which has not begun.</summary>
    internal static void Copy(HttpResponseMessage answer, HttpContext http, ForwardedRequest request, GatewayUri connect, AnswerRewriting rewriting)
    {
        HttpResponse response = http.Response;
        response.StatusCode = (int)answer.StatusCode;
        CopyHeaders(answer, response, request, connect, rewriting);
        // A 204 has no such header (RFC 9110, section 8.6).
        response.ContentLength = response.StatusCode == StatusCodes.Status204NoContent ? null : answer.Content.Headers.ContentLength;
    }

    /// <summary>
    /// What is wrong with how an answer says its length, in words; null where nothing is. HttpClient reads on regardless, and the client would get
    /// something else than the back-end meant (RFC 9112, section 6.3).
    /// </summary>
    internal static string? FaultOf(HttpResponseMessage answer)
    {
        bool hasLength = answer.Content.Headers.NonValidated.TryGetValues(HeaderNames.ContentLength, out HeaderStringValues lengths);
        if (answer.Headers.NonValidated.TryGetValues(HeaderNames.TransferEncoding, out HeaderStringValues codings))
        {
            return hasLength ? "its answer has both a Content-Length and a Transfer-Encoding"
                : !codings.ToString().Equals("chunked", StringComparison.OrdinalIgnoreCase) ? "its answer has a Transfer-Encoding that was not asked for"
                : null;
        }

        return hasLength && (lengths.Count != 1 || lengths.ToString().AsSpan().Trim(" \t").ContainsAnyExceptInRange('0', '9') || answer.Content.Headers.ContentLength is null)
            ? "its answer has a Content-Length that is none"
            : null;
    }

    /// <summary>Sets the headers alone, those of one connection left out.</summary>
    internal static void CopyHeaders(HttpResponseMessage answer, HttpResponse response, ForwardedRequest request, GatewayUri connect, AnswerRewriting rewriting)
    {
        string[] named = answer.Headers.NonValidated.TryGetValues(HeaderNames.Connection, out HeaderStringValues connection)
            ? connection.ToString().Split(',', StringSplitOptions.TrimEntries)
            : [];
        foreach ((string name, HeaderStringValues values) in answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated))
        {
            if (!HopHeaders.ArePassed(name, named))
            {
                continue;
            }

            string[] lines = [.. values];
            if (name.Equals(HeaderNames.Location, StringComparison.OrdinalIgnoreCase))
            {
                lines = Array.ConvertAll(lines, line => rewriting.Location(line, connect, request.Accept));
            }
            else if (name.Equals(HeaderNames.SetCookie, StringComparison.OrdinalIgnoreCase))
            {
                lines = Array.ConvertAll(lines, rewriting.Cookie);
            }
            else if (name.Equals(HeaderNames.Vary, StringComparison.OrdinalIgnoreCase))
            {
                response.Headers.Append(name, lines);
                continue;
            }
            else if (name.StartsWith("Access-Control-Allow-", StringComparison.OrdinalIgnoreCase) && response.Headers.ContainsKey(name))
            {
                // Which pages of other origins are let in is the gateway's to say where its configuration says it, and browsers want it said once.
                continue;
            }

            response.Headers[name] = new StringValues(lines);
        }
    }
}
