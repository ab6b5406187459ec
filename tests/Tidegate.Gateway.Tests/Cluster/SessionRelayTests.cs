using System.Net;
using System.Text;
using Tidegate.Gateway.Clients;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Tests.Clients;
using Tidegate.Gateway.Tests.Tls;
using static Tidegate.Gateway.Tests.Clients.EmulatedClient;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>
/// Emulated WebSockets behind something that takes each request to another member, whoever has the session: each request goes to the one
/// gateway and to the other in turn.
/// </summary>
public sealed class SessionRelayTests
{
    private const string Place = SessionPair.Place;
    private static readonly TimeSpan s_never = TimeSpan.FromHours(1);

    [Theory]
    [InlineData("cb")]
    [InlineData("cbm")]
    [InlineData("ct")]
    [InlineData("ctm")]
    [InlineData("cte")]
    [InlineData("ctem")]
    public async Task All_six_ways_of_writing_work_whichever_member_a_request_comes_to(string create)
    {
        await using var pair = await SessionPair.StartAsync();
        using EmulatedClient client = Spread(pair.Next);
        await client.OpenAsync(Place + create);
        bool binary = create[1] == 'b', escaped = create.Contains('e', StringComparison.Ordinal);
        byte type = create.EndsWith('m') ? (byte)0x81 : (byte)0x80;

        // Twice each, so that each request of the client comes to either member.
        for (int turn = 0; turn < 2; turn++)
        {
            using (ReceivingStream down = await client.ReceiveAsync())
            {
                await down.ExpectAsync(Noop);
                for (int i = 0; i < 4; i++)
                {
                    byte[] frame = [0x81, 3, (byte)'a', 0x0a, (byte)('0' + i)];
                    byte[] body = [.. escaped ? [0x81, 3, (byte)'a', 0x7f, (byte)'n', (byte)('0' + i)] : frame, .. Reconnect];
                    Assert.Equal(200, await client.PostAsync(
                        binary ? body : Encoding.UTF8.GetBytes(Encoding.Latin1.GetString(body)), $"Content-Type: {(binary ? "application/octet-stream" : "text/plain; charset=utf-8")}"));
                    byte[] expected = [type, 3, (byte)'a', 0x0a, (byte)('0' + i)];
                    await down.ExpectAsync(escaped ? [type, 3, (byte)'a', 0x7f, (byte)'n', (byte)('0' + i)] : expected);
                }

                // The next one takes over from it.
                Task<ReceivingStream> polling = client.ReceiveAsync("?.ki=p");
                await down.ExpectEndAsync(Reconnect);
                Assert.Equal(200, await client.PostAsync(
                    binary ? [0x81, 1, (byte)'y', .. Reconnect] : Encoding.UTF8.GetBytes(Encoding.Latin1.GetString([0x81, 1, (byte)'y', .. Reconnect])),
                    $"Content-Type: {(binary ? "application/octet-stream" : "text/plain; charset=utf-8")}"));
                using ReceivingStream next = await polling;
                await next.ExpectEndAsync([type, 1, (byte)'y', .. Reconnect]);
            }

            Assert.Equal(1, pair.Sessions);
            pair.Skip();
        }
    }

    [Fact]
    public async Task Polls_and_posts_that_come_to_the_other_member_keep_their_order()
    {
        await using var pair = await SessionPair.StartAsync();
        using EmulatedClient client = Spread(pair.Next);
        await client.OpenAsync($"{Place}cbm", "X-Sequence-No: 0");
        for (int i = 1; i <= 9; i++)
        {
            Assert.Equal(200, await client.PostAsync([0x80, 1, (byte)i, .. Reconnect], $"X-Sequence-No: {i}"));
            using ReceivingStream poll = await client.ReceiveAsync($"?.ki=p&.ksn={i}");
            await poll.ExpectEndAsync([0x80, 1, (byte)i, .. Reconnect]);

            // Now the other way round.
            if (i % 3 == 0)
            {
                pair.Skip();
            }
        }

        Assert.Equal(400, await client.PostAsync([0x80, 0, .. Reconnect], "X-Sequence-No: 5"));
    }

    [Fact]
    public async Task What_a_slow_client_is_sent_waits_and_comes_whole()
    {
        await using var pair = await SessionPair.StartAsync();
        using EmulatedClient client = Spread(pair.Next);
        await client.OpenAsync($"{Place}cbm");
        byte[] message = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 7))];
        byte[] frame = [0x80, 0x86, 0x8d, 0x20, .. message];
        const int Count = 300;
        using ReceivingStream down = await client.ReceiveAsync();
        byte[] body = new byte[(Count * frame.Length) + Reconnect.Length];
        for (int i = 0; i < Count; i++)
        {
            frame.CopyTo(body, i * frame.Length);
        }

        Reconnect.CopyTo(body, Count * frame.Length);
        Task<int> posted = client.PostAsync(body);
        await down.ExpectAsync(Noop);
        for (int i = 0; i < Count; i++)
        {
            await down.ExpectAsync(frame);
        }

        Assert.Equal(200, await posted);
    }

    [Fact]
    public async Task A_client_that_goes_while_the_other_member_brings_it_its_answer_has_lost_its_session()
    {
        await using var pair = await SessionPair.StartAsync();
        using EmulatedClient client = Spread(pair.Next);
        await client.OpenAsync($"{Place}cbm");
        ReceivingStream down = await client.ReceiveAsync();
        await down.ExpectAsync(Noop);
        Assert.Equal(1, pair.Sessions);

        down.Dispose();

        await pair.CountsAsync(0);
    }

    [Fact]
    public async Task An_id_leads_to_its_session_only_at_the_place_where_it_was_given_and_by_one_hop()
    {
        await using var pair = await SessionPair.StartAsync();
        using EmulatedClient client = Spread(() => pair.One);
        await client.OpenAsync($"{Place}cbm");
        using EmulatedClient other = Spread(() => pair.Two);
        string id = client.Upstream[(client.Upstream.LastIndexOf('/') + 1)..];
        Assert.Equal(48, id.Length);

        foreach ((string path, string[] headers) in new (string, string[])[]
        {
            ($"/echo/;e/ubm/{new string('0', 32)}{id[32..]}", []),
            ($"/echo/;e/ubm/{id[..32]}{new string('0', 16)}", []),
            ($"/echo/;e/ubm/{id[..32]}", []),
            ($"/other/;e/ubm/{id}", []),
            ($"/echo/;e/ubm/{id}", ["Host: other.example"]),
            ($"/echo/;e/ubm/{id}", ["Tidegate-Hop: 1"]),
        })
        {
            using HttpResponseMessage refused = await other.SendAsync(HttpMethod.Post, $"http://public.example{path}", [0x81, 0, .. Reconnect], headers);
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        }

        using HttpResponseMessage taken = await other.SendAsync(HttpMethod.Post, client.Upstream, [0x81, 0, .. Reconnect]);
        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
    }

    [Fact]
    public async Task A_request_that_is_written_as_proxies_are_sent_it_finds_its_session_too()
    {
        await using var pair = await SessionPair.StartAsync();
        using EmulatedClient client = Spread(() => pair.One);
        await client.OpenAsync($"{Place}cbm");
        using RawClient raw = await RawClient.ConnectAsync(pair.Two);

        await raw.SendAsync($"POST {client.Upstream} HTTP/1.1\r\nHost: public.example\r\nContent-Length: 7\r\n\r\n\u0081\u0001x\u000101\u00ff");

        Assert.StartsWith("HTTP/1.1 200 ", await raw.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("connect")]
    [InlineData("Connect")]
    public async Task Nobody_has_the_other_member_asked_for_a_tunnel(string method)
    {
        await using var pair = await SessionPair.StartAsync();
        using EmulatedClient client = Spread(() => pair.One);
        await client.OpenAsync($"{Place}cbm");
        using RawClient raw = await RawClient.ConnectAsync(pair.Two);

        await raw.SendAsync($"{method} {new Uri(client.Downstream).AbsolutePath} HTTP/1.1\r\nHost: public.example\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 404 ", await raw.ReadHeadAsync(), StringComparison.Ordinal);
        byte[] words = Encoding.ASCII.GetBytes("There is no such emulated WebSocket.");
        Assert.Equal(words, await raw.ReadAsync(words.Length));
    }

    [Fact]
    public void Connections_to_a_member_are_kept_apart_by_name_where_a_certificate_is_for_one_and_else_are_one()
    {
        var at = new IPEndPoint(IPAddress.Loopback, 8000);
        var plain = new SessionDestination("one", at, IsEncrypted: false);
        var encrypted = plain with { IsEncrypted = true };
        Assert.Equal(SessionRelay.AuthorityOf(plain, "a.example"), SessionRelay.AuthorityOf(plain, "b.example"));
        Assert.NotEqual(SessionRelay.AuthorityOf(encrypted, "a.example"), SessionRelay.AuthorityOf(encrypted, "b.example"));
        Assert.NotEqual(SessionRelay.AuthorityOf(plain, "a.example"), SessionRelay.AuthorityOf(encrypted, "a.example"));
        Assert.NotEqual(SessionRelay.AuthorityOf(plain, ""), SessionRelay.AuthorityOf(plain with { At = new IPEndPoint(at.Address, 8001) }, ""));
    }

    [Fact]
    public async Task When_the_member_that_has_the_session_is_gone_its_answers_break_off_and_then_nobody_knows_the_session()
    {
        await using var pair = await SessionPair.StartAsync();
        using EmulatedClient client = Spread(() => pair.One);
        await client.OpenAsync($"{Place}cbm");
        using EmulatedClient other = Spread(() => pair.Two);
        HttpResponseMessage response = await other.SendAsync(HttpMethod.Get, client.Downstream, null);
        using var down = new ReceivingStream(response, await response.Content.ReadAsStreamAsync());
        await down.ExpectAsync(Noop);

        await pair.First.DisposeAsync();

        await down.ExpectBreakAsync();

        // Also before the others have noticed.
        using HttpResponseMessage gone = await other.SendAsync(HttpMethod.Post, client.Upstream, [0x81, 0, .. Reconnect]);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        await pair.Second.SaysAsync($"Information Cluster member {pair.First.Id} is down");
        using HttpResponseMessage still = await other.SendAsync(HttpMethod.Post, client.Upstream, [0x81, 0, .. Reconnect]);
        Assert.Equal(HttpStatusCode.NotFound, still.StatusCode);
    }

    [Fact]
    public async Task When_the_member_that_only_brings_the_answers_drains_the_client_comes_again_and_the_session_goes_on()
    {
        await using var pair = await SessionPair.StartAsync();
        using EmulatedClient client = Spread(() => pair.One);
        await client.OpenAsync($"{Place}cbm");
        using EmulatedClient other = Spread(() => pair.Two);
        HttpResponseMessage response = await other.SendAsync(HttpMethod.Get, client.Downstream, null);
        using var down = new ReceivingStream(response, await response.Content.ReadAsStreamAsync());
        await down.ExpectAsync(Noop);

        Task draining = pair.Second.Server.DrainAsync(CancellationToken.None);

        await down.ExpectEndAsync(Reconnect);
        await draining;
        using ReceivingStream again = await client.ReceiveAsync();
        Assert.Equal(200, await client.PostFramesAsync(0x81, 1, (byte)'x'));
        await again.ExpectAsync([.. Noop, 0x81, 1, (byte)'x']);
    }

    [Fact]
    public async Task Whoever_opens_one_at_a_member_that_drains_gets_it_at_another_one_of_the_same_address()
    {
        const string Balance = "<balance>ws://balancer.example/echo</balance>";
        await using var pair = await SessionPair.StartAsync(balance: Balance, key: ClusterKeys.Generate(), grace: s_never);
        await pair.Second.LeadsToAsync("ws://public.example/echo", "ws://public.example/other");
        using EmulatedClient old = Spread(() => pair.Two);
        await old.OpenAsync($"{Place}cbm");
        Task draining = pair.Second.Server.DrainAsync(CancellationToken.None);
        await pair.Second.SaysAsync("Information Draining: new clients go to other members, and 1 session is closed over 3600 s");
        while (pair.First.Log.All.All(line => !line.StartsWith("Debug Client 127.0.0.1:", StringComparison.Ordinal) || !line.EndsWith(" comes by the balancer at 127.0.0.1", StringComparison.Ordinal)))
        {
            // The detour begins with the drain, a moment after the line in the log.
            using EmulatedClient newcomer = Spread(pair.Next);
            await newcomer.OpenAsync($"{Place}cbm?x=1");
        }

        Assert.DoesNotContain(pair.First.Log.Warnings, line => line.Contains("Tidegate-Client", StringComparison.Ordinal));
        await pair.First.Server.StopAsync(CancellationToken.None);
        await pair.Second.Server.StopAsync(CancellationToken.None);
        await draining;
    }

    [Fact]
    public async Task A_page_of_another_origin_gets_what_the_owner_says_in_the_form_that_it_wants()
    {
        await using var pair = await SessionPair.StartAsync("<cross-site-constraint><allow-origin>http://page.example:80</allow-origin></cross-site-constraint>");
        using EmulatedClient client = Spread(pair.Next);
        string id = "";
        using (HttpResponseMessage opened = await client.SendAsync(HttpMethod.Get, $"{Place}ctm", null, "X-Origin: http://page.example:80", VersionHeader))
        {
            string text = await opened.Content.ReadAsStringAsync();
            Assert.StartsWith("HTTP/1.1 201 ", text, StringComparison.Ordinal);
            id = text.TrimEnd().Split('/')[^1];
        }

        // To the one, and to the other.
        for (int i = 0; i < 2; i++)
        {
            using (HttpResponseMessage posted = await client.SendAsync(HttpMethod.Post, $"{Place}utm/{id}", [0x81, 0, .. Reconnect], "X-Origin: http://page.example:80"))
            {
                Assert.StartsWith("HTTP/1.1 200 ", await posted.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }

            using HttpResponseMessage foreign = await client.SendAsync(HttpMethod.Post, $"{Place}utm/{id}", [0x81, 0, .. Reconnect], "X-Origin: http://other.example:80");
            Assert.StartsWith("HTTP/1.1 403 ", await foreign.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            using HttpResponseMessage nobody = await client.SendAsync(HttpMethod.Post, $"{Place}utm/{id}", [0x81, 0, .. Reconnect]);
            Assert.Equal(HttpStatusCode.NotFound, nobody.StatusCode);
        }

        Assert.Equal(1, pair.Sessions);
    }

    [Fact]
    public async Task Members_speak_tls_with_each_other_where_clients_do_and_want_a_certificate_for_the_accept()
    {
        using var authority = new TestAuthority();
        using var directory = new ScratchDirectory();
        File.WriteAllText(Path.Combine(directory.Path, "keystore.pem"), authority.Keystore("public.example"));
        File.WriteAllText(Path.Combine(directory.Path, "truststore.pem"), authority.Pem);
        await using var pair = await SessionPair.StartAsync(
            scheme: "wss",
            before: $"<security><keystore><file>{directory.Path}/keystore.pem</file></keystore><truststore><file>{directory.Path}/truststore.pem</file></truststore></security>");
        using EmulatedClient client = Spread(pair.Next, new() { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Issuer == authority.Certificate.Subject });
        await client.OpenAsync("https://public.example/echo/;e/cbm");
        using ReceivingStream down = await client.ReceiveAsync();
        await down.ExpectAsync(Noop);
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(200, await client.PostFramesAsync(0x81, 1, (byte)i));
            await down.ExpectAsync(0x81, 1, (byte)i);
        }
    }
}
