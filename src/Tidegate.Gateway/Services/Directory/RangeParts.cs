using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>Several parts of a file in one answer: <c>multipart/byteranges</c> (RFC 9110, section 14.6).</summary>
internal sealed class RangeParts
{
    // Nobody who makes a file knows it beforehand.
    private readonly string _boundary = RandomNumberGenerator.GetHexString(24, lowercase: true);
    private readonly ByteRange[] _ranges;
    private readonly byte[][] _heads;
    private readonly byte[] _end;

    internal RangeParts(Representation file, ByteRange[] ranges)
    {
        _ranges = ranges;
        _heads = [.. ranges.Select((range, i) => Encoding.Latin1.GetBytes(
            $"{(i == 0 ? "" : "\r\n")}--{_boundary}\r\nContent-Type: {file.MediaType}\r\nContent-Range: {file.ContentRange(range)}\r\n\r\n"))];
        _end = Encoding.Latin1.GetBytes($"\r\n--{_boundary}--\r\n");
    }

    /// <summary>Answers with them.</summary>
    internal async Task SendAsync(HttpContext http, FileContent content)
    {
        http.Response.ContentType = $"multipart/byteranges; boundary={_boundary}";
        http.Response.ContentLength = _ranges.Sum(range => range.Length) + _heads.Sum(head => (long)head.Length) + _end.Length;
        for (int i = 0; i < _ranges.Length; i++)
        {
            await http.Response.BodyWriter.WriteAsync(_heads[i], http.RequestAborted).ConfigureAwait(false);
            if (!await content.SendAsync(http.Response.BodyWriter, _ranges[i], http.RequestAborted).ConfigureAwait(false))
            {
                return;
            }
        }

        await http.Response.BodyWriter.WriteAsync(_end, http.RequestAborted).ConfigureAwait(false);
    }
}
