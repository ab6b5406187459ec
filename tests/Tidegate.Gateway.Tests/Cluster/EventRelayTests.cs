using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Tests.Clients;
using static Tidegate.Gateway.Tests.Cluster.ClusteredGateway;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>
/// Streams of events of pages that are of neither the balancer's origin nor the member's: behind a redirect their browser would say <c>null</c>. And what a
/// browser sees that comes back to another member than the one it was at.
/// </summary>
public sealed class EventRelayTests : IDisposable
{
    private const string Page = "http://page.example";
    private const string Constraint = $"<cross-site-constraint><allow-origin>{Page}:80</allow-origin></cross-site-constraint>";
    private const string Balance = "sse://balancer.example/news";
    private static readonly TimeSpan s_never = TimeSpan.FromHours(1);

    private readonly BackEndServer _backEnd = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_page_of_a_third_origin_has_its_stream_relayed_and_others_are_redirected(bool clustered)
    {
        string services = Balancer(accept: Balance, more: Constraint) + News("");
        await using ClusteredGateway gateway = clustered ? await StartAsync(services) : await StartAloneAsync(services);
        using EventClient client = await AskAsync(gateway, Page);
        Assert.Equal(HttpStatusCode.OK, client.Response.StatusCode);
        Assert.Equal("text/event-stream", client.Response.Content.Headers.ContentType!.ToString());
        Assert.Equal(Page, client.Response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync("one"u8.ToArray());
        (string id, string data) = await client.NextAsync();
        Assert.Equal("one", data);

        // Whoever comes back the same way goes on.
        client.Dispose();
        using EventClient again = await AskAsync(gateway, Page, $"Last-Event-ID: {id}");
        await server.SendAsync("two"u8.ToArray());
        Assert.Equal((id[..^1] + "2", "two"), await again.NextAsync());

        // Of the balancer's own origin a browser says the same behind the redirect; and who is no page says none.
        using EventClient own = await AskAsync(gateway, "http://balancer.example");
        Assert.Equal(HttpStatusCode.Found, own.Response.StatusCode);
        using EventClient nobody = await AskAsync(gateway, null);
        Assert.Equal(HttpStatusCode.Found, nobody.Response.StatusCode);
        using EventClient stranger = await AskAsync(gateway, "http://evil.example");
        Assert.Equal(HttpStatusCode.Forbidden, stranger.Response.StatusCode);

        // What a member has sent here goes no further.
        using EventClient hop = await AskAsync(gateway, Page, "Tidegate-Hop: 1");
        Assert.Equal(HttpStatusCode.Found, hop.Response.StatusCode);
    }

    [Fact]
    public async Task The_member_has_to_let_in_the_page_as_well()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer(accept: Balance, more: Constraint) + News("").Replace(Constraint, "", StringComparison.Ordinal));
        using EventClient client = await AskAsync(gateway, Page);
        Assert.Equal(HttpStatusCode.Forbidden, client.Response.StatusCode);
    }

    [Fact]
    public async Task Where_one_member_has_no_room_another_one_is_asked()
    {
        const string Room = "<accept-options><wse.maximum.sessions>1</wse.maximum.sessions></accept-options>";
        await using ClusteredGateway gateway = await StartAloneAsync(
            Balancer("<policy>random</policy>", Balance, Constraint) + News("1", Room) + News("2", Room));
        using EventClient first = await AskAsync(gateway, Page);
        using EventClient second = await AskAsync(gateway, Page);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.Response.StatusCode, second.Response.StatusCode));
        using EventClient third = await AskAsync(gateway, Page);
        Assert.Equal(HttpStatusCode.Found, third.Response.StatusCode);
    }

    [Fact]
    public async Task A_member_that_drains_ends_its_streams_and_relays_or_redirects_who_comes()
    {
        await using ClusteredGateway one = await StartAsync(News(""));
        await using ClusteredGateway two = await StartAsync(News(""), one, change: options => options with { Grace = TimeSpan.Zero, WithdrawalTimeout = TimeSpan.FromSeconds(60) });
        string[] targets = [.. new[] { one, two }.Select(Target).Order(StringComparer.Ordinal)];
        await two.LeadsToAsync("sse://balancer.example:80/news", targets);
        await one.LeadsToAsync("sse://balancer.example:80/news", targets);
        string address = $"http://{two.At("sse", "/member")}/member";
        using EventClient client = await EventClient.AskAtAsync(address);
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync("one"u8.ToArray());
        (string id, _) = await client.NextAsync();

        // Another one holds the drain up until it is closed with the rest: here it has its turn at the end of an hour.
        await using ClusteredGateway three = await StartAsync(News(""), one, change: options => options with { Grace = s_never, WithdrawalTimeout = TimeSpan.FromSeconds(60) });
        targets = [.. new[] { one, two, three }.Select(Target).Order(StringComparer.Ordinal)];
        await three.LeadsToAsync("sse://balancer.example:80/news", targets);
        string drained = $"http://{three.At("sse", "/member")}/member";
        using EventClient kept = await EventClient.AskAtAsync(drained);
        Assert.Equal(HttpStatusCode.OK, kept.Response.StatusCode);
        Socket ofKept = await _backEnd.AcceptAsync();

        Task leaving = two.Server.DrainAsync(CancellationToken.None);
        Assert.Empty(await client.RestAsync());

        // Else the gateway would wait for the back-end's answer to the end.
        server.Dispose();
        await leaving;

        // Its client is told to begin anew, as browsers do; here it comes to another member, which opens a new stream.
        Assert.Equal("/member", client.Location);
        using EventClient elsewhere = await EventClient.AskAtAsync($"http://{one.At("sse", "/member")}/member", $"Last-Event-ID: {id}");
        Assert.Equal(HttpStatusCode.OK, elsewhere.Response.StatusCode);

        Task draining = three.Server.DrainAsync(CancellationToken.None);
        await one.LeadsToAsync("sse://balancer.example:80/news", [Target(one)]);
        using EventClient newcomer = await EventClient.AskAtAsync(drained);
        Assert.Equal(HttpStatusCode.Found, newcomer.Response.StatusCode);
        Assert.Equal($"http://127.0.0.1:{one.At("sse", "/member").Port}/member", newcomer.Response.Headers.Location!.ToString());
        using EventClient page = await EventClient.AskAtAsync(drained, $"Origin: {Page}");
        Assert.Equal(HttpStatusCode.OK, page.Response.StatusCode);
        await page.UntilAsync(line => line.StartsWith("location:", StringComparison.Ordinal));

        // That stream is another member's: it is ended as well, when this one goes, and not cut off within an event.
        Task stopping = three.Server.StopAsync(CancellationToken.None);
        Assert.Empty(await kept.RestAsync());
        Assert.Empty(await page.RestAsync());
        ofKept.Dispose();
        await Task.WhenAll(draining, stopping);
    }

    [Fact]
    public async Task Who_comes_back_to_another_member_gets_a_new_stream_and_a_client_of_the_old_kind_is_told_that_its_own_is_not_there()
    {
        await using ClusteredGateway one = await StartAsync(News(""));
        await using ClusteredGateway two = await StartAsync(News(""), one);
        using EventClient client = await EventClient.AskAtAsync($"http://{one.At("sse", "/member")}/member");
        using Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync("one"u8.ToArray());
        (string id, _) = await client.NextAsync();

        using EventClient browser = await EventClient.AskAtAsync($"http://{two.At("sse", "/member")}/member", $"Last-Event-ID: {id}");
        using Socket other = await _backEnd.AcceptAsync();
        await other.SendAsync("new"u8.ToArray());
        (string next, string data) = await browser.NextAsync();
        Assert.Equal("new", data);
        Assert.NotEqual(id.Split('.')[0], next.Split('.')[0]);
        Assert.EndsWith(".1", next, StringComparison.Ordinal);

        using EventClient old = await EventClient.AskAtAsync($"http://{two.At("sse", "/member")}{client.Location}");
        Assert.Equal(HttpStatusCode.NotFound, old.Response.StatusCode);
    }

    public void Dispose() => _backEnd.Dispose();

    private static Task<EventClient> AskAsync(ClusteredGateway gateway, string? origin, params string[] headers) => EventClient.AskAtAsync(
        $"http://{gateway.At("sse", "/news")}/news", ["Host: balancer.example", .. origin is null ? [] : new[] { $"Origin: {origin}" }, .. headers]);

    private static string Target(ClusteredGateway gateway) => $"sse://127.0.0.1:{gateway.At("sse", "/member").Port}/member";

    private string News(string number, string more = "") =>
        $"<service><name>news{number}</name><accept>sse://127.0.0.1:0/member{number}</accept><connect>tcp://127.0.0.1:{_backEnd.Port}</connect><balance>{Balance}</balance><type>proxy</type>{more}{Constraint}</service>";
}
