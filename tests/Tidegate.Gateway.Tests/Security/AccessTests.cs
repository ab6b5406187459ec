using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tests.Clients;
using static Tidegate.Gateway.Tests.Clients.ClientWire;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>Who is let in, by every way in: docs/spec/compat.md, chapters 4.1 to 4.3.</summary>
public sealed class AccessTests : IDisposable
{
    private const string Native = "Basic realm=\"The demo\"";
    private const string Library = "Application Basic realm=\"The demo\"";

    private readonly UsersFile _users = new();

    /// <summary>Scheme, way in, who, and what comes of it: a status, and the challenge behind it.</summary>
    public static TheoryData<string, string, string, string> Decisions()
    {
        var data = new TheoryData<string, string, string, string>();
        foreach (string scheme in (string[])["Basic", "Application Basic"])
        {
            bool isLibrary = scheme != "Basic";
            foreach (string way in (string[])["http", "events", "websocket", "within", "emulated"])
            {
                string granted = way switch { "http" or "events" => "200", "emulated" => "201", _ => "101" };
                string refused = way switch
                {
                    _ when !isLibrary => $"401 {Native}",
                    // The old gateway let everybody in here.
                    "http" or "events" => $"401 {Native}",
                    "websocket" => "403",
                    _ => $"401 {Library}",
                };
                foreach (string who in (string[])["nobody", "a stranger", "a wrong password", "no base64", "another scheme", "joe", "admin", "admin, told twice"])
                {
                    string outcome = who switch
                    {
                        "admin" => granted,
                        "admin, told twice" => "400",
                        _ => refused,
                    };
                    data.Add(scheme, way, who, outcome);
                }
            }
        }

        return data;
    }

    public void Dispose() => _users.Dispose();

    [Theory]
    [MemberData(nameof(Decisions))]
    public async Task Only_those_get_in_who_are_known_and_have_the_role(string scheme, string way, string who, string outcome)
    {
        await using RunningGateway gateway = await StartAsync(scheme);
        string authorization = who switch
        {
            "nobody" => "",
            "a stranger" => $"Authorization: {UsersFile.Basic("jane", "welcome")}\r\n",
            "a wrong password" => $"Authorization: {UsersFile.Basic("admin", "welcome")}\r\n",
            "no base64" => "Authorization: Basic ???\r\n",
            "another scheme" => "Authorization: Bearer " + UsersFile.Basic("admin", "admin")["Basic ".Length..] + "\r\n",
            "joe" => $"Authorization: {UsersFile.Basic("joe", "welcome")}\r\n",
            "admin" => $"Authorization: {UsersFile.Basic("admin", "admin")}\r\n",
            _ => string.Concat(Enumerable.Repeat($"Authorization: {UsersFile.Basic("admin", "admin")}\r\n", 2)),
        };

        Assert.Equal(outcome, await TryAsync(gateway, scheme, way, authorization));
    }

    [Theory]
    [InlineData("Basic")]
    [InlineData("Application Basic")]
    public async Task Without_a_login_nothing_comes_to_the_back_end(string scheme)
    {
        using var backEnd = new TcpListener(IPAddress.Loopback, 0);
        backEnd.Start();
        await using RunningGateway gateway = await RunningGateway.StartAsync(((IPEndPoint)backEnd.LocalEndpoint).Port, realm: _users.Realm(scheme), roles: ["ADMINISTRATOR"]);
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);

        // Sent with the handshake, as if it were granted.
        await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(RawClient.Handshake(gateway.Port, "/relay")), .. RawClient.Frame(2, "early"u8)]);

        Assert.Contains(scheme == "Basic" ? " 401 " : " 403 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.False(backEnd.Pending());
    }

    [Fact]
    public async Task A_library_may_try_again_on_the_same_websocket()
    {
        await using RunningGateway gateway = await StartAsync("Application Basic");
        using RawClient client = await OpenWithinAsync(gateway, "");
        await client.SendAsync(Frame(Request(more: $"Authorization: {UsersFile.Basic("admin", "wrong")}\r\n")));
        Assert.StartsWith("HTTP/1.1 401 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Empty);

        await client.SendAsync(Frame(Request(more: $"Authorization: {UsersFile.Basic("admin", "admin")}\r\n")));

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Empty);
        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame("hello"));
        await client.ExpectAsync([0x81, 5, .. "hello"u8]);
    }

    [Fact]
    public async Task A_cookie_that_the_realm_looks_for_is_seen_by_the_handshake_within_too()
    {
        using var log = new CollectedLog();
        using ILoggerFactory loggers = WithDetails(log);
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            realm: _users.Realm("Application Token", cookies: ["token"]), roles: ["*"], loggers: loggers);
        using RawClient client = await OpenWithinAsync(gateway, "Cookie: a=b; token=abc\r\n");

        await client.SendAsync(Frame(Request()));

        // The users in a file have no tokens, and the module says so.
        Assert.Contains("WWW-Authenticate: Application Token\r\n", await client.ReadResponseAsync(), StringComparison.Ordinal);
        await log.WaitForAsync("Realm demo: a login from 127.0.0.1 failed: no name and password came");
    }

    [Fact]
    public async Task A_session_ends_politely_when_it_has_lasted_as_long_as_the_realm_allows()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(realm: _users.Realm("Basic", sessionTimeout: TimeSpan.FromMilliseconds(200)));
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(RawClient.Handshake(gateway.Port, more: $"Authorization: {UsersFile.Basic("joe", "welcome")}\r\n"));
        Assert.Contains(" 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);

        (byte first, byte[] payload) = await client.ReadFrameAsync();

        Assert.Equal(0x88, first);
        Assert.Equal(1008, (payload[0] << 8) | payload[1]);
    }

    [Theory]
    [InlineData("websocket")]
    [InlineData("within")]
    [InlineData("emulated")]
    public async Task An_authorization_that_does_not_hold_any_more_ends_the_session_on_every_transport(string way)
    {
        RealmConfiguration realm = _users.Realm(way == "within" ? "Application Basic" : "Basic", sessionTimeout: TimeSpan.FromDays(1));
        realm = realm with { Authentication = realm.Authentication! with { AuthorizationTimeout = TimeSpan.FromMilliseconds(200) } };
        await using RunningGateway gateway = await RunningGateway.StartAsync(realm: realm);
        string authorization = $"Authorization: {UsersFile.Basic("joe", "welcome")}\r\n";
        if (way == "emulated")
        {
            using EmulatedClient emulated = await EmulatedClient.CreateAsync(gateway, "/echo/;e/cbm", authorization.TrimEnd());
            using ReceivingStream stream = await emulated.ReceiveAsync();

            // The command to close, with the status.
            await stream.ExpectAsync([.. EmulatedClient.Noop, 0x01, (byte)'0', (byte)'2', 0xff]);
            return;
        }

        using RawClient client = way == "within" ? await OpenWithinAsync(gateway, "") : await RawClient.ConnectAsync(gateway.EndPoint);
        if (way == "within")
        {
            await client.SendAsync(Frame(Request(more: authorization)));
            Assert.StartsWith("HTTP/1.1 101 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
            await client.ExpectAsync([.. Empty, .. Stay]);
        }
        else
        {
            await client.SendAsync(RawClient.Handshake(gateway.Port, more: authorization));
            Assert.Contains(" 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        }

        (byte first, byte[] payload) = await client.ReadFrameAsync();
        Assert.Equal(0x88, first);
        Assert.Equal(1008, (payload[0] << 8) | payload[1]);
    }

    [Fact]
    public async Task No_password_comes_into_the_log()
    {
        using var log = new CollectedLog();
        using ILoggerFactory loggers = WithDetails(log);
        await using RunningGateway gateway = await RunningGateway.StartAsync(realm: _users.Realm("Basic"), loggers: loggers);
        foreach (string authorization in (string[])[UsersFile.Basic("joe", "a-secret"), UsersFile.Basic("a-secret-name", "a-secret"), "Basic a-secret", "a-secret"])
        {
            Assert.StartsWith("401 ", await TryAsync(gateway, "Basic", "http", $"Authorization: {authorization}\r\n"), StringComparison.Ordinal);
        }

        Assert.Contains("Realm demo: a login from 127.0.0.1 failed: Wrong password", log.At(LogLevel.Debug));
        Assert.DoesNotContain(log.Lines, line => line.Replace("a-secret-name", "", StringComparison.Ordinal).Contains("a-secret", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Lines, line => line.Contains(UsersFile.Basic("joe", "a-secret"), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http", "AUTHORIZED", "200")]
    [InlineData("http", "TRADER", "403")]
    [InlineData("http", null, "401 Bearer realm=\"The demo\"")]
    [InlineData("websocket", "AUTHORIZED", "101")]
    [InlineData("websocket", "TRADER", "403")]
    [InlineData("emulated", "AUTHORIZED", "201")]
    [InlineData("emulated", null, "401 Bearer realm=\"The demo\"")]
    public async Task A_token_lets_in_who_has_the_role(string way, string? role, string outcome)
    {
        using var issuer = new TokenIssuer(Path.GetDirectoryName(_users.Path)!);
        RealmConfiguration file = _users.Realm("Bearer");
        RealmConfiguration realm = file with
        {
            Authentication = file.Authentication! with
            {
                LoginModules = [new() { Type = "jwt", Success = LoginModuleSuccess.Required, Options = [new("keys", "keys.json", []), new("issuer", "https://login.example", []), new("audience", "gateway", [])] }],
            },
        };
        await using RunningGateway gateway = await RunningGateway.StartAsync(realm: realm, roles: ["AUTHORIZED"]);

        Assert.Equal(outcome, await TryAsync(gateway, "Basic", way, role is null ? "" : $"Authorization: Bearer {issuer.TokenFor("joe", role)}\r\n"));
    }

    [Fact]
    public async Task Who_guesses_is_told_to_come_back_later()
    {
        await using RunningGateway gateway = await StartAsync("Basic");
        string outcome = "";
        for (int i = 0; i < 40 && outcome != "503"; i++)
        {
            // Side by side: one after the other they only wait.
            string[] outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => TryAsync(gateway, "Basic", "http", $"Authorization: {UsersFile.Basic("admin", "guess")}\r\n")));
            outcome = outcomes.Contains("503") ? "503" : outcomes[0];
        }

        Assert.Equal("503", outcome);
    }

    private Task<RunningGateway> StartAsync(string scheme) => RunningGateway.StartAsync(realm: _users.Realm(scheme), roles: ["ADMINISTRATOR", "AUTHORIZED"]);

    private static ILoggerFactory WithDetails(CollectedLog log) => LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));

    private static async Task<RawClient> OpenWithinAsync(RunningGateway gateway, string more)
    {
        RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(RawClient.Handshake(gateway.Port, "/echo?.kl=Y", Offer + more));
        Assert.Contains(" 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Stay);
        return client;
    }

    private static async Task<string> TryAsync(RunningGateway gateway, string scheme, string way, string authorization)
    {
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        string plain = $"HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\n{authorization}";
        switch (way)
        {
            case "http":
                await client.SendAsync($"GET /index.html {plain}\r\n");
                break;
            case "events":
                await client.SendAsync($"GET /events {plain}\r\n");
                break;
            case "emulated":
                await client.SendAsync($"GET /echo/;e/cbm {plain}X-WebSocket-Version: wseb-1.0\r\n\r\n");
                break;
            case "websocket":
                await client.SendAsync(RawClient.Handshake(gateway.Port, more: authorization));
                break;
            case "within" when scheme == "Basic":
                await client.SendAsync(RawClient.Handshake(gateway.Port, "/echo?.kl=Y", Offer + authorization));
                break;
            default:
                await client.SendAsync(RawClient.Handshake(gateway.Port, "/echo?.kl=Y", Offer));
                Assert.Contains(" 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
                await client.ExpectAsync(Stay);
                await client.SendAsync(Frame(Request(more: authorization)));
                return OutcomeIn(await client.ReadResponseAsync());
        }

        return OutcomeIn(await client.ReadHeadAsync());
    }

    private static string OutcomeIn(string head)
    {
        string[] lines = head.Split("\r\n");
        string? challenge = lines.FirstOrDefault(line => line.StartsWith("WWW-Authenticate: ", StringComparison.Ordinal));
        return lines[0].Split(' ')[1] + (challenge is null ? "" : " " + challenge["WWW-Authenticate: ".Length..]);
    }
}
