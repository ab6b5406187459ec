using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Tests.Clients;
using static Tidegate.Gateway.Tests.Clients.ClientWire;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>A gateway of which some is for everybody and some is not.</summary>
public sealed class AttackedGateway : IAsyncLifetime
{
    internal GuardedGateway Gateway { get; private set; } = null!;

    public async Task InitializeAsync() => Gateway = await GuardedGateway.StartAsync(
        """
        <service><name>site</name><accept>http://127.0.0.1:0/</accept><type>directory</type><properties><directory>FILES</directory></properties></service>
        <service><name>private</name><accept>http://127.0.0.1:0/private</accept><type>directory</type>
          <properties><directory>FILES/private</directory></properties><realm-name>Basic</realm-name></service>
        <service><name>chat</name><accept>ws://127.0.0.1:0/chat</accept><connect>BACKEND</connect><type>proxy</type><realm-name>Basic</realm-name></service>
        <service><name>lib</name><accept>ws://127.0.0.1:0/lib</accept><connect>BACKEND</connect><type>proxy</type><realm-name>Application Basic</realm-name></service>
        """,
        usual: false,
        more: "<http-header>X-Token</http-header><http-query-parameter>token</http-query-parameter><http-cookie>token</http-cookie>");

    public async Task DisposeAsync() => await Gateway.DisposeAsync();
}

/// <summary>What an attacker who has read the source would try first.</summary>
public sealed class AdversarialTests(AttackedGateway attacked) : IClassFixture<AttackedGateway>
{
    private const string Frames = "\u0081\u0085\0\0\0\0hello";

    private GuardedGateway Gateway
    {
        get
        {
            // What failed in other tests is forgotten.
            attacked.Gateway.Time.Advance(TimeSpan.FromSeconds(20));
            return attacked.Gateway;
        }
    }

    private int Port => attacked.Gateway.Plain.Port;

    private static string Admin => $"Authorization: {UsersFile.Basic("admin", "admin")}\r\n";

    [Fact]
    public async Task Bytes_that_are_sent_before_the_answer_to_a_handshake_reach_nobody_when_it_is_refused()
    {
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);
        int before = Gateway.Connections;

        await client.SendAsync(RawClient.Handshake(Port, "/chat") + Frames + "\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 401 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        // What follows is no request.
        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.ReadToEndAsync();
        Assert.Equal(before, Gateway.Connections);
    }

    [Fact]
    public async Task A_request_that_follows_a_refused_handshake_is_asked_who_it_is_like_any_other()
    {
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);

        await client.SendAsync(RawClient.Handshake(Port, "/chat") + Get("/private/page.txt") + RawClient.Handshake(Port, "/lib") + Get("/page.txt"));

        Assert.Equal(["401", "401", "403", "200"], [await StatusAsync(client), await StatusAsync(client), await StatusAsync(client), await StatusAsync(client)]);
    }

    [Fact]
    public async Task A_login_is_of_one_request_and_not_of_its_connection()
    {
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);

        await client.SendAsync(Get("/private/page.txt", Admin) + Get("/private/page.txt"));

        string head = await client.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 200 ", head, StringComparison.Ordinal);
        await client.ReadAsync(GuardedGateway.Secret.Length);
        Assert.Equal("401", await StatusAsync(client));
    }

    [Theory]
    [InlineData("Content-Length: 5\r\n", "hello", "400")]
    [InlineData("Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "400")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n", "400")]
    public async Task A_handshake_with_a_body_is_none(string headers, string body, string status)
    {
        int before = Gateway.Connections;
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);

        await client.SendAsync(RawClient.Handshake(Port, "/chat", Admin + headers) + body);

        Assert.Equal(status, await StatusAsync(client));
        Assert.Equal(before, Gateway.Connections);
    }

    [Theory]
    [InlineData("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n")]
    [InlineData("Transfer-Encoding: chunked, chunked\r\n")]
    [InlineData("Transfer-Encoding: identity\r\n")]
    [InlineData("Content-Length: 0\r\nContent-Length: 40\r\n")]
    [InlineData("Content-Length: +0\r\n")]
    [InlineData("Transfer-Encoding : chunked\r\n")]
    [InlineData(" Transfer-Encoding: chunked\r\n")]
    public async Task A_request_whose_end_two_servers_would_see_in_two_places_hides_no_other(string headers)
    {
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);

        await client.SendAsync($"POST /page.txt HTTP/1.1\r\nHost: 127.0.0.1:{Port}\r\n{headers}\r\n0\r\n\r\n{Get("/private/page.txt", Admin)}");

        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(GuardedGateway.Secret, Encoding.Latin1.GetString(await client.ReadToEndAsync()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/private/page.txt", "401")]
    [InlineData("/private", "401")]
    [InlineData("/private/", "401")]
    [InlineData("//private/page.txt", "404")]
    [InlineData("///private//page.txt", "404")]
    [InlineData("/private//page.txt", "401")]
    [InlineData("/./private/page.txt", "401")]
    [InlineData("/x/../private/page.txt", "401")]
    [InlineData("/x/%2e%2e/private/page.txt", "401")]
    [InlineData("/private/../private/page.txt", "401")]
    [InlineData("/%70rivate/page.txt", "401")]
    [InlineData("/%2570rivate/page.txt", "404")]
    [InlineData("/private%2fpage.txt", "404")]
    [InlineData("/%2fprivate/page.txt", "404")]
    [InlineData("/%252fprivate/page.txt", "404")]
    [InlineData("/%5cprivate/page.txt", "404")]
    [InlineData("/\\private\\page.txt", "404")]
    [InlineData("/private;x=y/page.txt", "404")]
    [InlineData("/;x=y/private/page.txt", "404")]
    [InlineData("/x/..;/private/page.txt", "404")]
    [InlineData("/PRIVATE/page.txt", "404")]
    [InlineData("/private%00/page.txt", "400")]
    [InlineData("/private./page.txt", "404")]
    [InlineData("/private/page.txt?x=/page.txt", "401")]
    [InlineData("http://127.0.0.1:PORT/private/page.txt", "401")]
    [InlineData("http://127.0.0.1:PORT//private/page.txt", "404")]
    [InlineData("HTTP://127.0.0.1:PORT/private/page.txt", "400")]
    [InlineData("http://user@127.0.0.1:PORT/private/page.txt", "401")]
    [InlineData("*", "405")]
    public async Task A_protected_path_is_protected_however_it_is_written(string target, string status)
    {
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);

        await client.SendAsync($"GET {target.Replace("PORT", $"{Port}", StringComparison.Ordinal)} HTTP/1.1\r\nHost: 127.0.0.1:{Port}\r\nConnection: close\r\n\r\n");

        Assert.Equal(status, await StatusAsync(client));
        Assert.DoesNotContain(GuardedGateway.Secret, Encoding.Latin1.GetString(await client.ReadToEndAsync()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/private/page.txt", "GET", "401")]
    [InlineData("/private/page.txt", "HEAD", "401")]
    [InlineData("/private/page.txt", "POST", "401")]
    [InlineData("/private/page.txt", "OPTIONS", "401")]
    [InlineData("/private/page.txt", "TRACE", "401")]
    [InlineData("/private/page.txt", "get", "401")]
    [InlineData("/private/page.txt", "ANY", "401")]
    public async Task No_method_passes_by_the_login(string target, string method, string status)
    {
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);

        await client.SendAsync($"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{Port}\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal(status, await StatusAsync(client));
    }

    [Theory]
    [InlineData("/Chat")]
    [InlineData("/chat/")]
    [InlineData("//chat")]
    [InlineData("/%63hat")]
    [InlineData("/x/../chat")]
    [InlineData("/chat;x")]
    [InlineData("/chat%20")]
    public async Task A_websocket_is_at_its_path_and_nowhere_else(string path)
    {
        int before = Gateway.Connections;
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);

        await client.SendAsync(RawClient.Handshake(Port, path, Admin));

        Assert.Equal("404", await StatusAsync(client));
        Assert.Equal(before, Gateway.Connections);
    }

    [Theory]
    [InlineData("127.0.0.1:PORT", "401")]
    [InlineData("127.0.0.1:PORT.", "400")]
    [InlineData("LOCALHOST:PORT", "404")]
    [InlineData("127.1:PORT", "404")]
    [InlineData("2130706433:PORT", "404")]
    [InlineData("[::ffff:127.0.0.1]:PORT", "404")]
    [InlineData("127.0.0.1", "404")]
    [InlineData("127.0.0.1:PORT, evil.example", "400")]
    [InlineData("evil.example", "404")]
    [InlineData("", "400")]
    public async Task No_authority_leads_past_the_login(string host, string status)
    {
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);

        await client.SendAsync($"GET /private/page.txt HTTP/1.1\r\nHost: {host.Replace("PORT", $"{Port}", StringComparison.Ordinal)}\r\n\r\n");

        Assert.Equal(status, await StatusAsync(client));
    }

    [Fact]
    public async Task Two_hosts_are_no_host()
    {
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);

        await client.SendAsync($"GET /private/page.txt HTTP/1.1\r\nHost: 127.0.0.1:{Port}\r\nHost: 127.0.0.1:{Port}\r\n{Admin}\r\n");

        Assert.Equal("400", await StatusAsync(client));
    }

    [Theory]
    [InlineData("X-Token: a\r\nX-Token: b\r\n", "")]
    [InlineData("x-token: a\r\nX-TOKEN: b\r\n", "")]
    [InlineData("Cookie: token=a; token=b\r\n", "")]
    [InlineData("Cookie: token=a\r\nCookie: token=b\r\n", "")]
    [InlineData("Cookie: token=a\r\nX-Token: x\r\n", "?token=b")]
    [InlineData("", "?token=a&token=b")]
    [InlineData("", "?token=a&TOKEN=b")]
    [InlineData("", "?token=a&%74oken=b")]
    public async Task Credentials_that_come_twice_are_refused_and_not_chosen_from(string headers, string query)
    {
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);

        await client.SendAsync(Get("/private/page.txt" + query, Admin + headers));

        Assert.Equal("400", await StatusAsync(client));
    }

    [Fact]
    public async Task Credentials_longer_than_a_head_may_be_are_refused_with_it()
    {
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);

        await client.SendAsync(Get("/private/page.txt", $"Authorization: Basic {new string('A', 40_000)}\r\n"));

        Assert.Equal("431", await StatusAsync(client));
    }

    [Fact]
    public async Task An_answer_to_whom_a_cookie_let_in_is_kept_by_no_shared_cache_and_its_address_told_to_no_other_site()
    {
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);

        await client.SendAsync(Get("/private/page.txt?token=a-secret", Admin));

        string[] head = (await client.ReadHeadAsync()).Split("\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", head[0], StringComparison.Ordinal);
        Assert.Contains("Cache-Control: private", head);
        Assert.Contains("Referrer-Policy: same-origin", head);
    }

    [Fact]
    public async Task Nothing_that_was_shown_comes_into_the_log()
    {
        foreach (string path in (string[])["/private/page.txt", "/chat/;e/cbm", "/nowhere"])
        {
            foreach ((string headers, string query) in ((string, string)[])[("Cookie: token=s3cret-cookie\r\n", ""), ("X-Token: s3cret-header\r\n", ""), ("", "?token=s3cret-token"), ("X-Token: s3cret-header\r\n", "?token=s3cret-token")])
            {
                using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);
                await client.SendAsync(Get(path + query, $"Authorization: {UsersFile.Basic("admin", "s3cret-word")}\r\n{headers}X-WebSocket-Version: wseb-1.0\r\n"));
                Assert.Contains(await StatusAsync(client), (string[])["400", "401", "404"]);
            }
        }

        Assert.DoesNotContain(Gateway.Log.Lines, line => line.Contains("s3cret", StringComparison.Ordinal) || line.Contains(UsersFile.Basic("admin", "s3cret-word")["Basic ".Length..], StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Origin: http://evil.example\r\n")]
    [InlineData("Origin: null\r\n")]
    [InlineData("Origin: http://127.0.0.1:PORT.evil.example\r\n")]
    [InlineData("Origin: http://127.0.0.1:PORT@evil.example\r\n")]
    [InlineData("Origin: https://127.0.0.1:PORT\r\n")]
    [InlineData("Origin: http://127.0.0.1:PORT\r\nOrigin: http://evil.example\r\n")]
    [InlineData("Sec-WebSocket-Origin: http://127.0.0.1:PORT\r\nOrigin: http://evil.example\r\n")]
    [InlineData("X-Origin: http://evil.example\r\n")]
    public async Task A_page_of_another_site_hijacks_no_websocket_by_the_credentials_that_its_browser_sends(string headers)
    {
        headers = headers.Replace("PORT", $"{Port}", StringComparison.Ordinal);
        int before = Gateway.Connections;
        foreach (string offer in (string[])["", Offer])
        {
            using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);
            await client.SendAsync(RawClient.Handshake(Port, "/chat", Admin + headers + offer));
            Assert.Equal("403", await StatusAsync(client));
        }

        using RawClient emulated = await RawClient.ConnectAsync(Gateway.Plain);
        await emulated.SendAsync(Get("/chat/;e/cbm", Admin + "X-WebSocket-Version: wseb-1.0\r\n" + headers));
        string head = await emulated.ReadHeadAsync();
        Assert.True(head.Contains(" 403 ", StringComparison.Ordinal) || (await emulated.ReadHeadAsync()).Contains(" 403 ", StringComparison.Ordinal), head);
        Assert.Equal(before, Gateway.Connections);
    }

    [Fact]
    public async Task An_image_or_a_link_in_a_page_of_another_site_opens_no_emulated_websocket()
    {
        int before = Gateway.Connections;
        foreach (string headers in (string[])["", "Referer: http://evil.example/\r\nX-WebSocket-Version: wseb-1.0\r\n", "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"])
        {
            using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);
            await client.SendAsync(Get("/chat/;e/cbm", Admin + headers));
            Assert.Contains(await StatusAsync(client), (string[])["400", "403"]);
        }

        Assert.Equal(before, Gateway.Connections);
    }

    [Fact]
    public async Task The_id_of_an_emulated_websocket_can_not_be_guessed_and_is_good_where_it_was_opened_alone()
    {
        string origin = $"http://127.0.0.1:{Port}";
        using EmulatedClient opened = await EmulatedClient.CreateAtAsync(origin + "/chat/;e/cbm", Admin.TrimEnd());
        using EmulatedClient other = await EmulatedClient.CreateAtAsync(origin + "/chat/;e/cbm", Admin.TrimEnd());
        string id = new Uri(opened.Upstream).Segments[^1], second = new Uri(other.Upstream).Segments[^1];
        Assert.Equal(32, id.Length);
        Assert.True(id.Zip(second).Count(pair => pair.First != pair.Second) > 10, $"{id} and {second} are alike");

        using EmulatedClient thief = EmulatedClient.Stranger();
        foreach (string uri in (string[])
        [
            $"{origin}/chat/;e/db/{id[..^1]}{(id[^1] == '0' ? '1' : '0')}",
            $"{origin}/chat/;e/db/{id.ToUpperInvariant()}0",
            $"{origin}/chat/;e/db/*",
            $"{origin}/lib/;e/db/{id}",
            $"{origin}/chat//;e/db/{id}",
            $"http://127.0.0.1:{Port}/;e/db/{id}",
        ])
        {
            using HttpResponseMessage answer = await thief.SendAsync(HttpMethod.Get, uri, null);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        // Nor by a page that did not open it.
        using HttpResponseMessage foreign = await thief.SendAsync(HttpMethod.Post, opened.Upstream, [0x81, 0, 0], "Origin: http://evil.example");
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
    }

    [Fact]
    public async Task Whoever_says_that_a_handshake_follows_gets_no_further_than_to_be_asked()
    {
        int before = Gateway.Connections;
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);
        await client.SendAsync(RawClient.Handshake(Port, "/lib?.kl=Y", Offer) + "\u0082\u0085\0\0\0\0hello" + Frames);

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Stay);

        // Ten bytes are the beginning of a request, and time ends what is never one.
        await client.SendAsync(Frame("\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        await client.ReadToEndAsync();
        Assert.Equal(before, Gateway.Connections);
    }

    [Fact]
    public async Task What_is_sent_along_with_a_login_that_is_still_under_way_reaches_nobody()
    {
        int before = Gateway.Connections;
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);
        await client.SendAsync(RawClient.Handshake(Port, "/lib?.kl=Y", Offer));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Stay);
        byte[] wrong = Frame(Request("/lib", more: $"Authorization: {UsersFile.Basic("admin", "wrong")}\r\n"));

        await client.SendAsync((byte[])[.. wrong, .. Frame("early"), .. wrong]);

        string answer = await client.ReadResponseAsync();
        Assert.True(answer.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal) || answer.StartsWith("HTTP/1.1 401 ", StringComparison.Ordinal), answer);
        await client.SendAsync(Frame(0x88, []));
        await client.ReadToEndAsync();
        Assert.Equal(before, Gateway.Connections);
    }

    [Fact]
    public async Task Challenges_come_to_an_end()
    {
        using RawClient client = await RawClient.ConnectAsync(Gateway.Plain);
        await client.SendAsync(RawClient.Handshake(Port, "/lib", Offer));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        int asked = 0;
        for ((byte first, byte[] _) = (0x82, []); first == 0x82; asked++)
        {
            await client.SendAsync(Frame(Request("/lib")));
            (first, _) = await client.ReadFrameAsync();
        }

        // Ten more than the first, and the eleventh answer is followed by the end.
        Assert.Equal(12, asked);
    }

    private string Get(string path, string headers = "") => $"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{Port}\r\n{headers}\r\n";

    private static async Task<string> StatusAsync(RawClient client) => (await client.ReadHeadAsync()).Split(' ')[1];
}
