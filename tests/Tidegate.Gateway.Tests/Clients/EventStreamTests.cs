using System.Net;
using System.Net.Sockets;
using System.Text;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services.Proxy;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>Clients that only receive, over <c>sse://</c>: the HTML standard, section 9.2, and docs/spec/compat.md, chapter 3.7.</summary>
public sealed class EventStreamTests : IDisposable
{
    private readonly BackEndServer _backEnd = new();

    [Fact]
    public async Task What_a_back_end_says_comes_as_events_with_numbers()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        using EventClient client = await EventClient.OpenAsync(gateway);
        Assert.Equal("text/event-stream", client.Response.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-cache", client.Response.Headers.CacheControl!.ToString());
        Assert.Equal("nosniff", client.Response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.True(client.Response.Headers.ConnectionClose);
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync("one"u8.ToArray());
        (string id, string data) = await client.NextAsync();
        Assert.Equal("one", data);
        Assert.Matches("^[0-9a-f]{32}\\.1$", id);
        await server.SendAsync("two"u8.ToArray());
        Assert.Equal((id[..^1] + "2", "two"), await client.NextAsync());
        Assert.InRange(int.Parse(Assert.Single(client.OtherLines, line => line.StartsWith("retry:", StringComparison.Ordinal))["retry:".Length..], null), 1000, 3000);
        Assert.Equal($"/events;s/{id[..^2]}", client.Location);
    }

    [Fact]
    public async Task Events_come_over_tls_and_a_client_that_comes_back_goes_on()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port, carrier: Carrier.Tls);
        Assert.Contains(gateway.Server.Served, served => served.Uri.Scheme.Name == "sse+ssl");
        string id;
        Socket server;
        using (EventClient client = await EventClient.OpenAsync(gateway))
        {
            server = await _backEnd.AcceptAsync();
            await server.SendAsync("one"u8.ToArray());
            (id, string data) = await client.NextAsync();
            Assert.Equal("one", data);
        }

        using EventClient again = await EventClient.OpenAsync(gateway, "/events", $"Last-Event-ID: {id}");
        await server.SendAsync("two"u8.ToArray());
        Assert.Equal((id[..^1] + "2", "two"), await again.NextAsync());
    }

    [Theory]
    [InlineData("a\nb", "a\nb")]
    [InlineData("a\rb\r\nc\n", "a\nb\nc\n")]
    [InlineData(" leading and trailing ", " leading and trailing ")]
    [InlineData("x\n\nevent: y\nid: 7\nretry: 1\n\ndata: z", "x\n\nevent: y\nid: 7\nretry: 1\n\ndata: z")]
    [InlineData("x\rid: 7\r\rdata: z", "x\nid: 7\n\ndata: z")]
    [InlineData("\n", "\n")]
    public async Task Nothing_that_is_sent_can_be_taken_for_a_field(string sent, string received)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        using EventClient client = await EventClient.OpenAsync(gateway);
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync(Encoding.UTF8.GetBytes(sent));
        (string id, string data) = await client.NextAsync();
        Assert.Equal(received, data);
        Assert.EndsWith(".1", id, StringComparison.Ordinal);
        Assert.All(client.OtherLines, line => Assert.Matches("^(retry:[0-9]+|location:/events;s/[0-9a-f]+)$", line));
    }

    [Fact]
    public async Task A_client_that_comes_back_gets_what_it_has_missed_from_the_same_back_end_connection()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        Socket server;
        string last;
        using (EventClient client = await EventClient.OpenAsync(gateway))
        {
            server = await _backEnd.AcceptAsync();
            await server.SendAsync("one"u8.ToArray());
            (last, _) = await client.NextAsync();
            await server.SendAsync("two"u8.ToArray());
            Assert.Equal("two", (await client.NextAsync()).Data);
        }

        await server.SendAsync("three"u8.ToArray());
        using EventClient again = await EventClient.OpenAsync(gateway, "/events", $"Last-Event-ID: {last}");
        Assert.Equal("twothree", await again.TextAsync(8));
        Assert.EndsWith(".3", again.LastEventId, StringComparison.Ordinal);
        Assert.False(_backEnd.HasWaiting(TimeSpan.Zero));
    }

    [Fact]
    public async Task A_client_that_has_seen_nothing_yet_comes_back_to_its_session_all_the_same()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        using EventClient client = await EventClient.OpenAsync(gateway);
        Socket server = await _backEnd.AcceptAsync();
        await client.UntilAsync(line => line.StartsWith("location:", StringComparison.Ordinal));
        using EventClient again = await EventClient.OpenAsync(gateway, client.Location);
        Assert.Empty(await client.RestAsync());
        Assert.EndsWith(".0", client.LastEventId, StringComparison.Ordinal);
        await server.SendAsync("one"u8.ToArray());
        Assert.Equal("one", (await again.NextAsync()).Data);
        Assert.Contains("reconnect", client.OtherLines);
    }

    [Fact]
    public async Task A_client_of_the_old_kind_comes_back_to_its_location_with_what_it_has_seen_or_not()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        using EventClient client = await EventClient.OpenAsync(gateway, "/events&.kb=512");
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync("one"u8.ToArray());
        (string first, _) = await client.NextAsync();
        await server.SendAsync("two"u8.ToArray());
        await client.NextAsync();
        using EventClient undefined = await EventClient.OpenAsync(gateway, $"{client.Location}?.ka=undefined");
        await server.SendAsync("three"u8.ToArray());
        Assert.Equal("three", (await undefined.NextAsync()).Data);
        using EventClient told = await EventClient.OpenAsync(gateway, $"{client.Location}?.ka={first}");
        Assert.Equal("two", (await told.NextAsync()).Data);
        using EventClient inPath = await EventClient.OpenAsync(gateway, $"{client.Location}&.ka={first}&.kb=512");
        Assert.Equal("two", (await inPath.NextAsync()).Data);
    }

    [Theory]
    [InlineData("/events;s/0123456789abcdef0123456789abcdef", HttpStatusCode.NotFound)]
    [InlineData("/events/below", HttpStatusCode.NotFound)]
    [InlineData("/;s/0123456789abcdef0123456789abcdef", HttpStatusCode.NotFound)]
    public async Task What_is_not_there_is_not_found(string path, HttpStatusCode status)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        using EventClient client = await EventClient.AskAsync(gateway, path);
        Assert.Equal(status, client.Response.StatusCode);
    }

    [Theory]
    [InlineData("0123456789abcdef0123456789abcdef.7")]
    [InlineData("42")]
    [InlineData("0123456789abcdef.-1")]
    public async Task A_number_of_another_stream_begins_a_new_one(string last)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        using EventClient client = await EventClient.OpenAsync(gateway, "/events", $"Last-Event-ID: {last}");
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync("one"u8.ToArray());
        Assert.EndsWith(".1", (await client.NextAsync()).Id, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_id_that_another_page_has_come_by_leads_it_to_a_stream_of_its_own()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port, constraints: [Allowing("*")]);
        using EventClient client = await EventClient.OpenAsync(gateway, "/events", "Origin: http://one.example");
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync("one"u8.ToArray());
        (string id, _) = await client.NextAsync();
        using EventClient thief = await EventClient.OpenAsync(gateway, "/events", "Origin: http://two.example", $"Last-Event-ID: {id}");
        await _backEnd.AcceptAsync();
        using EventClient atLocation = await EventClient.AskAsync(gateway, client.Location, "Origin: http://two.example");
        Assert.Equal(HttpStatusCode.NotFound, atLocation.Response.StatusCode);
        await server.SendAsync("two"u8.ToArray());
        Assert.Equal("two", (await client.NextAsync()).Data);
    }

    [Fact]
    public async Task The_rules_for_origins_hold()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            _backEnd.Port, constraints: [Allowing("http://friend.example:80")]);
        using EventClient friend = await EventClient.OpenAsync(gateway, "/events", "Origin: http://friend.example");
        Assert.Equal("http://friend.example", friend.Response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("true", friend.Response.Headers.GetValues("Access-Control-Allow-Credentials").Single());
        using EventClient stranger = await EventClient.AskAsync(gateway, "/events", "Origin: http://stranger.example");
        Assert.Equal(HttpStatusCode.Forbidden, stranger.Response.StatusCode);
        using EventClient image = await EventClient.AskAsync(gateway, "/events", "Sec-Fetch-Site: cross-site");
        Assert.Equal(HttpStatusCode.Forbidden, image.Response.StatusCode);
        using EventClient own = await EventClient.OpenAsync(gateway, "/events", "Sec-Fetch-Site: same-origin");
    }

    [Fact]
    public async Task Where_something_holds_responses_back_each_ends_with_what_it_brings()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        Task<EventClient> opening = EventClient.OpenAsync(gateway, "/events?.ki=p");
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync("one"u8.ToArray());
        using EventClient client = await opening;
        Assert.NotNull(client.Response.Content.Headers.ContentLength);
        Assert.Equal("one", Assert.Single(await client.RestAsync()).Data);
        Assert.Equal("reconnect", client.OtherLines[^1]);
        await server.SendAsync("two"u8.ToArray());
        using EventClient again = await EventClient.OpenAsync(gateway, client.Location + "?.ki=p");
        Assert.Equal("two", Assert.Single(await again.RestAsync()).Data);
    }

    [Fact]
    public async Task A_response_ends_after_as_many_kilobytes_as_the_client_wants_and_begins_with_as_many_bytes()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        using EventClient client = await EventClient.OpenAsync(gateway, "/events?.kb=1&.kp=256&.kc=text/plain");
        Assert.Equal("text/plain; charset=UTF-8", client.Response.Content.Headers.ContentType!.ToString());
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync(Encoding.ASCII.GetBytes(new string('x', 1024)));
        Assert.Equal(1024, (await client.RestAsync()).Sum(one => one.Data.Length));
        Assert.Equal("reconnect", client.OtherLines[^1]);
        Assert.Equal(254, client.OtherLines[0].Length);
    }

    [Fact]
    public async Task Who_reads_slowly_holds_the_back_end_back()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint, receiveBuffer: 4096);
        await client.SendAsync($"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\n\r\n");
        Socket server = await _backEnd.AcceptAsync();
        server.SendBufferSize = 4096;
        server.Blocking = false;
        byte[] line = Encoding.ASCII.GetBytes(new string('~', 1023) + "\n");
        long sent = 0;

        // As much as the buffers of both kernels hold, and no more than that, however long it is tried.
        while (server.Poll(TimeSpan.FromSeconds(2), SelectMode.SelectWrite))
        {
            // A part of a line is as good: what counts is what was sent.
            sent += line.AsSpan(0, server.Send(line)).Count((byte)'~');
            Assert.InRange(sent, 0, 64 * 1024 * 1024);
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        byte[] buffer = new byte[64 * 1024];
        for (long missing = sent; missing > 0;)
        {
            int count = await client.Socket.ReceiveAsync(buffer, patience.Token);
            Assert.NotEqual(0, count);
            missing -= buffer.AsSpan(0, count).Count((byte)'~');
            Assert.InRange(missing, 0, sent);
        }
    }

    [Fact]
    public async Task The_response_ends_with_the_back_end_and_the_next_one_is_a_new_stream()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        using EventClient client = await EventClient.OpenAsync(gateway);
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync((byte[])[.. "all "u8, 0xc3]);
        server.Shutdown(SocketShutdown.Send);
        Assert.Equal("all \ufffd", string.Concat((await client.RestAsync()).Select(one => one.Data)));
        Assert.Empty(await BackEndServer.ReadToEndAsync(server));
        using EventClient again = await EventClient.OpenAsync(gateway, "/events", $"Last-Event-ID: {client.LastEventId}");
        Socket next = await _backEnd.AcceptAsync();
        await next.SendAsync("new"u8.ToArray());
        Assert.EndsWith(".1", (await again.NextAsync()).Id, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_back_end_the_answer_says_to_come_again()
    {
        _backEnd.StopListening();
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port, proxy: new ProxyOptions { MaximumRecoveryInterval = TimeSpan.FromSeconds(30) });
        EventClient client;
        do
        {
            client = await EventClient.AskAsync(gateway, "/events");
            client.Dispose();
        }
        while (client.Response.StatusCode == HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, client.Response.StatusCode);
        Assert.Equal("1", client.Response.Headers.GetValues("Retry-After").Single());
    }

    [Fact]
    public async Task A_client_that_never_sends_does_not_wait_for_its_first_message_to_be_connected()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port, proxy: new ProxyOptions { ConnectStrategy = ConnectStrategy.Deferred });
        using EventClient client = await EventClient.OpenAsync(gateway);
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync("one"u8.ToArray());
        Assert.Equal("one", (await client.NextAsync()).Data);
    }

    [Fact]
    public async Task A_client_that_comes_by_the_page_of_the_gateway_gets_an_answer_within_the_answer()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port, constraints: [Allowing("http://page.example:80")]);
        using EventClient client = await EventClient.OpenAsync(gateway, "/events?.kb=512", "X-Origin: http://page.example:80");
        Assert.Equal("text/event-stream", client.Response.Content.Headers.ContentType!.ToString());
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync("one"u8.ToArray());
        Assert.Equal("one", (await client.NextAsync()).Data);
        Assert.Equal(["HTTP/1.1 200 OK", "Content-Type: text/event-stream"], client.OtherLines[..2]);
        using EventClient again = await EventClient.OpenAsync(gateway, client.Location + "?.ka=undefined", "X-Origin: http://page.example:80");
        await server.SendAsync("two"u8.ToArray());
        Assert.Equal("two", (await again.NextAsync()).Data);
    }

    [Theory]
    [InlineData("/events", "http://stranger.example:80", "HTTP/1.1 403 Forbidden")]
    [InlineData("/events;s/0123456789abcdef", "http://page.example:80", "HTTP/1.1 404 Not Found")]
    public async Task A_refusal_comes_within_the_answer_too(string path, string origin, string status)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port, constraints: [Allowing("http://page.example:80")]);
        using EventClient client = await EventClient.OpenAsync(gateway, path, $"X-Origin: {origin}");
        await client.RestAsync();
        Assert.Equal(status, client.OtherLines[0]);
        Assert.False(_backEnd.HasWaiting(TimeSpan.Zero));
    }

    [Fact]
    public async Task A_stopping_gateway_sends_clients_of_the_old_kind_back_to_the_beginning()
    {
        RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        using EventClient client = await EventClient.OpenAsync(gateway);
        await _backEnd.AcceptAsync();
        await client.UntilAsync(line => line.StartsWith("location:", StringComparison.Ordinal));
        await gateway.Server.StopAsync(CancellationToken.None);
        Assert.Empty(await client.RestAsync());
        Assert.Equal(["location:/events", "reconnect"], client.OtherLines[^2..]);
        await gateway.DisposeAsync();
    }

    [Theory]
    [InlineData("POST", HttpStatusCode.MethodNotAllowed)]
    [InlineData("HEAD", HttpStatusCode.OK)]
    public async Task Only_get_opens_a_stream(string method, HttpStatusCode status)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), $"http://127.0.0.1:{gateway.Port}/events");
        using HttpResponseMessage response = await http.SendAsync(request);
        Assert.Equal(status, response.StatusCode);
        Assert.False(_backEnd.HasWaiting(TimeSpan.Zero));
    }

    [Fact]
    public async Task Events_come_over_http_2()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        using var http = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using HttpResponseMessage response = await http.GetAsync($"http://127.0.0.1:{gateway.Port}/events", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpVersion.Version20, response.Version);
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync("one"u8.ToArray());
        server.Shutdown(SocketShutdown.Send);
        Assert.Contains("\ndata:one\nid:", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static CrossSiteConstraint Allowing(string origin) =>
        new() { AllowOrigin = origin, AllowMethods = ["GET"], Position = new SourcePosition("test.xml", 1, 1) };

    public void Dispose() => _backEnd.Dispose();
}
