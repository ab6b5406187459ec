using System.Net;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tests.Tls;
using static Tidegate.Gateway.Tests.Cluster.ClusteredGateway;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>How a client that comes again gets to the member where it was.</summary>
public sealed class MemberCookieTests
{
    private const string Redirecting = "<unaware.clients>redirect</unaware.clients>";

    public static TheoryData<string> Policies => ["least-sessions", "random", "round-robin", "sticky", "hash"];

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task Under_every_policy_a_client_comes_back_to_where_it_was(string policy)
    {
        string hash = policy == "hash" ? "<hash.query>user</hash.query>" : "";
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer($"{Redirecting}<policy>{policy}</policy>{hash}") + Three());
        (string[] cookies, string[] locations) = await AllAsync(gateway);

        for (int i = 0; i < 30; i++)
        {
            int one = i % cookies.Length;
            Answer again = await AskAsync(gateway, $"?user={i}", $"Cookie: a=b; TIDEGATE_MEMBER={cookies[one]}; c=\"d\"\r\n");
            Assert.Equal(locations[one], again.Location.Split('?')[0]);
            Assert.Null(again.Cookie);
        }
    }

    [Theory]
    [InlineData("TIDEGATE_MEMBER=")]
    [InlineData("TIDEGATE_MEMBER=AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("TIDEGATE_MEMBER=a;TIDEGATE_MEMBER=b")]
    [InlineData("tidegate_member=x; ;;=; TIDEGATE_MEMBER")]
    public async Task A_forged_or_stale_cookie_has_no_effect_but_a_new_choice(string forged)
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer($"{Redirecting}<policy>round-robin</policy>") + Three());

        var locations = new HashSet<string>();
        for (int i = 0; i < 3; i++)
        {
            Answer answer = await AskAsync(gateway, "", $"Cookie: {forged}\r\n");
            locations.Add(answer.Location);
            Assert.NotNull(answer.Cookie);
        }

        Assert.Equal(3, locations.Count);
    }

    [Fact]
    public async Task Where_it_is_turned_off_none_is_given_and_none_heeded()
    {
        string balancer = Balancer($"{Redirecting}<policy>round-robin</policy>");
        await using ClusteredGateway gateway = await ClusteredGateway.StartAsync(balancer + Three());
        await using ClusteredGateway without = await ClusteredGateway.StartAsync(
            balancer.Replace("</policy>", "</policy><member.cookie>disabled</member.cookie>", StringComparison.Ordinal), gateway);
        string[] all = [.. Enumerable.Range(0, 3).Select(i => $"ws://127.0.0.1:{gateway.At("ws", $"/other{i}").Port}/other{i}").Order(StringComparer.Ordinal)];
        await gateway.LeadsToAsync(all);
        await without.LeadsToAsync(all);
        (string[] cookies, string[] _) = await AllAsync(gateway);

        var locations = new HashSet<string>();
        for (int i = 0; i < 3; i++)
        {
            Answer answer = await AskAsync(without, "", $"Cookie: TIDEGATE_MEMBER={cookies[0]}\r\n");
            Assert.Null(answer.Cookie);
            locations.Add(answer.Location);
        }

        Assert.Equal(3, locations.Count);
    }

    [Fact]
    public async Task The_cookie_is_for_the_balancers_path_alone_and_no_page_can_read_it()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer() + Echo(accept: "ws://127.0.0.1:0/other"));

        (string head, RawClient client) = await gateway.HandshakeAsync();

        client.Dispose();
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.Matches("^Set-Cookie: TIDEGATE_MEMBER=[-_0-9A-Za-z]{22}; Path=/echo; HttpOnly; SameSite=Lax$", head.Split("\r\n").Single(line => line.StartsWith("Set-Cookie", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_file_and_a_websocket_of_one_member_have_cookies_for_the_same_member()
    {
        using var directory = new ScratchDirectory();
        await using ClusteredGateway gateway = await StartAloneAsync(
            Balancer(accept: "http://balancer.example/app")
            + "<service><name>files</name><accept>http://127.0.0.1:0/app/</accept><balance>http://balancer.example/app</balance><type>directory</type>"
            + $"<properties><directory>file://{directory.Path}</directory></properties></service>"
            + Balancer(Redirecting).Replace("<name>balancer</name>", "<name>b</name>", StringComparison.Ordinal) + Echo(accept: "ws://127.0.0.1:0/other"));
        using RawClient client = await RawClient.ConnectAsync(gateway.At("http", "/app"));
        await client.SendAsync("GET /app HTTP/1.1\r\nHost: balancer.example\r\n\r\n");
        string file = CookieIn(await client.ReadHeadAsync())!;

        string socket = (await AskAsync(gateway)).Cookie!;

        Assert.NotEqual(file, socket);
        Assert.Equal(file[..11], socket[..11]);
    }

    [Fact]
    public async Task With_a_key_another_balancer_and_a_member_that_was_restarted_know_the_cookie_and_without_it_the_other_balancer_does()
    {
        foreach (string? key in (string?[])[Gateway.Cluster.ClusterKeys.Generate(), null])
        {
            await using ClusteredGateway one = await ClusteredGateway.StartAsync(Balancer(Redirecting) + Echo(accept: "ws://127.0.0.1:0/other"), key: key);
            await using ClusteredGateway two = await ClusteredGateway.StartAsync(Balancer(Redirecting) + Echo(accept: "ws://127.0.0.1:0/other"), one, key: key);
            string[] both = [.. new[] { one, two }.Select(gateway => $"ws://127.0.0.1:{gateway.At("ws", "/other").Port}/other").Order(StringComparer.Ordinal)];
            await one.LeadsToAsync(both);
            await two.LeadsToAsync(both);

            (string[] cookies, string[] locations) = await AllAsync(one, 2);
            for (int i = 0; i < 6; i++)
            {
                Answer answer = await AskAsync(two, "", $"Cookie: TIDEGATE_MEMBER={cookies[i % 2]}\r\n");
                Assert.Equal((locations[i % 2], null), (answer.Location, answer.Cookie));
            }

            // Nothing in it can be told from what clients can know.
            Assert.All(cookies, cookie => Assert.DoesNotContain(
                cookie[..11],
                new[] { one, two }.Select(gateway => System.Buffers.Text.Base64Url.EncodeToString(
                    System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(gateway.Id[1..])))[..11])));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_member_that_was_restarted_gets_its_clients_back_in_a_cluster_with_a_key_and_is_another_one_without(bool hasKey)
    {
        string? key = hasKey ? Gateway.Cluster.ClusterKeys.Generate() : null;
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(
            Balancer($"{Redirecting}<policy>round-robin</policy>") + Echo(accept: "ws://127.0.0.1:0/other"), key: key);
        int port;
        string cookie;
        await using (ClusteredGateway two = await SecondAsync(one, 0, key))
        {
            await LeadsToBothAsync(one, two);
            (string[] cookies, string[] locations) = await AllAsync(one, 2);
            cookie = cookies[Array.IndexOf(locations, LocationOf(two))];
            port = two.Server.ClusterEndPoint!.Port;
        }

        await one.LeadsToAsync(TargetOf(one));
        await using ClusteredGateway again = await SecondAsync(one, port, key);
        await LeadsToBothAsync(one, again);

        var seen = new HashSet<string>();
        for (int i = 0; i < 6; i++)
        {
            Answer answer = await AskAsync(one, "", $"Cookie: TIDEGATE_MEMBER={cookie}\r\n");
            seen.Add(answer.Location);
            Assert.True(hasKey || answer.Cookie is not null);
        }

        Assert.Equal(hasKey ? [LocationOf(again)] : [.. new[] { one, again }.Select(LocationOf).Order(StringComparer.Ordinal)], seen.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("wss")]
    [InlineData("https")]
    public async Task Where_clients_speak_tls_the_cookie_is_for_tls_alone(string scheme)
    {
        await using SecureGateway gateway = await SecureGateway.StartAsync(
            $"<service><name>balancer</name><accept>{scheme}://balancer.example/app</accept><type>balancer</type><properties>{Redirecting}</properties>"
            + "<accept-options><tcp.bind>127.0.0.1:0</tcp.bind></accept-options></service>"
            + $"<service><name>member</name><accept>{scheme}://127.0.0.1:0/other</accept><balance>{scheme}://balancer.example/app</balance>"
            + (scheme == "wss" ? "<type>echo</type>" : "<type>directory</type><properties><directory>/</directory></properties>") + "</service>",
            authority => authority.Keystore("balancer.example", "127.0.0.1"));
        int port = gateway.Server.Served.First(served => served.Uri.Path == "/app").BoundTo[0].Port;
        await using System.Net.Security.SslStream client = await gateway.ConnectAsync(port, "balancer.example");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        string request = scheme == "wss"
            ? RawClient.Handshake(443, "/app").Replace("127.0.0.1:443", "balancer.example", StringComparison.Ordinal)
            : "GET /app HTTP/1.1\r\nHost: balancer.example\r\n\r\n";
        await client.WriteAsync(System.Text.Encoding.ASCII.GetBytes(request), patience.Token);
        using var reader = new StreamReader(client);
        var head = new List<string>();
        while (await reader.ReadLineAsync(patience.Token) is { Length: > 0 } line)
        {
            head.Add(line);
        }

        Assert.StartsWith("HTTP/1.1 302 ", head[0], StringComparison.Ordinal);
        Assert.Matches("^Set-Cookie: TIDEGATE_MEMBER=[-_0-9A-Za-z]{22}; Path=/app; HttpOnly; SameSite=Lax; Secure$", Assert.Single(head, line => line.StartsWith("Set-Cookie", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task When_the_member_is_gone_another_is_chosen_and_the_cookie_is_for_that()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Balancer($"{Redirecting}<policy>round-robin</policy>") + Echo(accept: "ws://127.0.0.1:0/other"));
        await using ClusteredGateway two = await ClusteredGateway.StartAsync(Echo(accept: "ws://127.0.0.1:0/other"), one);
        string own = $"ws://127.0.0.1:{one.At("ws", "/other").Port}/other";
        string other = $"ws://127.0.0.1:{two.At("ws", "/other").Port}/other";
        await one.LeadsToAsync([.. new[] { own, other }.Order(StringComparer.Ordinal)]);
        (string[] cookies, string[] locations) = await AllAsync(one, 2);
        int lost = Array.IndexOf(locations, other.Replace("ws://", "http://", StringComparison.Ordinal));

        await two.Server.StopAsync(CancellationToken.None);
        await one.LeadsToAsync(own);

        Answer answer = await AskAsync(one, "", $"Cookie: TIDEGATE_MEMBER={cookies[lost]}\r\n");
        Assert.Equal((own.Replace("ws://", "http://", StringComparison.Ordinal), cookies[1 - lost]), (answer.Location, answer.Cookie));
    }

    /// <summary>A member at an address that no other test has, so that its port is still free when it comes again.</summary>
    private static Task<ClusteredGateway> SecondAsync(ClusteredGateway one, int port, string? key) => ClusteredGateway.StartAsync(
        Configuration.ConfigurationText.Read(Echo(accept: "ws://127.0.0.1:0/other")) with
        {
            Cluster = new ClusterConfiguration
            {
                Name = "c",
                Accepts = [new ClusterAddress("tcp", key is null ? "127.83.12.5" : "127.83.12.6", port, "")],
                Connects = [new ClusterAddress("tcp", "127.0.0.1", one.Server.ClusterEndPoint!.Port, "")],
                Position = new SourcePosition("test.xml", 2, 1),
            },
        },
        key);

    private static string TargetOf(ClusteredGateway gateway) => $"ws://127.0.0.1:{gateway.At("ws", "/other").Port}/other";

    private static string LocationOf(ClusteredGateway gateway) => TargetOf(gateway).Replace("ws://", "http://", StringComparison.Ordinal);

    private static Task LeadsToBothAsync(ClusteredGateway one, ClusteredGateway two) =>
        one.LeadsToAsync([.. new[] { one, two }.Select(TargetOf).Order(StringComparer.Ordinal)]);

    private static string Three() => string.Concat(
        Enumerable.Range(0, 3).Select(i => Echo(accept: $"ws://127.0.0.1:0/other{i}").Replace("<name>echo</name>", $"<name>echo{i}</name>", StringComparison.Ordinal)));

    /// <summary>A cookie for each of the targets, and where each leads.</summary>
    private static async Task<(string[] Cookies, string[] Locations)> AllAsync(ClusteredGateway gateway, int count = 3)
    {
        var found = new Dictionary<string, string>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        for (int i = 0; found.Count < count; i++)
        {
            Assert.False(patience.IsCancellationRequested, $"All went to {string.Join(", ", found.Values)}.");
            Answer answer = await AskAsync(gateway, $"?user={i}");
            found[answer.Cookie!] = answer.Location.Split('?')[0];
            if (gateway.Server.ClusterEndPoint is null && i > 20 && found.Count == 1)
            {
                // By the address all of this machine go to one; the others are not to be had.
                break;
            }
        }

        return ([.. found.Keys], [.. found.Values]);
    }

    private static async Task<Answer> AskAsync(ClusteredGateway gateway, string query = "", string more = "")
    {
        (string head, RawClient client) = await gateway.HandshakeAsync(query, more);
        client.Dispose();
        Assert.StartsWith($"HTTP/1.1 {(int)HttpStatusCode.Found} ", head, StringComparison.Ordinal);
        return new Answer(head.Split("\r\n").Single(line => line.StartsWith("Location: ", StringComparison.Ordinal))["Location: ".Length..], CookieIn(head));
    }

    private static string? CookieIn(string head) =>
        head.Split("\r\n").SingleOrDefault(line => line.StartsWith("Set-Cookie: TIDEGATE_MEMBER=", StringComparison.Ordinal))?["Set-Cookie: TIDEGATE_MEMBER=".Length..].Split(';')[0];

    private sealed record Answer(string Location, string? Cookie);
}
