using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Tests.Clients;
using static Tidegate.Gateway.Tests.Clients.ClientWire;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>Several realms, one after the other: <c>http.realm</c>, by every way in.</summary>
public sealed class RealmChainTests : IDisposable
{
    private readonly UsersFile _first = new("<user><name>joe</name><password>one</password><role-name>A</role-name></user><role><name>A</name></role>");
    private readonly UsersFile _second = new("<user><name>jane</name><password>two</password><role-name>B</role-name></user><role><name>B</name></role>");

    private static string One => $"Authorization: {UsersFile.Basic("joe", "one")}\r\n";

    private static string Two => $"Authorization: {UsersFile.Basic("jane", "two")}\r\n";

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }

    [Theory]
    [InlineData("Basic", "http", 200)]
    [InlineData("Basic", "websocket", 101)]
    [InlineData("Basic", "emulated", 201)]
    [InlineData("Application Basic", "emulated", 201)]
    [InlineData("Application Basic", "within", 101)]
    public async Task Each_realm_asks_and_who_has_passed_one_is_known_to_the_next(string scheme, string way, int granted)
    {
        await using RunningGateway gateway = await StartAsync(scheme, ["A", "B"]);
        string prefix = scheme == "Basic" || way == "http" ? "" : "Application ";

        Answer nobody = await TryAsync(gateway, way, "");
        Assert.Equal((401, $"{prefix}Basic realm=\"first\"", null), (nobody.Status, nobody.Challenge, nobody.Id));

        Answer first = await TryAsync(gateway, way, One);
        Assert.Equal((401, $"{prefix}Basic realm=\"second\""), (first.Status, first.Challenge));
        Assert.Matches("^[0-9a-f]{32}$", first.Id);

        // Wrong: the same realm asks again, and the first one is passed still.
        Answer wrong = await TryAsync(gateway, way, One + first.Shown);
        Assert.Equal((401, $"{prefix}Basic realm=\"second\"", first.Id), (wrong.Status, wrong.Challenge, wrong.Id));

        Assert.Equal(granted, (await TryAsync(gateway, way, Two + first.Shown)).Status);

        // It has led somebody in, and leads nobody else.
        Answer again = await TryAsync(gateway, way, Two + first.Shown);
        Assert.Equal((401, $"{prefix}Basic realm=\"first\"", null), (again.Status, again.Challenge, again.Id));
    }

    [Fact]
    public async Task Within_a_websocket_a_library_need_not_say_that_it_has_passed_a_realm()
    {
        await using RunningGateway gateway = await StartAsync("Application Basic", ["A", "B"]);
        using RawClient client = await OpenWithinAsync(gateway);

        Assert.Contains("realm=\"first\"", await AskWithinAsync(client, ""), StringComparison.Ordinal);
        Assert.Contains("realm=\"second\"", await AskWithinAsync(client, One), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 101 ", await AskWithinAsync(client, Two), StringComparison.Ordinal);
        await client.ExpectAsync(Stay);
    }

    [Fact]
    public async Task Another_websocket_has_passed_nothing()
    {
        await using RunningGateway gateway = await StartAsync("Application Basic", ["*"]);
        using RawClient one = await OpenWithinAsync(gateway);
        Assert.Contains("realm=\"second\"", await AskWithinAsync(one, One), StringComparison.Ordinal);
        using RawClient other = await OpenWithinAsync(gateway);

        Assert.Contains("realm=\"first\"", await AskWithinAsync(other, Two), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_id_of_one_service_is_none_at_another()
    {
        await using RunningGateway gateway = await StartAsync("Basic", ["*"]);
        Answer first = await TryAsync(gateway, "http", One);

        Answer elsewhere = await TryAsync(gateway, "websocket", Two + first.Shown);

        Assert.Equal((401, "Basic realm=\"first\"", null), (elsewhere.Status, elsewhere.Challenge, elsewhere.Id));
    }

    [Fact]
    public async Task A_password_is_shown_to_the_realm_alone_that_it_is_for()
    {
        using var log = new CollectedLog();
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        await using RunningGateway gateway = await StartAsync("Basic", ["*"], loggers);

        // The first realm's goes on to no other, and the second's does not go back to the first when the id is too old.
        Assert.Equal("Basic realm=\"second\"", (await TryAsync(gateway, "http", One)).Challenge);
        Assert.Equal("Basic realm=\"first\"", (await TryAsync(gateway, "http", Two + $"Sec-Challenge-Identity: {new string('0', 32)}\r\n")).Challenge);

        Assert.DoesNotContain(log.Lines, line => line.Contains("failed", StringComparison.Ordinal));
        await TryAsync(gateway, "http", Two);
        await log.WaitForAsync("Realm first: a login from 127.0.0.1 failed: User 'jane' not found");
    }

    [Fact]
    public async Task An_id_that_comes_twice_is_refused()
    {
        await using RunningGateway gateway = await StartAsync("Basic", ["*"]);
        Answer first = await TryAsync(gateway, "http", One);

        Assert.Equal(400, (await TryAsync(gateway, "http", Two + first.Shown + first.Shown)).Status);
    }

    [Theory]
    [InlineData("A", 200)]
    [InlineData("B", 200)]
    // The name is that of the last realm.
    [InlineData("jane", 200)]
    [InlineData("joe", 401)]
    [InlineData("C", 401)]
    public async Task Roles_of_all_realms_count(string role, int status)
    {
        await using RunningGateway gateway = await StartAsync("Basic", [role]);

        Answer first = await TryAsync(gateway, "http", One);

        Assert.Equal(status, (await TryAsync(gateway, "http", Two + first.Shown)).Status);
    }

    [Fact]
    public async Task One_request_may_show_all_that_is_asked_for()
    {
        using var issuer = new TokenIssuer(Path.GetDirectoryName(_first.Path)!);
        RealmConfiguration basic = _first.Realm("Basic", cookies: ["token"]);
        RealmConfiguration tokens = basic with
        {
            Name = "first",
            Authentication = basic.Authentication! with
            {
                ChallengeScheme = "Bearer",
                LoginModules = [new() { Type = "jwt", Success = LoginModuleSuccess.Required, Options = [new("keys", "keys.json", []), new("issuer", "https://login.example", []), new("audience", "gateway", [])] }],
            },
        };
        await using RunningGateway gateway = await RunningGateway.StartAsync(chain: [tokens, _second.Realm("Basic") with { Name = "second" }], roles: ["A", "B"]);
        string cookie = $"Cookie: token={issuer.TokenFor("joe", "A")}\r\n";

        Assert.Equal(200, (await TryAsync(gateway, "http", cookie + Two)).Status);
        Assert.Equal(401, (await TryAsync(gateway, "http", Two)).Status);
        Assert.Equal(401, (await TryAsync(gateway, "http", cookie)).Status);
    }

    [Fact]
    public async Task Who_takes_too_long_begins_anew()
    {
        var time = new StandingTime();
        var passed = new ExpiringState<PassedRealms>(time, 10);
        Protection protection = Chain(time, passed);
        string id = (await protection.AdmitAsync(new Shown("Authorization", UsersFile.Basic("joe", "one")), null, CancellationToken.None)).ChallengeId!;
        var answer = new Shown("Authorization", UsersFile.Basic("jane", "two"), "Sec-Challenge-Identity", id);

        time.Advance(RealmChain.Lifetime);

        Admission late = await protection.AdmitAsync(answer, null, CancellationToken.None);
        Assert.Equal((401, "first", null), (late.Status, late.Challenger?.Name, late.ChallengeId));
    }

    [Fact]
    public async Task More_than_may_be_under_way_are_told_to_come_back()
    {
        var time = new StandingTime();
        Protection protection = Chain(time, new ExpiringState<PassedRealms>(time, 1));
        var one = new Shown("Authorization", UsersFile.Basic("joe", "one"));
        Assert.Equal(401, (await protection.AdmitAsync(one, null, CancellationToken.None)).Status);

        Assert.Equal(503, (await protection.AdmitAsync(one, null, CancellationToken.None)).Status);

        time.Advance(RealmChain.Lifetime);
        Assert.Equal(401, (await protection.AdmitAsync(one, null, CancellationToken.None)).Status);
    }

    [Fact]
    public void Realms_of_a_chain_all_ask_the_library_or_none_does()
    {
        RealmConfiguration one = _first.Realm("Basic") with { Name = "first" };
        RealmConfiguration other = _second.Realm("Application Basic") with { Name = "second" };
        var service = new ServiceConfiguration
        {
            Name = "echo",
            Type = "echo",
            Accepts = [],
            Connects = [],
            AcceptOptions = new AcceptOptions { HttpRealms = ["first", "second"] },
            ConnectOptions = new ConnectOptions(),
            Options = new Tidegate.Gateway.Services.Echo.EchoOptions(),
            Position = one.Position,
        };

        Assert.Contains(
            "Of the realms first and second some ask the client's library (Application …), and some the client itself.",
            Realms.WhyNot(service, new SecurityConfiguration { Realms = [one, other] })!.ToString(), StringComparison.Ordinal);
        Assert.Null(Realms.WhyNot(service, new SecurityConfiguration { Realms = [one, other with { Authentication = one.Authentication }] }));
    }

    private Protection Chain(TimeProvider time, ExpiringState<PassedRealms> passed)
    {
        var throttle = new LoginThrottle(time);
        var gate = new HashingGate();
        Realm Make(string name, UsersFile users) => new(
            new LoginChain([(new FileLoginModule(users.Path, gate, time, NullLogger.Instance), LoginModuleSuccess.Required)]), throttle, time, NullLogger.Instance)
        {
            Name = name,
            Description = name,
            Scheme = ChallengeScheme.Parse("Basic"),
            Places = new CredentialPlaces([], [], []),
        };
        return new Protection(Make("second", _second), ["*"], new RealmChain([Make("first", _first)], passed));
    }

    private Task<RunningGateway> StartAsync(string scheme, ImmutableArray<string> roles, ILoggerFactory? loggers = null) => RunningGateway.StartAsync(
        chain: [_first.Realm(scheme) with { Name = "first", Description = "first" }, _second.Realm(scheme) with { Name = "second", Description = "second" }],
        roles: roles, loggers: loggers);

    private static async Task<Answer> TryAsync(RunningGateway gateway, string way, string headers)
    {
        if (way == "within")
        {
            using RawClient within = await OpenWithinAsync(gateway);
            return Answer.Of(await AskWithinAsync(within, headers));
        }

        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        string plain = $"HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\n{headers}";
        await client.SendAsync(way switch
        {
            "http" => $"GET /index.html {plain}\r\n",
            "emulated" => $"GET /echo/;e/cbm {plain}X-WebSocket-Version: wseb-1.0\r\n\r\n",
            _ => RawClient.Handshake(gateway.Port, more: headers),
        });
        return Answer.Of(await client.ReadHeadAsync());
    }

    private static async Task<RawClient> OpenWithinAsync(RunningGateway gateway)
    {
        RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(RawClient.Handshake(gateway.Port, "/echo?.kl=Y", Offer));
        Assert.Contains(" 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Stay);
        return client;
    }

    private static async Task<string> AskWithinAsync(RawClient client, string headers)
    {
        await client.SendAsync(Frame(Request(more: headers)));
        string response = await client.ReadResponseAsync();
        await client.ExpectAsync(Empty);
        return response;
    }

    private sealed record Answer(int Status, string? Challenge, string? Id)
    {
        /// <summary>The header with which the client says that it has passed a realm.</summary>
        internal string Shown => $"Sec-Challenge-Identity: {Id}\r\n";

        internal static Answer Of(string head)
        {
            string? Find(string name) => head.Split("\r\n").FirstOrDefault(line => line.StartsWith(name + ": ", StringComparison.Ordinal))?[(name.Length + 2)..];
            return new Answer(int.Parse(head.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), Find("WWW-Authenticate"), Find("Sec-Challenge-Identity"));
        }
    }
}
