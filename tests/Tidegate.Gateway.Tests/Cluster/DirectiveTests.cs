using System.Text;
using Tidegate.Gateway.Tests.Clients;
using static Tidegate.Gateway.Tests.Clients.ClientWire;
using static Tidegate.Gateway.Tests.Cluster.ClusteredGateway;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>Where a balancer sends the client libraries of the old gateway: docs/spec/clients.md, chapter 2, and compat.md, 5.4.</summary>
public sealed class DirectiveTests
{
    private const string Redirecting = "<unaware.clients>redirect</unaware.clients>";
    private const string Version8 = "Sec-WebSocket-Version: 8\r\n";

    [Theory]
    [InlineData("")]
    [InlineData(Redirecting)]
    public async Task A_client_that_understands_directives_is_told_the_members_address_in_the_place_of_the_second_one(string properties)
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer(properties) + Echo(accept: "ws://127.0.0.1:0/other"));
        (string head, RawClient client) = await gateway.HandshakeAsync("?a=b&.kl=Y", Offer);
        using RawClient disposed = client;

        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame(Request("/echo?a=b")));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Empty);
        Assert.Equal($"\u00ef\u0083\u00bfRws://127.0.0.1:{gateway.At("ws", "/other").Port}/other?a=b&.kl=Y", await client.ReadResponseAsync());

        // It closes, waits for the end, and begins again there.
        await client.SendAsync(Frame(0x88, []));
        Assert.Equal([0x88, 2, 0x03, 0xe8], await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Where_the_client_is_sent_the_whole_handshake_begins_again_with_the_old_path_inside()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer() + Echo(accept: "ws://127.0.0.1:0/other"));
        using RawClient client = await RawClient.ConnectAsync(gateway.At("ws", "/other"));
        await client.SendAsync(RawClient.Handshake(gateway.At("ws", "/other").Port, "/other?.kl=Y&.kl=Y", Offer));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame(Request("/echo")));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Empty);
        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame("there"));
        Assert.Equal("there", Encoding.UTF8.GetString(await client.ReadMessageAsync()));
    }

    [Fact]
    public async Task Without_the_inner_handshake_the_first_message_is_the_address_and_the_end_follows()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer() + Echo(accept: "ws://127.0.0.1:0/other"));
        (string head, RawClient client) = await gateway.HandshakeAsync("?.kl=Y");
        using RawClient disposed = client;

        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.Equal($"\u00ef\u0083\u00bfRws://127.0.0.1:{gateway.At("ws", "/other").Port}/other?.kl=Y", await client.ReadResponseAsync());
        await client.ExpectAsync(0x88, 2, 0x03, 0xe8);
    }

    [Fact]
    public async Task Where_nobody_has_the_service_the_directive_names_no_place()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer());
        (string _, RawClient plain) = await gateway.HandshakeAsync("?.kl=Y");
        (string _, RawClient inner) = await gateway.HandshakeAsync("?.kl=Y", Offer);
        using RawClient first = plain, second = inner;

        await plain.ExpectAsync(0x82, 4, 0xef, 0x83, 0xbf, (byte)'R', 0x88, 2, 0x03, 0xe8);
        await inner.ExpectAsync(Stay);
        await inner.SendAsync(Frame(Request()));
        Assert.StartsWith("HTTP/1.1 101 ", await inner.ReadResponseAsync(), StringComparison.Ordinal);
        await inner.ExpectAsync([.. Empty, 0x82, 4, 0xef, 0x83, 0xbf, (byte)'R', 0x88, 2, 0x03, 0xe8]);
        Assert.Contains(gateway.Log.All, line => line.Contains("no available balancee URI was found", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_that_does_not_say_that_it_understands_them_is_relayed_and_the_member_plays_the_inner_handshake()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(
            Balancer() + Echo(Balance, "ws://127.0.0.1:0/other").Replace(
                "</type>", "</type><accept-options><ws.subprotocols>two</ws.subprotocols></accept-options>", StringComparison.Ordinal));
        (string head, RawClient client) = await gateway.HandshakeAsync(more: "Sec-WebSocket-Protocol: x-kaazing-handshake, two\r\n");
        using RawClient disposed = client;

        Assert.Contains("Sec-WebSocket-Protocol: x-kaazing-handshake", head.Split("\r\n"));
        await client.SendAsync((byte[])[.. Frame(Request(protocols: "two")), .. Frame("on")]);
        Assert.Contains("Sec-WebSocket-Protocol: two", Encoding.ASCII.GetString(await client.ReadMessageOfAnyLengthAsync()).Split("\r\n"));
        Assert.Equal("on", Encoding.UTF8.GetString(await client.ReadMessageAsync()));
    }

    [Fact]
    public async Task Where_unaware_clients_are_redirected_the_inner_answer_is_302()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer(Redirecting) + Echo(accept: "ws://127.0.0.1:0/other"));
        (string head, RawClient client) = await gateway.HandshakeAsync("?a=b", Offer);
        using RawClient disposed = client;

        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame(Request()));
        string[] response = (await client.ReadResponseAsync()).Split("\r\n");
        Assert.StartsWith("HTTP/1.1 302 ", response[0], StringComparison.Ordinal);
        Assert.Contains($"Location: http://127.0.0.1:{gateway.At("ws", "/other").Port}/other?a=b", response);
        await client.ExpectAsync(0x88, 2, 0x03, 0xe8);
    }

    [Fact]
    public async Task Where_unaware_clients_are_redirected_and_nobody_has_the_service_the_inner_answer_is_503()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer(Redirecting));
        (string _, RawClient client) = await gateway.HandshakeAsync(more: Offer);
        using RawClient disposed = client;
        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame(Request()));
        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/echo/;e/cbm", "/other/;e/cbm")]
    [InlineData("/echo/;e/ctem?a=b&.kn=1", "/other/;e/ctem?a=b&.kn=1")]
    public async Task A_client_of_the_emulation_is_redirected_where_it_opens_a_session(string asked, string location)
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer() + Echo(accept: "ws://127.0.0.1:0/other"));
        await using ClusteredGateway alone = await StartAloneAsync(Balancer());
        using RawClient client = await RawClient.ConnectAsync(gateway.At("ws", "/echo"));
        using RawClient unserved = await RawClient.ConnectAsync(alone.At("ws", "/echo"));
        string request = $"GET {asked} HTTP/1.1\r\nHost: balancer.example\r\n\r\n";
        await client.SendAsync(request);
        await unserved.SendAsync(request);

        string[] head = (await client.ReadHeadAsync()).Split("\r\n");
        Assert.StartsWith("HTTP/1.1 302 ", head[0], StringComparison.Ordinal);
        Assert.Contains($"Location: http://127.0.0.1:{gateway.At("ws", "/other").Port}{location}", head);
        Assert.StartsWith("HTTP/1.1 503 ", await unserved.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://page.example:8080", "302 Found", "503 Service Unavailable")]
    [InlineData("http://evil.example:80", "403 Forbidden", "403 Forbidden")]
    public async Task A_client_in_a_page_of_another_origin_is_redirected_within_the_answer(string origin, string status, string unservedStatus)
    {
        const string Constraint = "<cross-site-constraint><allow-origin>http://page.example:8080</allow-origin></cross-site-constraint></service>";
        string balancer = Balancer().Replace("</service>", Constraint, StringComparison.Ordinal);
        await using ClusteredGateway gateway = await StartAloneAsync(balancer + Echo(accept: "ws://127.0.0.1:0/other"));
        await using ClusteredGateway alone = await StartAloneAsync(balancer);
        using RawClient client = await RawClient.ConnectAsync(gateway.At("ws", "/echo"));
        using RawClient unserved = await RawClient.ConnectAsync(alone.At("ws", "/echo"));
        string request = $"GET /echo/;e/ctm?.kn=1 HTTP/1.1\r\nHost: balancer.example\r\nX-Origin: {origin}\r\nX-WebSocket-Version: wseb-1.0\r\n\r\n";
        await client.SendAsync(request);
        await unserved.SendAsync(request);

        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        string[] inner = (await client.ReadHeadAsync()).Split("\r\n");
        Assert.Equal($"HTTP/1.1 {status}", inner[0]);
        Assert.Equal(status.StartsWith('3') ? 1 : 0, inner.Count(line => line == $"Location: http://127.0.0.1:{gateway.At("ws", "/other").Port}/other/;e/ctm?.kn=1"));
        Assert.StartsWith("HTTP/1.1 200 ", await unserved.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.StartsWith($"HTTP/1.1 {unservedStatus}", await unserved.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_told_within_the_websocket_goes_where_the_policy_and_its_cookie_send_all_others()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(
            Balancer($"{Redirecting}<policy>hash</policy><hash.query>user</hash.query>")
            + string.Concat(Enumerable.Range(0, 3).Select(i => Echo(accept: $"ws://127.0.0.1:0/other{i}").Replace("<name>echo</name>", $"<name>echo{i}</name>", StringComparison.Ordinal))));
        var places = new HashSet<string>();
        string? cookie = null, place = null;
        for (int user = 0; user < 40; user++)
        {
            (string head, RawClient other) = await gateway.HandshakeAsync($"?user={user}");
            other.Dispose();
            string location = Line(head, "Location: http://").Split('?')[0];
            places.Add(location);
            (cookie, place) = cookie is null ? (Line(head, "Set-Cookie: ").Split(';')[0], location) : (cookie, place);

            Assert.Equal(location, await ToldAsync(user, ""));
            Assert.Equal(place, await ToldAsync(user, $"Cookie: {cookie}\r\n"));
        }

        Assert.Equal(3, places.Count);

        async Task<string> ToldAsync(int user, string more)
        {
            (string _, RawClient client) = await gateway.HandshakeAsync($"?user={user}&.kl=Y", more);
            using RawClient disposed = client;
            return (await client.ReadResponseAsync()).Split('?')[0]["\u00ef\u0083\u00bfRws://".Length..];
        }
    }

    [Fact]
    public async Task A_client_of_the_emulation_gets_the_cookie_and_goes_back_by_it()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer("<policy>round-robin</policy>")
            + string.Concat(Enumerable.Range(0, 2).Select(i => Echo(accept: $"ws://127.0.0.1:0/other{i}").Replace("<name>echo</name>", $"<name>echo{i}</name>", StringComparison.Ordinal))));

        string first = await CreateAsync("");
        string cookie = Line(first, "Set-Cookie: ");
        string again = await CreateAsync($"Cookie: {cookie.Split(';')[0]}\r\n");

        Assert.EndsWith("; Path=/echo; HttpOnly; SameSite=Lax", cookie, StringComparison.Ordinal);
        Assert.Equal(Line(first, "Location: "), Line(again, "Location: "));
        Assert.DoesNotContain("Set-Cookie", again, StringComparison.Ordinal);

        async Task<string> CreateAsync(string more)
        {
            using RawClient client = await RawClient.ConnectAsync(gateway.At("ws", "/echo"));
            await client.SendAsync($"GET /echo/;e/cbm HTTP/1.1\r\nHost: balancer.example\r\n{more}\r\n");
            return await client.ReadHeadAsync();
        }
    }

    [Theory]
    [InlineData("", false)]
    [InlineData(Redirecting, true)]
    public async Task A_client_of_version_8_is_told_where_redirects_are_wanted_and_relayed_elsewhere(string properties, bool told)
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer(properties) + Echo(accept: "ws://127.0.0.1:0/other"));
        using RawClient client = await RawClient.ConnectAsync(gateway.At("ws", "/echo"));
        await client.SendAsync(RawClient.Handshake(80)
            .Replace("127.0.0.1:80", "balancer.example", StringComparison.Ordinal)
            .Replace("Sec-WebSocket-Version: 13\r\n", Version8, StringComparison.Ordinal));

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        if (told)
        {
            Assert.Equal($"\u00ef\u0083\u00bfRws://127.0.0.1:{gateway.At("ws", "/other").Port}/other", await client.ReadResponseAsync());
            return;
        }

        await client.SendAsync(Frame("on"));
        Assert.Equal("on", Encoding.UTF8.GetString(await client.ReadMessageAsync()));
    }

    [Fact]
    public async Task The_origin_of_a_client_of_version_8_reaches_the_member_that_it_is_relayed_to()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(
            Balancer(more: "<cross-site-constraint><allow-origin>*</allow-origin></cross-site-constraint>") + Echo(accept: "ws://127.0.0.1:0/other"));
        using RawClient client = await RawClient.ConnectAsync(gateway.At("ws", "/echo"));
        await client.SendAsync(RawClient.Handshake(80, more: "Sec-WebSocket-Origin: http://page.example\r\n")
            .Replace("127.0.0.1:80", "balancer.example", StringComparison.Ordinal)
            .Replace("Sec-WebSocket-Version: 13\r\n", Version8, StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 403 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    private static string Line(string head, string start) =>
        head.Split("\r\n").Single(line => line.StartsWith(start, StringComparison.Ordinal))[start.Length..];
}
