using System.Collections.Immutable;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services.Directory;

namespace Tidegate.Gateway.Tests.Services;

/// <summary>What a directory service sends for which path (compat.md 2.7), over real connections and from real files.</summary>
public sealed class DirectoryServiceTests : IDisposable
{
    private static readonly byte[] s_text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 2000).Select(i => $"line {i}\n")));

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None });

    public void Dispose() => _client.Dispose();

    [Theory]
    // The server reads a path once: what is still encoded then is no file's name.
    [InlineData("/../outside.txt", 404)]
    [InlineData("/%2e%2e/outside.txt", 404)]
    [InlineData("/%2E%2E%2Foutside.txt", 404)]
    [InlineData("/..%2foutside.txt", 404)]
    [InlineData("/%252e%252e/outside.txt", 404)]
    [InlineData("/%252e%252e%252foutside.txt", 404)]
    [InlineData("/..%5coutside.txt", 400)]
    [InlineData("/%2e%2e%5coutside.txt", 400)]
    [InlineData("/..\\outside.txt", 400)]
    [InlineData("/%c0%ae%c0%ae/outside.txt", 404)]
    [InlineData("/%c0%ae%c0%ae%c0%afoutside.txt", 404)]
    [InlineData("/%e0%80%ae%e0%80%ae/outside.txt", 404)]
    [InlineData("/%uff0e%uff0e/outside.txt", 404)]
    [InlineData("/a.txt%00", 400)]
    [InlineData("/a.txt%00.html", 400)]
    [InlineData("/a.txt%0a", 400)]
    [InlineData("/sub/../../outside.txt", 404)]
    [InlineData("/....//outside.txt", 404)]
    [InlineData("//etc/passwd", 404)]
    [InlineData("/.git/config", 404)]
    [InlineData("/.hidden", 404)]
    [InlineData("/a.txt/", 404)]
    [InlineData("/A.txt", 404)]
    // What stays inside is served.
    [InlineData("/sub/../a.txt", 200)]
    [InlineData("/./a.txt", 200)]
    [InlineData("/%61.txt", 200)]
    [InlineData("//a.txt", 200)]
    [InlineData("/a.txt?query", 200)]
    [InlineData("/.well-known/security.txt", 200)]
    [InlineData("/a%20b%25.txt", 200)]
    public async Task No_path_leads_out_of_the_directory(string target, int status)
    {
        await using RunningGateway gateway = await StartAsync();
        await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(gateway.Web)!, "outside.txt"), "secret");
        try
        {
            using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
            await client.SendAsync($"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\nConnection: close\r\n\r\n");
            string answer = Encoding.Latin1.GetString(await client.ReadToEndAsync());

            Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", answer, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(Path.Combine(Path.GetDirectoryName(gateway.Web)!, "outside.txt"));
        }
    }

    [Theory]
    [InlineData(false, 404)]
    [InlineData(true, 200)]
    public async Task Links_that_lead_out_are_followed_only_where_that_is_configured(bool follow, int status)
    {
        using var elsewhere = new ScratchDirectory();
        Directory.CreateDirectory(Path.Combine(elsewhere.Path, "d"));
        await File.WriteAllTextAsync(Path.Combine(elsewhere.Path, "d", "x.txt"), "elsewhere");
        await using RunningGateway gateway = await StartAsync(o => o with { FollowSymbolicLinks = follow, Indexes = true });
        File.CreateSymbolicLink(Path.Combine(gateway.Web, "out.txt"), Path.Combine(elsewhere.Path, "d", "x.txt"));
        Directory.CreateSymbolicLink(Path.Combine(gateway.Web, "out"), elsewhere.Path);
        File.CreateSymbolicLink(Path.Combine(gateway.Web, "hop.txt"), Path.Combine(gateway.Web, "out.txt"));
        // Inside, and one that goes out by a relative path and comes back.
        File.CreateSymbolicLink(Path.Combine(gateway.Web, "in.txt"), "a.txt");
        Directory.CreateSymbolicLink(Path.Combine(gateway.Web, "again"), "../" + Path.GetFileName(gateway.Web) + "/sub");
        File.CreateSymbolicLink(Path.Combine(gateway.Web, "loop"), "loop");

        foreach (string path in new[] { "/out.txt", "/out/d/x.txt", "/out/", "/hop.txt" })
        {
            Assert.Equal((path, status), (path, (int)(await GetAsync(gateway, path)).StatusCode));
        }

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(gateway, "/in.txt")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(gateway, "/again/page.html")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(gateway, "/loop")).StatusCode);
    }

    [Fact]
    public async Task What_was_served_a_moment_ago_is_looked_for_again()
    {
        using var elsewhere = new ScratchDirectory();
        string inside = Path.Combine(elsewhere.Path, "secret.txt");
        await File.WriteAllTextAsync(inside, "secret");
        await using RunningGateway gateway = await StartAsync();
        string file = Path.Combine(gateway.Web, "sub", "page.html");
        foreach (Action change in new Action[]
        {
            () => File.CreateSymbolicLink(file, inside),
            () => Directory.CreateDirectory(file),
            () => { },
        })
        {
            await File.WriteAllTextAsync(file, "public");
            File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(inside));
            Assert.Equal("public", await (await GetAsync(gateway, "/sub/page.html")).Content.ReadAsStringAsync());
            File.Delete(file);
            change();
            using HttpResponseMessage after = await GetAsync(gateway, "/sub/page.html");
            Assert.Equal(Directory.Exists(file) ? HttpStatusCode.Found : HttpStatusCode.NotFound, after.StatusCode);
            Assert.Empty(await after.Content.ReadAsByteArrayAsync());
            if (Directory.Exists(file))
            {
                Directory.Delete(file);
            }
            else
            {
                File.Delete(file);
            }
        }
    }

    [Fact]
    public async Task A_directory_gets_its_slash_and_then_its_welcome_file_before_a_list()
    {
        await using RunningGateway gateway = await StartAsync(o => o with { Indexes = true });
        HttpResponseMessage redirect = await GetAsync(gateway, "/sub?query=1");
        Assert.Equal((HttpStatusCode.Found, "/sub/"), (redirect.StatusCode, redirect.Headers.Location!.OriginalString));
        // Not to another host.
        Assert.Equal("/sub/", (await GetAsync(gateway, "//sub")).Headers.Location!.OriginalString);
        Assert.Contains("files", await _client.GetStringAsync(new Uri($"http://127.0.0.1:{gateway.Port}/")), StringComparison.Ordinal);

        string list = await (await GetAsync(gateway, "/sub/")).Content.ReadAsStringAsync();
        Assert.Contains("<a href=\"./page.html\">page.html</a>", list, StringComparison.Ordinal);
        Assert.Contains("<a href=\"../\">", list, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_at_a_path_that_is_percent_encoded_gets_its_slash_there()
    {
        using var scratch = new ScratchDirectory();
        Directory.CreateDirectory(Path.Combine(scratch.Path, "sub dir"));
        GatewayConfiguration configuration = ConfigurationReader.Parse(
            "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\"><service><name>f</name><accept>http://127.0.0.1:0/a%20b/%C3%A9%2Fc</accept>" +
            "<type>directory</type><properties><directory>/</directory></properties></service></gateway-config>",
            "test.xml");
        await using GatewayServer server = await GatewayServer.StartAsync(
            configuration, new GatewayServerOptions { WebDirectory = scratch.Path, Loops = 1 }, NullLoggerFactory.Instance, CancellationToken.None);
        HttpResponseMessage redirect = await _client.GetAsync(new Uri($"http://127.0.0.1:{server.Served[0].Port}/a%20b/%C3%A9%2Fc/sub%20dir"));
        Assert.Equal((HttpStatusCode.Found, "/a%20b/%C3%A9%2Fc/sub%20dir/"), (redirect.StatusCode, redirect.Headers.Location?.OriginalString));
    }

    [Fact]
    public async Task What_is_no_file_but_a_queue_keeps_nobody_waiting()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await using RunningGateway gateway = await StartAsync();
        using (var make = System.Diagnostics.Process.Start("mkfifo", [Path.Combine(gateway.Web, "queue.bin")]))
        {
            await make.WaitForExitAsync();
            Assert.Equal(0, make.ExitCode);
        }

        HttpResponseMessage answer = await GetAsync(gateway, "/queue.bin").WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_list_shows_directories_first_and_names_escaped()
    {
        await using RunningGateway gateway = await StartAsync(o => o with { Indexes = true, WelcomeFile = null });
        await File.WriteAllTextAsync(Path.Combine(gateway.Web, "<img src=x onerror=alert(1)>.txt"), "x");
        await File.WriteAllTextAsync(Path.Combine(gateway.Web, "javascript:alert(1)"), "x");

        HttpResponseMessage response = await GetAsync(gateway, "/");
        string list = await response.Content.ReadAsStringAsync();

        Assert.Equal("text/html; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.DoesNotContain("<img", list, StringComparison.Ordinal);
        Assert.Contains("&lt;img src=x onerror=alert(1)&gt;.txt", list, StringComparison.Ordinal);
        Assert.Contains("href=\"./javascript%3Aalert%281%29\"", list, StringComparison.Ordinal);
        Assert.InRange(list.IndexOf(">sub/<", StringComparison.Ordinal), 1, list.IndexOf(">a.txt<", StringComparison.Ordinal));
        Assert.DoesNotContain(".git", list, StringComparison.Ordinal);
        Assert.DoesNotContain("Parent", list, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(await StartAsync(o => o with { WelcomeFile = null }), "/")).StatusCode);
    }

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
            Assert.Equal(coding is null, content.Length == s_text.Length);
            Assert.Equal(s_text, Decompressed(content, coding));
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
        Assert.Equal(s_text, Decompressed(await fresh.Content.ReadAsByteArrayAsync(), "br"));
    }

    [Fact]
    public async Task A_file_that_has_changed_is_compressed_anew()
    {
        await using RunningGateway gateway = await StartAsync();
        async Task<byte[]> AskAsync() => Decompressed(
            await (await GetAsync(gateway, "/a.txt", r => r.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip"))).Content.ReadAsByteArrayAsync(), "gzip");
        Assert.Equal(s_text, await AskAsync());
        byte[] changed = [.. s_text.Reverse()];
        await File.WriteAllBytesAsync(Path.Combine(gateway.Web, "a.txt"), changed);
        File.SetLastWriteTimeUtc(Path.Combine(gateway.Web, "a.txt"), DateTime.UtcNow.AddMinutes(1));
        Assert.Equal(changed, await AskAsync());
    }

    [Fact]
    public async Task HEAD_is_GET_without_the_body()
    {
        await using RunningGateway gateway = await StartAsync(o => o with { Indexes = true });
        foreach (string path in new[] { "/a.txt", "/sub/", "/missing", "/data.bin" })
        {
            using HttpResponseMessage get = await GetAsync(gateway, path, r => r.Headers.TryAddWithoutValidation("Accept-Encoding", "br"));
            using HttpResponseMessage head = await GetAsync(gateway, path, r =>
            {
                r.Method = HttpMethod.Head;
                r.Headers.TryAddWithoutValidation("Accept-Encoding", "br");
            });
            Assert.Equal(get.StatusCode, head.StatusCode);
            Assert.Equal(get.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
            Assert.Equal(get.Headers.ETag, head.Headers.ETag);
            Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        }
    }

    [Fact]
    public async Task Error_pages_are_sent_for_400_404_and_405()
    {
        using var pages = new ScratchDirectory();
        foreach (int status in new[] { 400, 404, 405 })
        {
            await File.WriteAllTextAsync(Path.Combine(pages.Path, $"{status}.html"), $"page of {status}");
        }

        await using RunningGateway gateway = await StartAsync(o => o with { ErrorPagesDirectory = new Uri(pages.Path).AbsoluteUri });
        foreach ((string path, HttpMethod method, int status) in new[]
        {
            ("/a%5cb", HttpMethod.Get, 400), ("/missing", HttpMethod.Get, 404), ("/", HttpMethod.Delete, 405),
        })
        {
            using HttpResponseMessage response = await GetAsync(gateway, path, r => r.Method = method);
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Equal($"page of {status}", await response.Content.ReadAsStringAsync());
            Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        }
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
    public async Task A_policy_file_of_the_directory_is_not_served()
    {
        await using RunningGateway gateway = await StartAsync(more: new() { ["clientaccesspolicy.xml"] = [1] });
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(gateway, "/clientaccesspolicy.xml")).StatusCode);
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

    private static Task<RunningGateway> StartAsync(
        Func<DirectoryOptions, DirectoryOptions>? directory = null, ImmutableDictionary<string, string>? mimeTypes = null, Dictionary<string, byte[]>? more = null)
    {
        var files = new Dictionary<string, byte[]>(more ?? [])
        {
            ["a.txt"] = s_text,
            ["data.bin"] = s_text,
            ["a b%.txt"] = [1],
            ["sub/page.html"] = [.. "<p>page"u8],
            ["sub2/x"] = [],
            [".hidden"] = [1],
            [".git/config"] = [1],
            [".well-known/security.txt"] = [1],
        };
        return RunningGateway.StartAsync(files: files, directory: directory, mimeTypes: mimeTypes);
    }

    private async Task<HttpResponseMessage> GetAsync(RunningGateway gateway, string path, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://127.0.0.1:{gateway.Port}{path}"));
        change?.Invoke(request);
        return await _client.SendAsync(request);
    }
}
