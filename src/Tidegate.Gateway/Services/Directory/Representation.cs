using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>A file in one of the forms that it can be sent in (RFC 9110, section 8).</summary>
/// <param name="MediaType">What it is.</param>
/// <param name="Tag">The entity tag of this very form, strong, in its quotes.</param>
/// <param name="Modified">When the file was last modified.</param>
/// <param name="Length">How many bytes it is.</param>
/// <param name="Content">Those bytes, where they are in memory; else they are in the file at <paramref name="Path"/>.</param>
/// <param name="Path">Where the file is.</param>
internal sealed record Representation(string MediaType, string Tag, DateTimeOffset Modified, long Length, ReadOnlyMemory<byte>? Content, string Path)
{
    /// <summary>The tag of a file as it is, or compressed.</summary>
    /// <param name="modified">When the file was last modified.</param>
    /// <param name="length">Its length.</param>
    /// <param name="coding">What it is compressed with, or null.</param>
    internal static string TagOf(DateTime modified, long length, ContentCoding? coding) =>
        string.Create(CultureInfo.InvariantCulture, $"\"{modified.Ticks:x}-{length:x}{(coding is null ? string.Empty : "-")}{coding?.Name}\"");

    /// <summary>
    /// Answers a GET or a HEAD with it, whole, in parts, or not at all, as the conditions and ranges of the request have it. The response's
    /// headers about caches and codings are those that hold if it is sent.
    /// </summary>
    /// <exception cref="IOException">The file can not be read; where nothing has been sent yet, something else can be.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    internal async Task SendAsync(HttpContext http)
    {
        IHeaderDictionary request = http.Request.Headers;
        IHeaderDictionary response = http.Response.Headers;
        DateTimeOffset now = DateTimeOffset.UtcNow;
        // None is in the future (RFC 9110, section 8.8.2.1), and none has parts of a second.
        DateTimeOffset modified = Modified < now ? Modified : now;
        modified = modified.AddTicks(-(modified.Ticks % TimeSpan.TicksPerSecond));
        switch (Preconditions.Judge(request, Tag, modified))
        {
            case Verdict.Failed:
                Refuse(http.Response, StatusCodes.Status412PreconditionFailed);
                return;

            case Verdict.NotModified:
                response.ETag = Tag;
                response.Remove(HeaderNames.ContentEncoding);
                http.Response.StatusCode = StatusCodes.Status304NotModified;
                return;
        }

        response.ETag = Tag;
        response.LastModified = HeaderUtilities.FormatDate(modified);
        response.AcceptRanges = "bytes";
        bool get = HttpMethods.IsGet(http.Request.Method);
        // Ranges are defined for GET alone (RFC 9110, section 14.2).
        ByteRange[]? ranges = get && request.Range is [{ } range] && Preconditions.AdmitRange(request, Tag, modified)
            ? ByteRanges.Select(range, Length)
            : null;
        if (ranges is [])
        {
            Refuse(http.Response, StatusCodes.Status416RangeNotSatisfiable);
            response.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{Length}");
            return;
        }

        using FileContent content = get ? FileContent.Open(this) : default;
        if (ranges is not null)
        {
            http.Response.StatusCode = StatusCodes.Status206PartialContent;
        }

        if (ranges is { Length: > 1 })
        {
            await new RangeParts(this, ranges).SendAsync(http, content).ConfigureAwait(false);
            return;
        }

        ByteRange sent = ranges is [var one] ? one : new ByteRange(0, Length);
        if (ranges is not null)
        {
            response.ContentRange = ContentRange(sent);
        }

        http.Response.ContentType = MediaType;
        http.Response.ContentLength = sent.Length;
        if (get)
        {
            if (Content is null)
            {
                // Until then, the buffer that the server gives is one that it copies from.
                await http.Response.StartAsync(http.RequestAborted).ConfigureAwait(false);
            }

            await content.SendAsync(http.Response.BodyWriter, sent, http.RequestAborted).ConfigureAwait(false);
        }
    }

    /// <summary>Where a range is, as a header says it.</summary>
    internal string ContentRange(ByteRange range) => string.Create(CultureInfo.InvariantCulture, $"bytes {range.Start}-{range.End - 1}/{Length}");

    /// <summary>
    /// Takes back what was said of a file that can not be sent after all. What holds for any answer stays: that of cross-origin requests, and
    /// what the answer depends on.
    /// </summary>
    internal static void Withdraw(HttpResponse response)
    {
        Refuse(response, StatusCodes.Status404NotFound);
        response.ContentType = null;
        response.Headers.Remove(HeaderNames.ETag);
        response.Headers.Remove(HeaderNames.LastModified);
        response.Headers.Remove(HeaderNames.AcceptRanges);
        response.Headers.Remove(HeaderNames.ContentRange);
    }

    /// <summary>An answer that is not the file; how long the file may be kept does not hold for it.</summary>
    private static void Refuse(HttpResponse response, int status)
    {
        response.StatusCode = status;
        response.ContentLength = 0;
        response.Headers.Remove(HeaderNames.CacheControl);
        response.Headers.Remove(HeaderNames.Expires);
        response.Headers.Remove(HeaderNames.ContentEncoding);
    }
}
