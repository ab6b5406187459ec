using System.Globalization;
using System.Net.Http;
using System.Text;

namespace Tidegate.Gateway.Tests.Services;

/// <summary>Conditional requests and parts of files (RFC 9110, sections 13 and 14), over real connections and from real files.</summary>
public sealed class DirectoryConditionTests : IAsyncLifetime, IDisposable
{
    private static readonly byte[] s_text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 2000).Select(i => $"line {i}\n")));

    private static readonly DateTime s_modified = new DateTime(2024, 2, 29, 12, 0, 0, DateTimeKind.Utc).AddMilliseconds(700);

    private readonly HttpClient _client = new();
    private RunningGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await RunningGateway.StartAsync(
            files: new() { ["data.bin"] = s_text, ["text.txt"] = s_text, ["empty.bin"] = [] },
            directory: options => options with { Locations = [Kept()] });
        foreach (string name in new[] { "data.bin", "text.txt", "empty.bin" })
        {
            File.SetLastWriteTimeUtc(Path.Combine(_gateway.Web, name), s_modified);
        }
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    public void Dispose() => _client.Dispose();

    // {t} is the file's entity tag, {d} its date, {d-1} and {d+1} the seconds before and after.
    [Theory]
    [InlineData("If-Match: {t}", 200)]
    [InlineData("If-Match: *", 200)]
    [InlineData("If-Match: \"other\"", 412)]
    [InlineData("If-Match: \"other\", {t}", 200)]
    [InlineData("If-Match: \"other\"|If-Match: {t}", 200)]
    // It compares strongly, and a weak tag is never strongly the same.
    [InlineData("If-Match: W/{t}", 412)]
    [InlineData("If-Match: nothing of the kind", 412)]
    [InlineData("If-Unmodified-Since: {d}", 200)]
    [InlineData("If-Unmodified-Since: {d+1}", 200)]
    [InlineData("If-Unmodified-Since: {d-1}", 412)]
    [InlineData("If-Unmodified-Since: yesterday", 200)]
    // The tag decides where both are there.
    [InlineData("If-Match: {t}|If-Unmodified-Since: {d-1}", 200)]
    [InlineData("If-Match: \"other\"|If-Unmodified-Since: {d}", 412)]
    [InlineData("If-None-Match: {t}", 304)]
    [InlineData("If-None-Match: W/{t}", 304)]
    [InlineData("If-None-Match: *", 304)]
    [InlineData("If-None-Match: \"other\"", 200)]
    [InlineData("If-None-Match: \"other\", W/{t}", 304)]
    [InlineData("If-None-Match: nothing of the kind", 200)]
    [InlineData("If-Modified-Since: {d}", 304)]
    [InlineData("If-Modified-Since: {d+1}", 304)]
    [InlineData("If-Modified-Since: {d-1}", 200)]
    [InlineData("If-Modified-Since: yesterday", 200)]
    [InlineData("If-Modified-Since: {d}|If-Modified-Since: {d}", 200)]
    [InlineData("If-None-Match: \"other\"|If-Modified-Since: {d}", 200)]
    [InlineData("If-None-Match: {t}|If-Modified-Since: {d-1}", 304)]
    [InlineData("If-None-Match: nothing of the kind|If-Modified-Since: {d}", 200)]
    // First whether it is the file that is meant, then whether the client has it.
    [InlineData("If-Match: \"other\"|If-None-Match: {t}", 412)]
    [InlineData("If-Match: {t}|If-None-Match: {t}", 304)]
    [InlineData("If-Unmodified-Since: {d-1}|If-Modified-Since: {d}", 412)]
    // Then the range, if the file is still the same.
    [InlineData("Range: bytes=0-1", 206)]
    [InlineData("Range: bytes=0-1|If-None-Match: {t}", 304)]
    [InlineData("Range: bytes=0-1|If-Match: \"other\"", 412)]
    [InlineData("Range: bytes=999999-", 416)]
    [InlineData("Range: bytes=999999-|If-None-Match: {t}", 304)]
    [InlineData("Range: bytes=0-1|If-Range: {t}", 206)]
    [InlineData("Range: bytes=0-1|If-Range: \"old\"", 200)]
    [InlineData("Range: bytes=0-1|If-Range: W/{t}", 200)]
    [InlineData("Range: bytes=0-1|If-Range: {d}", 206)]
    [InlineData("Range: bytes=0-1|If-Range: {d-1}", 200)]
    [InlineData("Range: bytes=0-1|If-Range: {d+1}", 200)]
    [InlineData("Range: bytes=0-1|If-Range: yesterday", 200)]
    [InlineData("Range: bytes=0-1|If-Range: {t}|If-Range: {t}", 200)]
    [InlineData("Range: bytes=999999-|If-Range: \"old\"", 200)]
    [InlineData("Range: bytes=0-1|Range: bytes=2-3", 200)]
    [InlineData("If-Range: \"old\"", 200)]
    public async Task Conditions_decide_in_the_order_of_the_standard(string headers, int status)
    {
        using HttpResponseMessage plain = await SendAsync(HttpMethod.Get, "data.bin", "");
        string tag = plain.Headers.ETag!.ToString();
        Assert.Equal("Thu, 29 Feb 2024 12:00:00 GMT", plain.Content.Headers.NonValidated["Last-Modified"].ToString());
        string Filled(string text) => text.Replace("{t}", tag, StringComparison.Ordinal).Replace("{d}", Date(0), StringComparison.Ordinal)
            .Replace("{d-1}", Date(-1), StringComparison.Ordinal).Replace("{d+1}", Date(1), StringComparison.Ordinal);

        using HttpResponseMessage got = await SendAsync(HttpMethod.Get, "data.bin", Filled(headers));
        using HttpResponseMessage head = await SendAsync(HttpMethod.Head, "data.bin", Filled(headers));

        Assert.Equal(status, (int)got.StatusCode);
        byte[] body = await got.Content.ReadAsByteArrayAsync();
        Assert.Equal(status switch { 200 => s_text, 206 => s_text[..2], _ => [] }, body);
        // Ranges are for GET alone; all else is the same without a body.
        Assert.Equal(status is 206 or 416 ? 200 : status, (int)head.StatusCode);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        Assert.Equal(status is 304 or 412 ? 0 : s_text.Length, head.Content.Headers.ContentLength ?? 0);
        foreach (HttpResponseMessage response in new[] { got, head })
        {
            int of = (int)response.StatusCode;
            // A cache learns from a 304 what it would have from the file; an error is not kept for as long as that.
            Assert.Equal(of is 200 or 206 or 304 ? "max-age=3600" : null, response.Headers.CacheControl?.ToString());
            Assert.Equal(of is 412 ? null : tag, response.Headers.ETag?.ToString());
            Assert.Equal(of is 200 or 206 ? "application/octet-stream" : null, response.Content.Headers.ContentType?.ToString());
            Assert.Equal(
                of switch { 206 => $"bytes 0-1/{s_text.Length}", 416 => $"bytes */{s_text.Length}", _ => null }, response.Content.Headers.ContentRange?.ToString());
        }
    }

    [Theory]
    [InlineData("bytes=0-4,100-109", "0+5 100+10")]
    [InlineData("bytes=100-109,0-4,-7", "100+10 0+5 -7+7")]
    [InlineData("bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30", "0+1 2+1 4+1 6+1 8+1 10+1 12+1 14+1 16+1 18+1 20+1 22+1 24+1 26+1 28+1 30+1")]
    public async Task Several_parts_of_a_file_come_in_one_answer(string range, string parts)
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Get, "data.bin", $"Range: {range}");

        Assert.Equal(206, (int)response.StatusCode);
        Assert.Null(response.Content.Headers.ContentRange);
        Assert.Equal("multipart/byteranges", response.Content.Headers.ContentType!.MediaType);
        string boundary = response.Content.Headers.ContentType.Parameters.Single(p => p.Name == "boundary").Value!;
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(body.Length, response.Content.Headers.ContentLength);
        string expected = string.Concat(parts.Split(' ').Select(part =>
        {
            int start = int.Parse(part.Split('+')[0], CultureInfo.InvariantCulture), count = int.Parse(part.Split('+')[1], CultureInfo.InvariantCulture);
            start = start < 0 ? s_text.Length + start : start;
            return $"\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {start}-{start + count - 1}/{s_text.Length}\r\n\r\n"
                + Encoding.ASCII.GetString(s_text, start, count);
        })) + $"\r\n--{boundary}--\r\n";
        Assert.Equal(expected[2..], Encoding.ASCII.GetString(body));

        using HttpResponseMessage again = await SendAsync(HttpMethod.Get, "data.bin", $"Range: {range}");
        Assert.NotEqual(boundary, again.Content.Headers.ContentType!.Parameters.Single().Value);
    }

    [Theory]
    [InlineData("bytes=0-4,999999-", 206, 5)]
    [InlineData("bytes=0-4,3-9", 200, -1)]
    [InlineData("bytes=0-,0-,0-,0-,0-,0-", 200, -1)]
    [InlineData("bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30,32-32", 200, -1)]
    [InlineData("lines=0-1", 200, -1)]
    public async Task What_is_one_part_or_too_much_comes_without_parts(string range, int status, int count)
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Get, "data.bin", $"Range: {range}");

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/octet-stream", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(count < 0 ? s_text : s_text[..count], await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Parts_of_compressed_text_are_parts_of_what_was_compressed()
    {
        const string Coded = "Accept-Encoding: gzip";
        using HttpResponseMessage whole = await SendAsync(HttpMethod.Get, "text.txt", Coded);
        byte[] compressed = await whole.Content.ReadAsByteArrayAsync();
        Assert.InRange(compressed.Length, 100, s_text.Length - 1);
        string tag = whole.Headers.ETag!.ToString();

        using HttpResponseMessage part = await SendAsync(HttpMethod.Get, "text.txt", $"{Coded}|Range: bytes=10-|If-Range: {tag}");
        Assert.Equal((206, $"bytes 10-{compressed.Length - 1}/{compressed.Length}"), ((int)part.StatusCode, part.Content.Headers.ContentRange!.ToString()));
        Assert.Equal(compressed[10..], await part.Content.ReadAsByteArrayAsync());
        using HttpResponseMessage parts = await SendAsync(HttpMethod.Get, "text.txt", $"{Coded}|Range: bytes=0-3,8-9");
        Assert.Equal(206, (int)parts.StatusCode);
        Assert.Equal("gzip", parts.Content.Headers.ContentEncoding.Single());
        Assert.Contains("Content-Type: text/plain\r\n", Encoding.Latin1.GetString(await parts.Content.ReadAsByteArrayAsync()), StringComparison.Ordinal);

        // Uncompressed it is something else: neither the client's half of the one nor its copy of the other is of use.
        using HttpResponseMessage other = await SendAsync(HttpMethod.Get, "text.txt", $"Range: bytes=10-|If-Range: {tag}");
        Assert.Equal(s_text, await other.Content.ReadAsByteArrayAsync());
        using HttpResponseMessage kept = await SendAsync(HttpMethod.Get, "text.txt", $"If-None-Match: {tag}");
        Assert.Equal(200, (int)kept.StatusCode);
        using HttpResponseMessage same = await SendAsync(HttpMethod.Get, "text.txt", $"{Coded}|If-None-Match: {tag}");
        Assert.Equal((304, tag), ((int)same.StatusCode, same.Headers.ETag!.ToString()));
        Assert.Contains("Accept-Encoding", same.Headers.Vary);
        Assert.Empty(same.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task An_empty_file_has_no_part_but_can_be_had()
    {
        using HttpResponseMessage whole = await SendAsync(HttpMethod.Get, "empty.bin", "");
        Assert.Equal((200, 0L), ((int)whole.StatusCode, whole.Content.Headers.ContentLength));
        using HttpResponseMessage first = await SendAsync(HttpMethod.Get, "empty.bin", "Range: bytes=0-0");
        Assert.Equal((416, "bytes */0"), ((int)first.StatusCode, first.Content.Headers.ContentRange!.ToString()));
        using HttpResponseMessage last = await SendAsync(HttpMethod.Get, "empty.bin", "Range: bytes=-1");
        Assert.Equal(200, (int)last.StatusCode);
    }

    [Fact]
    public async Task A_file_that_changes_is_another()
    {
        using HttpResponseMessage first = await SendAsync(HttpMethod.Get, "data.bin", "");
        await File.WriteAllTextAsync(Path.Combine(_gateway.Web, "data.bin"), "changed");
        using HttpResponseMessage changed = await SendAsync(HttpMethod.Get, "data.bin", $"If-None-Match: {first.Headers.ETag}");
        Assert.Equal("changed", await changed.Content.ReadAsStringAsync());

        // A date in the future would be the date of no answer (RFC 9110, section 8.8.2.1).
        File.SetLastWriteTimeUtc(Path.Combine(_gateway.Web, "data.bin"), DateTime.UtcNow.AddDays(1));
        using HttpResponseMessage future = await SendAsync(HttpMethod.Get, "data.bin", "");
        Assert.InRange(future.Content.Headers.LastModified!.Value, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow);
    }

    private static Tidegate.Gateway.Services.Directory.DirectoryLocation Kept()
    {
        Assert.True(Tidegate.Gateway.Services.Directory.CacheControl.TryParse("max-age=1 hour", out Tidegate.Gateway.Services.Directory.CacheControl? hour, out _));
        return new() { Patterns = ["**/*"], CacheControl = hour };
    }

    private static string Date(int seconds) => s_modified.AddSeconds(seconds).ToString("R", CultureInfo.InvariantCulture);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string file, string headers)
    {
        using var request = new HttpRequestMessage(method, new Uri($"http://127.0.0.1:{_gateway.Port}/{file}"));
        foreach (string header in headers.Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = header.Split(": ", 2);
            Assert.True(request.Headers.TryAddWithoutValidation(parts[0], parts[1]));
        }

        return await _client.SendAsync(request);
    }
}
