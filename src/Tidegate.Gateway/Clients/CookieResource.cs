using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Tidegate.Gateway.Clients;

/// <summary>What is done with cookies.</summary>
internal enum CookieUse
{
    /// <summary>The client is told those that it sends.</summary>
    Get,

    /// <summary>The client is given some.</summary>
    Set,

    /// <summary>They are taken from it.</summary>
    Delete,
}

/// <summary>
/// <c>PATH/;api/get-cookies</c>, <c>set-cookies</c> and <c>delete-cookies</c>, by which a client library that a browser runs minds the cookies of
/// the gateway's host (docs/spec/compat.md, chapter 3.4). The rules for origins and logins have let the request in.
/// </summary>
internal static class CookieResource
{
    /// <summary>Bytes of a body; more get 413. It is what a browser keeps of one cookie at least (RFC 6265, section 6.1).</summary>
    internal const int MaximumBody = 4 * 1024;

    /// <summary>Cookies in one request; more get 400.</summary>
    internal const int MaximumCookies = 20;

    private const string Mark = "/;api/";
    private static readonly SearchValues<char> s_token = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Reads a path as it was sent, percent-encoded. False where it is no such path.</summary>
    internal static bool TryRead(string path, out string acceptPath, out CookieUse use)
    {
        int mark = path.IndexOf(Mark, StringComparison.Ordinal);
        acceptPath = mark > 0 ? path[..mark] : "/";
        CookieUse? asked = mark < 0 ? null : path[(mark + Mark.Length)..] switch
        {
            "get-cookies" => CookieUse.Get,
            "set-cookies" => CookieUse.Set,
            "delete-cookies" => CookieUse.Delete,
            _ => null,
        };
        use = asked ?? CookieUse.Get;
        return asked is not null;
    }

    /// <summary>Answers a request.</summary>
    /// <param name="http">The request.</param>
    /// <param name="use">What is asked for.</param>
    /// <param name="mayWrite">Whether the page, if there is one, may have cookies set at this host.</param>
    internal static Task HandleAsync(HttpContext http, CookieUse use, bool mayWrite)
    {
        HttpResponse response = http.Response;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        string method = use == CookieUse.Get ? HttpMethods.Get : HttpMethods.Post;
        if (http.Request.Method != method)
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = method;
            response.ContentLength = 0;
            return Task.CompletedTask;
        }

        return use == CookieUse.Get ? TellAsync(http)
            : mayWrite ? WriteAsync(http, use)
            : AnswerAsync(response, StatusCodes.Status403Forbidden, "Cookies are set for pages whose origin is let in by its name.");
    }

    private static Task TellAsync(HttpContext http)
    {
        http.Response.ContentType = "text/plain; charset=utf-8";
        http.Response.Headers.Vary = "Cookie";
        if (CookieEcho.IsFromBrowser(http.Request))
        {
            http.Response.ContentLength = 0;
            return Task.CompletedTask;
        }

        var lines = new StringBuilder();
        foreach (string cookie in string.Join(';', http.Request.Headers.Cookie.ToArray()).Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            lines.Append(cookie).Append("\r\n");
        }

        return http.Response.WriteAsync(lines.ToString());
    }

    private static async Task WriteAsync(HttpContext http, CookieUse use)
    {
        HttpResponse response = http.Response;
        if (!MediaTypeHeaderValue.TryParse(http.Request.ContentType, out MediaTypeHeaderValue? type) || !type.MediaType.Equals("text/plain", StringComparison.OrdinalIgnoreCase))
        {
            await AnswerAsync(response, StatusCodes.Status400BadRequest, "Cookies come as text/plain, one in a line.").ConfigureAwait(false);
            return;
        }

        (string? body, int status) = await ReadAsync(http.Request.BodyReader).ConfigureAwait(false);
        if (body is null)
        {
            await AnswerAsync(response, status, $"Cookies come in a body of {MaximumBody} bytes at most.").ConfigureAwait(false);
            return;
        }

        string[] lines = body.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string?[] cookies = [.. lines.Select(line => HeaderOf(line, use))];
        if (cookies.Length is 0 or > MaximumCookies || cookies.Contains(null))
        {
            await AnswerAsync(
                response, StatusCodes.Status400BadRequest,
                $"There are 1 to {MaximumCookies} lines in the body, and each is a cookie such as name=value; Path=/, in printable ASCII.").ConfigureAwait(false);
            return;
        }

        response.Headers.SetCookie = cookies;
        response.ContentLength = 0;
    }

    /// <summary>What a line is as a header <c>Set-Cookie</c>; null where it is no cookie.</summary>
    internal static string? HeaderOf(string line, CookieUse use)
    {
        int end = line.AsSpan().IndexOfAny('=', ';');
        ReadOnlySpan<char> name = (end < 0 ? line : line.AsSpan(0, end)).Trim();
        if (name.IsEmpty || name.ContainsAnyExcept(s_token) || line.AsSpan().ContainsAnyExceptInRange(' ', '~') || (use == CookieUse.Set && (end < 0 || line[end] != '=')))
        {
            return null;
        }

        if (use == CookieUse.Set)
        {
            return line;
        }

        // A browser has the cookie of one path and domain beside that of another, so those stay as they are said.
        string attributes = string.Concat(line.Split(';').Skip(1).Select(attribute => attribute.Trim())
            .Where(attribute => attribute.StartsWith("path=", StringComparison.OrdinalIgnoreCase) || attribute.StartsWith("domain=", StringComparison.OrdinalIgnoreCase))
            .Select(attribute => $"; {attribute}"));
        return $"{name}=; Max-Age=0{attributes}";
    }

    /// <summary>The body; null with a status where it is too long or breaks off.</summary>
    private static async Task<(string? Body, int Status)> ReadAsync(PipeReader body)
    {
        try
        {
            while (true)
            {
                ReadResult read = await body.ReadAsync().ConfigureAwait(false);
                if (read.Buffer.Length > MaximumBody)
                {
                    body.AdvanceTo(read.Buffer.End);
                    return (null, StatusCodes.Status413PayloadTooLarge);
                }

                if (read.IsCompleted)
                {
                    string text = Encoding.Latin1.GetString(read.Buffer);
                    body.AdvanceTo(read.Buffer.End);
                    return (text, StatusCodes.Status200OK);
                }

                body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (BadHttpRequestException exception)
        {
            return (null, exception.StatusCode);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            return (null, StatusCodes.Status400BadRequest);
        }
    }

    private static Task AnswerAsync(HttpResponse response, int status, string words)
    {
        response.StatusCode = status;
        response.ContentType = "text/plain; charset=utf-8";
        response.ContentLength = words.Length + 1;
        return response.WriteAsync(words + "\n");
    }
}
