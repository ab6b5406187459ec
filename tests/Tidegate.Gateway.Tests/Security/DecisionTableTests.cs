using System.Net;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using Tidegate.Gateway.Tests.Clients;
using static Tidegate.Gateway.Tests.Clients.ClientWire;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>A gateway for the whole table: what it decides of one does not depend on the others.</summary>
public sealed class DecisionTable : IAsyncLifetime
{
    internal GuardedGateway Gateway { get; private set; } = null!;

    public async Task InitializeAsync() => Gateway = await GuardedGateway.StartAsync();

    public async Task DisposeAsync() => await Gateway.DisposeAsync();
}

/// <summary>
/// Scheme, way in, what is shown, and the roles that are wanted: status and challenge of each (docs/logins.md; docs/spec/compat.md, chapter 4.3), and
/// nothing comes to a service but those who are let in.
/// </summary>
public sealed class DecisionTableTests(DecisionTable table) : IClassFixture<DecisionTable>
{
    private static readonly string[] s_ways = ["http", "events", "websocket", "within", "emulated", "wrapped"];

    private GuardedGateway Gateway => table.Gateway;

    public static TheoryData<string, string> SchemesAndWays()
    {
        var data = new TheoryData<string, string>();
        foreach (string scheme in GuardedGateway.Schemes)
        {
            foreach (string way in s_ways)
            {
                data.Add(scheme, way);
            }
        }

        return data;
    }

    public static TheoryData<string, string> SchemesAndVersions()
    {
        var data = new TheoryData<string, string>();
        foreach (string scheme in GuardedGateway.Schemes)
        {
            data.Add(scheme, "1.1");
            data.Add(scheme, "2.0");
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(SchemesAndWays))]
    public async Task Each_gets_the_answer_of_the_table_and_the_service_sees_only_those_who_are_let_in(string scheme, string way)
    {
        var wrong = new List<string>();
        int letIn = Gateway.Connections;
        foreach ((string wanted, string[] _) in GuardedGateway.Wanted)
        {
            foreach ((string who, string[] shown) in Shown(scheme))
            {
                // What failed before has no part in it.
                Gateway.Time.Advance(TimeSpan.FromSeconds(20));
                (string outcome, RawClient client) = await TryAsync(scheme, way, wanted, string.Concat(shown.Select(value => $"Authorization: {value}\r\n")));
                using RawClient disposed = client;
                string expected = Expected(scheme, way, wanted, who);
                if (outcome != expected)
                {
                    wrong.Add($"{wanted}, {who}: {outcome} and not {expected}");
                }

                letIn += expected is "101" or "201" || (expected == "200" && way == "events") ? 1 : 0;
                await Gateway.ExpectConnectionsAsync(letIn);
            }
        }

        Assert.Empty(wrong);
    }

    [Theory]
    [MemberData(nameof(SchemesAndVersions))]
    public async Task It_is_the_same_over_tls_and_over_http_2(string scheme, string version)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, presented, _, _) => presented?.Subject == "CN=127.0.0.1" } };
        using var invoker = new HttpMessageInvoker(handler);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var wrong = new List<string>();
        int letIn = Gateway.Connections;
        foreach (string way in (string[])["http", "events", "websocket", "emulated"])
        {
            foreach ((string who, string[] shown) in Shown(scheme).Where(one => one.Who is "nothing" or "a wrong one" or "joe" or "admin"))
            {
                Gateway.Time.Advance(TimeSpan.FromSeconds(20));
                string expected = Expected(scheme, way, "both", who);
                string outcome = way == "websocket"
                    ? await OpenAsync(invoker, version, $"wss://{Gateway.Secure}{GuardedGateway.PathOf(scheme, "both")}/ws", shown, letIn + 1, patience.Token)
                    : await GetAsync(invoker, version, $"https://{Gateway.Secure}{GuardedGateway.PathOf(scheme, "both")}/{FileOf(way)}", shown, patience.Token);

                // What a WebSocket client does not tell of a refusal is its challenge.
                if (outcome != (way == "websocket" ? expected.Split(' ')[0].Replace("101", version == "2.0" ? "200" : "101", StringComparison.Ordinal) : expected))
                {
                    wrong.Add($"{way}, {who}: {outcome} and not {expected}");
                }

                letIn += expected is "101" or "201" || (expected == "200" && way == "events") ? 1 : 0;
                await Gateway.ExpectConnectionsAsync(letIn);
            }
        }

        Assert.Empty(wrong);
    }

    /// <summary>What the table says: a status, and the challenge behind it.</summary>
    private static string Expected(string scheme, string way, string wanted, string who)
    {
        bool isApplication = scheme.StartsWith("Application ", StringComparison.Ordinal);
        bool isBasic = scheme.EndsWith("Basic", StringComparison.Ordinal);
        bool isKnown = who is "joe" or "admin";
        bool isLetIn = isKnown && wanted switch
        {
            "anyone" => true,
            "both" => who == "admin",
            // A name counts as a role where operators give names.
            _ => isBasic && who == "joe",
        };
        if (isLetIn)
        {
            return way switch { "http" or "events" => "200", "emulated" or "wrapped" => "201", _ => "101" };
        }

        if (who == "two")
        {
            return "400";
        }

        if ((isKnown && !isBasic) || (way == "websocket" && isApplication))
        {
            return "403";
        }

        string name = isApplication && way is "within" or "emulated" or "wrapped" ? scheme : scheme.Replace("Application ", "", StringComparison.Ordinal);
        return $"401 {name}{(name.EndsWith("Token", StringComparison.Ordinal) ? "" : " realm=\"The demo\"")}";
    }

    private IEnumerable<(string Who, string[] Values)> Shown(string scheme)
    {
        yield return ("nothing", []);
        yield return ("a scheme alone", [scheme]);
        if (scheme.EndsWith("Basic", StringComparison.Ordinal))
        {
            yield return ("a stranger", [UsersFile.Basic("jane", "welcome")]);
            yield return ("a wrong one", [UsersFile.Basic("admin", "welcome")]);
            yield return ("an empty one", [UsersFile.Basic("admin", "")]);
            yield return ("no base64", ["Basic ???"]);
            yield return ("white space", [UsersFile.Basic("admin", "admin").Insert(10, " ")]);
            yield return ("another scheme", [UsersFile.Basic("admin", "admin").Replace("Basic", "Bearer", StringComparison.Ordinal)]);
            yield return ("two", [UsersFile.Basic("admin", "admin"), UsersFile.Basic("admin", "admin")]);
            yield return ("two", [UsersFile.Basic("admin", "wrong"), UsersFile.Basic("admin", "admin")]);
            yield return ("two in one", [UsersFile.Basic("admin", "admin") + ", " + UsersFile.Basic("admin", "admin")]);
            yield return ("joe", [UsersFile.Basic("joe", "welcome")]);
            yield return ("admin", [UsersFile.Basic("admin", "admin")]);
            yield break;
        }

        TokenIssuer issuer = Gateway.Issuer!;
        string admin = issuer.TokenFor("admin", "ADMINISTRATOR AUTHORIZED");
        string[] parts = admin.Split('.');
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        yield return ("no token", ["Bearer abc"]);
        yield return ("a wrong one", [$"Bearer {issuer.TokenFor("admin", "ADMINISTRATOR AUTHORIZED", key: other)}"]);
        yield return ("an old one", [$"Bearer {issuer.TokenFor("admin", "ADMINISTRATOR AUTHORIZED", hours: -1)}"]);
        yield return ("none", [$"Bearer {Base64UrlEncoder.Encode("{\"alg\":\"none\",\"typ\":\"JWT\"}")}.{parts[1]}."]);
        yield return ("no signature", [$"Bearer {parts[0]}.{parts[1]}."]);
        yield return ("another scheme", [$"Basic {admin}"]);
        yield return ("too long", [$"Bearer {admin}{new string('a', 17_000)}"]);
        yield return ("two", [$"Bearer {admin}", $"Bearer {admin}"]);
        yield return ("two in one", [$"Bearer {admin}, Bearer {admin}"]);
        yield return ("joe", [$"Bearer {issuer.TokenFor("joe", "AUTHORIZED")}"]);

        yield return ("admin", [$"Token {admin}"]);
        yield return ("admin", [$"Application Token {admin}"]);
    }

    private static string FileOf(string way) => way switch
    {
        "http" => "files/page.txt",
        "events" => "events",
        "emulated" or "wrapped" => "ws/;e/cbm",
        _ => "ws",
    };

    private async Task<(string Outcome, RawClient Client)> TryAsync(string scheme, string way, string wanted, string authorization)
    {
        RawClient client = await RawClient.ConnectAsync(Gateway.Plain);
        int port = Gateway.Plain.Port;
        string path = $"{GuardedGateway.PathOf(scheme, wanted)}/{FileOf(way)}";
        switch (way)
        {
            case "websocket":
                await client.SendAsync(RawClient.Handshake(port, path, authorization));
                break;
            case "within" when !scheme.StartsWith("Application", StringComparison.Ordinal):
                await client.SendAsync(RawClient.Handshake(port, path + "?.kl=Y", Offer + authorization));
                break;
            case "within":
                await client.SendAsync(RawClient.Handshake(port, path + "?.kl=Y", Offer));
                Assert.Contains(" 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
                await client.ExpectAsync(Stay);
                await client.SendAsync(Frame(Request(path, more: authorization)));
                return (OutcomeIn(await client.ReadResponseAsync()), client);
            default:
                string more = way switch
                {
                    "wrapped" => $"X-WebSocket-Version: wseb-1.0\r\nX-Origin: http://127.0.0.1:{port}\r\n",
                    "emulated" => "X-WebSocket-Version: wseb-1.0\r\n",
                    _ => "",
                };
                await client.SendAsync($"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{more}{authorization}\r\n");
                break;
        }

        string head = await client.ReadHeadAsync();
        if (way == "wrapped")
        {
            Assert.StartsWith("HTTP/1.1 200 ", head, StringComparison.Ordinal);

            // The body may come in chunks.
            head = await client.ReadHeadAsync();
            head = head[head.IndexOf("HTTP/1.1 ", StringComparison.Ordinal)..];
        }

        if (way == "within" && head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal))
        {
            await client.ExpectAsync(Stay);
            await client.SendAsync(Frame(Request(path)));
            head = await client.ReadResponseAsync();
        }

        return (OutcomeIn(head), client);
    }

    private static string OutcomeIn(string head)
    {
        string[] lines = head.Split("\r\n");
        string? challenge = lines.FirstOrDefault(line => line.StartsWith("WWW-Authenticate: ", StringComparison.Ordinal));
        return lines[0].Split(' ')[1] + (challenge is null ? "" : " " + challenge["WWW-Authenticate: ".Length..]);
    }

    private static async Task<string> GetAsync(HttpMessageInvoker invoker, string version, string uri, string[] shown, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri) { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.TryAddWithoutValidation("X-WebSocket-Version", "wseb-1.0");
        request.Headers.TryAddWithoutValidation("Authorization", shown);
        using HttpResponseMessage response = await invoker.SendAsync(request, cancellation);
        string challenge = string.Join(", ", response.Headers.WwwAuthenticate);
        return $"{(int)response.StatusCode}{(challenge.Length == 0 ? "" : " " + challenge)}";
    }

    private async Task<string> OpenAsync(HttpMessageInvoker invoker, string version, string uri, string[] shown, int expected, CancellationToken cancellation)
    {
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.CollectHttpResponseDetails = true;
        if (shown.Length > 0)
        {
            socket.Options.SetRequestHeader("Authorization", shown[0]);
        }

        try
        {
            await socket.ConnectAsync(new Uri(uri), invoker, cancellation);

            // Whoever goes at once may be gone before it is connected through.
            await Gateway.ExpectConnectionsAsync(expected);
        }
        catch (WebSocketException)
        {
            // The status says it.
        }

        return $"{(int)socket.HttpStatusCode}";
    }
}
