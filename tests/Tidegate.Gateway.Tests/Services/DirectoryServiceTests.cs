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
public sealed class DirectoryServiceTests : DirectoryTest
{
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
        Assert.Contains("files", await Client.GetStringAsync(new Uri($"http://127.0.0.1:{gateway.Port}/")), StringComparison.Ordinal);

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
        HttpResponseMessage redirect = await Client.GetAsync(new Uri($"http://127.0.0.1:{server.Served[0].Port}/a%20b/%C3%A9%2Fc/sub%20dir"));
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
    public async Task A_policy_file_of_the_directory_is_not_served()
    {
        await using RunningGateway gateway = await StartAsync(more: new() { ["clientaccesspolicy.xml"] = [1] });
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(gateway, "/clientaccesspolicy.xml")).StatusCode);
    }
}
