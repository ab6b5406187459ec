using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Tidegate.Engine.Sessions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Services;
using Tidegate.Gateway.Tests.Clients;
using static Tidegate.Gateway.Tests.Clients.ClientWire;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>Services know who their clients are, and login modules hear when a login is over.</summary>
public sealed class LogoutTests : IDisposable
{
    private readonly CollectedLog _log = new();
    private readonly Remembering _module = new();

    public void Dispose() => _log.Dispose();

    [Theory]
    [InlineData("websocket", "Basic")]
    [InlineData("within", "Basic")]
    [InlineData("within", "Application Basic")]
    public async Task A_login_for_a_websocket_is_over_when_that_is(string way, string scheme)
    {
        await using RunningGateway gateway = await StartAsync(scheme, ["*"]);
        using (RawClient client = await RawClient.ConnectAsync(gateway.EndPoint))
        {
            string authorization = $"Authorization: {UsersFile.Basic("joe", "x")}\r\n";
            await client.SendAsync(RawClient.Handshake(gateway.Port, "/echo?.kl=Y", (way == "within" ? Offer : "") + (scheme == "Basic" ? authorization : "")));
            Assert.Contains(" 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
            await client.ExpectAsync(Stay);
            if (way == "within")
            {
                await client.SendAsync(Frame(Request(more: scheme == "Basic" ? "" : authorization)));
                Assert.StartsWith("HTTP/1.1 101 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
                await client.ExpectAsync([.. Empty, .. Stay]);
            }

            await client.SendAsync(Frame("hello"));
            await client.ExpectAsync([0x81, 5, .. "hello"u8]);
            Assert.Equal((1, 0), (_module.Logins, _module.Logouts));
            await client.SendAsync(Frame(0x88, []));
            await client.ReadToEndAsync();
        }

        await _module.ExpectAsync(logouts: 1);
    }

    [Fact]
    public async Task A_login_for_a_request_is_over_with_its_answer()
    {
        await using RunningGateway gateway = await StartAsync("Basic", ["*"]);

        Assert.Equal("200", await GetAsync(gateway, "/index.html"));

        await _module.ExpectAsync(logouts: 1);
    }

    [Fact]
    public async Task A_login_for_an_emulated_websocket_is_over_when_that_is_and_its_session_says_who_it_is()
    {
        await using RunningGateway gateway = await StartAsync("Application Basic", ["*"]);
        using EmulatedClient client = await EmulatedClient.CreateAsync(gateway, "/echo/;e/cbm", $"Authorization: {UsersFile.Basic("joe", "x")}");
        Principal? principal = Assert.Single(gateway.Server.Emulated).Principal;
        Assert.Equal(("joe", "TRADER"), (principal!.Name, Assert.Single(principal.Roles)));
        Assert.Equal((1, 0), (_module.Logins, _module.Logouts));

        await client.PostFramesAsync(EmulatedClient.Close);
        using ReceivingStream end = await client.ReceiveAsync();

        await _module.ExpectAsync(logouts: 1);
    }

    [Theory]
    [InlineData("/index.html", "403")]
    [InlineData("/echo/;e/cbm", "403")]
    public async Task Who_has_not_the_roles_is_logged_out_at_once(string path, string status)
    {
        await using RunningGateway gateway = await StartAsync("Bearer", ["TRADER", "ADMINISTRATOR"]);

        Assert.Equal(status, await GetAsync(gateway, path, "Bearer x"));

        await _module.ExpectAsync(logouts: 1);
    }

    [Fact]
    public async Task A_module_that_succeeds_hears_it_when_another_one_refuses()
    {
        var chain = new LoginChain([(_module, LoginModuleSuccess.Required), (new Refusing(), LoginModuleSuccess.Required)]);

        Assert.False((await chain.LoginAsync(Attempt(), CancellationToken.None)).IsSuccess);

        await _module.ExpectAsync(logouts: 1);
    }

    [Fact]
    public async Task A_module_that_fails_lets_nobody_in_and_what_it_says_stays_out_of_the_log()
    {
        await using RunningGateway gateway = await StartAsync("Basic", ["*"], new Failing());

        Assert.Equal("503", await GetAsync(gateway, "/index.html"));

        string line = Assert.Single(_log.At(LogLevel.Error));
        Assert.StartsWith("Realm demo: a login module failed with InvalidOperationException, and its client was not let in.", line, StringComparison.Ordinal);
        Assert.DoesNotContain(_log.Lines, one => one.Contains("s3cret", StringComparison.Ordinal));
    }

    private static LoginAttempt Attempt()
    {
        Assert.True(Credentials.TryRead(new Shown("Authorization", "Bearer x"), new CredentialPlaces([], [], []), out Credentials? credentials, out _));
        return new LoginAttempt(credentials, IPAddress.Loopback) { Password = "s3cret" };
    }

    [Fact]
    public void What_a_login_goes_by_does_not_tell_its_password() => Assert.DoesNotContain("s3cret", Attempt().ToString(), StringComparison.Ordinal);

    private async Task<RunningGateway> StartAsync(string scheme, ImmutableArray<string> roles, ILoginModule? module = null)
    {
        RunningGateway gateway = await RunningGateway.StartAsync(loggers: _log.Factory);
        var realm = new Realm(new LoginChain([(module ?? _module, LoginModuleSuccess.Required)]), new LoginThrottle(TimeProvider.System), TimeProvider.System, _log)
        {
            Name = "demo",
            Description = "The demo",
            Scheme = ChallengeScheme.Parse(scheme),
            Places = new CredentialPlaces([], [], []),
        };
        foreach (Service service in gateway.Server.Services)
        {
            service.Protection = new Protection(realm, roles);
        }

        return gateway;
    }

    private static async Task<string> GetAsync(RunningGateway gateway, string path, string? authorization = null)
    {
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync($"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\nX-WebSocket-Version: wseb-1.0\r\nAuthorization: {authorization ?? UsersFile.Basic("joe", "x")}\r\n\r\n");
        return (await client.ReadHeadAsync()).Split(' ')[1];
    }

    /// <summary>Knows everybody, and counts.</summary>
    private sealed class Remembering : ILoginModule
    {
        private int _logins;
        private int _logouts;

        internal int Logins => Volatile.Read(ref _logins);

        internal int Logouts => Volatile.Read(ref _logouts);

        public ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _logins);
            return ValueTask.FromResult(LoginResult.Success("joe", ["TRADER"]) with { Logout = () => Interlocked.Increment(ref _logouts) });
        }

        internal async Task ExpectAsync(int logouts)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (Logouts < logouts)
            {
                Assert.False(patience.IsCancellationRequested, "it has not heard of it");
                await Task.Delay(10, CancellationToken.None);
            }

            Assert.Equal(logouts, Logouts);
        }
    }

    private sealed class Refusing : ILoginModule
    {
        public ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation) => ValueTask.FromResult(LoginResult.Failure("no"));
    }

    private sealed class Failing : ILoginModule
    {
        public ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation) => throw new InvalidOperationException("s3cret");
    }
}
