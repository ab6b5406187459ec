using System.Collections.Immutable;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services.Directory;

namespace Tidegate.Gateway.Tests.Services;

/// <summary>In which form a directory service sends a file, and what it says about it (compat.md 2.7).</summary>
public sealed class DirectoryContentTests : DirectoryTest
{
    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("br", "br")]
    [InlineData("gzip, br", "br")]
    [InlineData("gzip;q=1, br;q=0.5", "gzip")]
    [InlineData("br;q=0, gzip;q=0", null)]
    [InlineData("*", "br")]
    [InlineData("identity", null)]
    [InlineData("deflate", null)]
    [InlineData("", null)]
    public async Task Text_is_compressed_as_the_client_likes_it(string accepts, string? coding)
    {
        await using RunningGateway gateway = await StartAsync();
        for (int round = 0; round < 2; round++)
        {
            using HttpResponseMessage response = await GetAsync(gateway, "/a.txt", r => r.Headers.TryAddWithoutValidation("Accept-Encoding", accepts));
            byte[] content = await response.Content.ReadAsByteArrayAsync();

            Assert.Equal(coding, response.Content.Headers.ContentEncoding.SingleOrDefault());
            Assert.Contains("Accept-Encoding", response.Headers.Vary);
            Assert.Equal(content.Length, response.Content.Headers.ContentLength);
            Assert.Equal(coding is null, content.Length == Text.Length);
            Assert.Equal(Text, Decompressed(content, coding));
            Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
            // Another coding is another representation (RFC 9110, section 8.8.3.3).
            Assert.Equal(coding is not null, response.Headers.ETag!.Tag.EndsWith($"-{coding}\"", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task What_is_small_or_no_text_is_sent_as_it_is()
    {
        await using RunningGateway gateway = await StartAsync();
        foreach (string path in new[] { "/data.bin", "/sub/page.html" })
        {
            using HttpResponseMessage response = await GetAsync(gateway, path, r => r.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip, br"));
            Assert.Empty(response.Content.Headers.ContentEncoding);
        }
    }

    [Fact]
    public async Task A_file_compressed_in_advance_is_sent_unless_it_is_older()
    {
        await using RunningGateway gateway = await StartAsync();
        string file = Path.Combine(gateway.Web, "a.txt");
        await File.WriteAllTextAsync(file + ".br", "compressed in advance");
        File.SetLastWriteTimeUtc(file + ".br", File.GetLastWriteTimeUtc(file));
        async Task<HttpResponseMessage> AskAsync() => await GetAsync(gateway, "/a.txt", r => r.Headers.TryAddWithoutValidation("Accept-Encoding", "br"));

        using HttpResponseMessage ready = await AskAsync();
        Assert.Equal("compressed in advance", await ready.Content.ReadAsStringAsync());
        Assert.Equal(("br", "text/plain"), (ready.Content.Headers.ContentEncoding.Single(), ready.Content.Headers.ContentType!.MediaType));

        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(1));
        using HttpResponseMessage fresh = await AskAsync();
        Assert.Equal(Text, Decompressed(await fresh.Content.ReadAsByteArrayAsync(), "br"));
    }

    [Fact]
    public async Task A_file_that_has_changed_is_compressed_anew()
    {
        await using RunningGateway gateway = await StartAsync();
        async Task<byte[]> AskAsync() => Decompressed(
            await (await GetAsync(gateway, "/a.txt", r => r.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip"))).Content.ReadAsByteArrayAsync(), "gzip");
        Assert.Equal(Text, await AskAsync());
        byte[] changed = [.. Text.Reverse()];
        await File.WriteAllBytesAsync(Path.Combine(gateway.Web, "a.txt"), changed);
        File.SetLastWriteTimeUtc(Path.Combine(gateway.Web, "a.txt"), DateTime.UtcNow.AddMinutes(1));
        Assert.Equal(changed, await AskAsync());
    }

    [Fact]
    public async Task Types_are_the_operators_then_the_gateways_then_the_usual_ones()
    {
        await using RunningGateway gateway = await StartAsync(
            mimeTypes: ImmutableDictionary<string, string>.Empty.Add("bin", "application/x-own").Add("txt", "text/x-own; charset=utf-8"),
            more: new() { ["s.JS"] = [], ["m.wasm"] = [], ["i.avif"] = [], ["n"] = [], ["o.strange"] = [] });
        foreach ((string path, string type) in new[]
        {
            ("/data.bin", "application/x-own"), ("/a.txt", "text/x-own; charset=utf-8"), ("/s.JS", "text/javascript"), ("/m.wasm", "application/wasm"),
            ("/i.avif", "image/avif"), ("/n", "application/octet-stream"), ("/o.strange", "application/octet-stream"), ("/", "text/html"),
        })
        {
            Assert.Equal((path, type), (path, (await GetAsync(gateway, path)).Content.Headers.ContentType?.ToString()));
        }
    }

    [Fact]
    public async Task Caches_are_told_what_the_locations_say()
    {
        DirectoryLocation Location(string patterns, string control)
        {
            Assert.True(CacheControl.TryParse(control, out CacheControl? parsed, out _));
            return new() { Patterns = [.. patterns.Split(' ')], CacheControl = parsed };
        }

        await using RunningGateway gateway = await StartAsync(o => o with
        {
            Locations = [Location("**/*", "max-age=1 year, public"), Location("sub/** *.BIN", "max-age=m+1 hour"), Location("data.*", "no-cache, private")],
        });
        File.SetLastWriteTimeUtc(Path.Combine(gateway.Web, "data.bin"), DateTime.UtcNow.AddMinutes(-30));
        File.SetLastWriteTimeUtc(Path.Combine(gateway.Web, "sub", "page.html"), DateTime.UtcNow.AddDays(-1));

        HttpResponseMessage text = await GetAsync(gateway, "/a.txt");
        Assert.Equal("public, max-age=31536000", text.Headers.NonValidated["Cache-Control"].ToString());
        HttpResponseMessage page = await GetAsync(gateway, "/sub/page.html");
        Assert.Equal("public, max-age=0", page.Headers.NonValidated["Cache-Control"].ToString());
        HttpResponseMessage data = await GetAsync(gateway, "/data.bin");
        string control = data.Headers.NonValidated["Cache-Control"].ToString();
        Assert.StartsWith("no-cache, private, max-age=", control, StringComparison.Ordinal);
        Assert.InRange(int.Parse(control.Split('=')[1], CultureInfo.InvariantCulture), 1700, 1800);
        Assert.InRange(data.Content.Headers.Expires!.Value, DateTimeOffset.UtcNow.AddMinutes(28), DateTimeOffset.UtcNow.AddMinutes(31));
    }

    [Fact]
    public async Task A_file_that_can_not_be_read_is_not_found_and_says_so_to_other_origins_and_caches()
    {
        // What even the superuser can not read, and yet has a length.
        const string Unreadable = "/sys/bus/cpu/drivers_probe";
        if (!File.Exists(Unreadable))
        {
            return;
        }

        await using RunningGateway gateway = await RunningGateway.StartAsync(
            directory: o => o with { FollowSymbolicLinks = true, Locations = [new() { Patterns = ["**/*"], CacheControl = new() { Words = ["public"] } }] },
            constraints: [new CrossSiteConstraint { AllowOrigin = "*", Position = new SourcePosition("test.xml", 1, 1) }]);
        foreach (string name in new[] { "x.txt", "x.bin" })
        {
            File.CreateSymbolicLink(Path.Combine(gateway.Web, name), Unreadable);
            using HttpResponseMessage response = await GetAsync(gateway, "/" + name, request =>
            {
                request.Headers.Add("Origin", "http://elsewhere.example");
                request.Headers.Add("Accept-Encoding", "gzip");
            });

            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            Assert.Contains("Origin", response.Headers.Vary);
            Assert.Equal("http://elsewhere.example", Assert.Single(response.Headers.GetValues("Access-Control-Allow-Origin")));
            Assert.Null(response.Headers.ETag);
            Assert.Null(response.Headers.CacheControl);
            Assert.Empty(response.Headers.AcceptRanges);
            Assert.Empty(response.Content.Headers.ContentEncoding);
            Assert.Null(response.Content.Headers.LastModified);
            Assert.Empty(await response.Content.ReadAsByteArrayAsync());
        }
    }

    private static byte[] Decompressed(byte[] content, string? coding)
    {
        using var source = new MemoryStream(content);
        using Stream stream = coding switch
        {
            "br" => new BrotliStream(source, CompressionMode.Decompress),
            "gzip" => new GZipStream(source, CompressionMode.Decompress),
            _ => source,
        };
        using var result = new MemoryStream();
        stream.CopyTo(result);
        return result.ToArray();
    }
}
