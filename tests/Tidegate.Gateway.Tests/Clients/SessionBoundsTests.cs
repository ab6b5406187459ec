using System.Net;
using Microsoft.Extensions.Logging;
using Tidegate.Engine.Emulation;
using Tidegate.Gateway.Clients;
using Tidegate.Gateway.Configuration;
using static Tidegate.Gateway.Tests.Clients.EmulatedClient;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>The bounds on sessions without a connection of their own: that they hold, and that the log names them.</summary>
public sealed class SessionBoundsTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", "192.0.2.2")]
    // The second half of an IPv6 address is whatever the client likes.
    [InlineData("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1")]
    public void An_address_that_has_too_many_gets_no_more_until_one_is_gone(string address, string same, string other)
    {
        var quota = new AddressQuota(maximum: 100, maximumOfAddress: 3);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(QuotaAnswer.Taken, quota.Reserve(IPAddress.Parse(address)));
        }

        Assert.Equal(QuotaAnswer.TooManyOfAddress, quota.Reserve(IPAddress.Parse(same)));
        Assert.Equal(QuotaAnswer.Taken, quota.Reserve(IPAddress.Parse(other)));

        var sessions = new EmulatedSessions();
        sessions.Add("id", new EmulatedEntry(null!, "place", ""));
        sessions.Remove("id", quota, IPAddress.Parse(address));
        // Only once, however often it is said.
        sessions.Remove("id", quota, IPAddress.Parse(address));
        Assert.Equal(QuotaAnswer.Taken, quota.Reserve(IPAddress.Parse(same)));
        Assert.Equal(QuotaAnswer.TooManyOfAddress, quota.Reserve(IPAddress.Parse(same)));
    }

    [Fact]
    public void A_service_that_has_too_many_takes_nobody_until_one_is_gone()
    {
        var quota = new AddressQuota(maximum: 3, maximumOfAddress: 2);
        var addresses = Enumerable.Range(1, 4).Select(last => new IPAddress([192, 0, 2, (byte)last])).ToList();
        Assert.All(addresses[..3], address => Assert.Equal(QuotaAnswer.Taken, quota.Reserve(address)));
        Assert.Equal(QuotaAnswer.Full, quota.Reserve(addresses[3]));
        quota.Release(addresses[0]);

        // Who is refused takes no place.
        Assert.Equal(QuotaAnswer.Taken, quota.Reserve(addresses[1]));
        quota.Release(addresses[2]);
        Assert.Equal(QuotaAnswer.TooManyOfAddress, quota.Reserve(addresses[1]));
        Assert.Equal(QuotaAnswer.Taken, quota.Reserve(addresses[3]));
        Assert.Equal(QuotaAnswer.Full, quota.Reserve(addresses[0]));
        quota.TakeNoMore();
        Assert.Equal(QuotaAnswer.Ending, quota.Reserve(addresses[0]));
    }

    [Fact]
    public async Task Clients_of_either_kind_get_503_and_the_log_names_the_bound_once()
    {
        var log = new CollectedLog();
        var time = new StandingTime();
        var limits = new EmulationLimits { MaximumSessionsPerAddress = 2 };
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port, accept: new AcceptOptions { Emulation = limits }, loggers: log.Factory, time: time);
        using EmulatedClient first = await CreateAsync(gateway);
        using EmulatedClient second = await CreateAsync(gateway);
        using EventClient third = await EventClient.OpenAsync(gateway);
        using EventClient fourth = await EventClient.OpenAsync(gateway);

        using EmulatedClient stranger = Stranger();
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage refused = await stranger.SendAsync(HttpMethod.Get, gateway.Origin + "/echo/;e/cbm", null, VersionHeader);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Equal("This address has too many emulated WebSockets and event streams.\n", await refused.Content.ReadAsStringAsync());
            using EventClient deaf = await EventClient.AskAsync(gateway, "/events");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, deaf.Response.StatusCode);
        }

        const string Line = "wse.maximum.sessions.per.address is reached: 127.0.0.1 has 2 emulated WebSockets and event streams, and gets 503 for another one (service ";
        Assert.Equal([Line + "echo)", Line + "events)"], log.At(LogLevel.Warning).Where(line => line.Contains("is reached", StringComparison.Ordinal)));
        time.Advance(SessionBounds.Period);
        using HttpResponseMessage again = await stranger.SendAsync(HttpMethod.Get, gateway.Origin + "/echo/;e/cbm", null, VersionHeader);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, again.StatusCode);
        Assert.Contains(Line + "echo; 2 times more since the last such line)", log.Lines);

        // Another service has places of its own.
        using EmulatedClient elsewhere = await CreateAsync(gateway, "/relay/;e/cbm");
    }

    [Fact]
    public async Task A_session_that_nobody_fetches_from_ends_after_the_time_that_is_set()
    {
        var log = new CollectedLog();
        var limits = new EmulationLimits { ReconnectTimeout = TimeSpan.FromSeconds(1), MaximumSessions = 1 };
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new AcceptOptions { Emulation = limits }, loggers: log.Factory);
        using EmulatedClient client = await CreateAsync(gateway);
        await log.WaitForAsync("wse.reconnect.timeout is reached: 127.0.0.1 has not come back, and its session is over (service echo)");

        // Its place is free, and there is no other one.
        using EmulatedClient next = await CreateAsync(gateway);
        using EmulatedClient stranger = Stranger();
        using HttpResponseMessage refused = await stranger.SendAsync(HttpMethod.Get, gateway.Origin + "/echo/;e/cbm", null, VersionHeader);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        await log.WaitForAsync("wse.maximum.sessions is reached: there are 1 emulated WebSockets and event streams, and who opens another one gets 503 (service echo)");
    }

    [Theory]
    [InlineData(SessionBound.Pending, "wse.maximum.pending.bytes is reached: somebody does not take what it is sent, and its session is cut off (service s)")]
    [InlineData(SessionBound.Gathered, "wse.maximum.gathered.bytes is reached: a message in parts for somebody is too long, and the session is closed (service s)")]
    public void What_ended_a_session_is_named(SessionBound bound, string line)
    {
        var log = new CollectedLog();
        var nowhere = new SourcePosition("test.xml", 1, 1);
        var configuration = new ServiceConfiguration
        {
            Name = "s",
            Type = "echo",
            Accepts = [],
            Connects = [],
            AcceptOptions = new AcceptOptions(),
            ConnectOptions = new ConnectOptions(),
            Options = new Tidegate.Gateway.Services.Echo.EchoOptions(),
            CrossSiteConstraints = [],
            RequiredRoles = [],
            Position = nowhere,
        };
        var bounds = new SessionBounds(configuration, new StandingTime(), log);
        using var loops = Engine.EventLoops.Start(new Engine.EngineOptions { Loops = 1 });
        var session = new EmulatedSession(loops.Next(), new EmulationOptions(), null, null, _ => { });
        bounds.Reached(session, bound);
        bounds.Reached(session, bound);
        Assert.Equal([line], log.Lines);
    }

    [Theory]
    [InlineData(0, 60)]
    [InlineData(2, 5)]
    [InlineData(30, 30)]
    [InlineData(3600, 60)]
    public void Without_an_idle_timeout_it_follows_from_the_inactivity_timeout(int inactivity, int idle)
    {
        Assert.Equal(TimeSpan.FromSeconds(idle), new EmulationLimits().IdleTimeoutBeside(TimeSpan.FromSeconds(inactivity)));
        Assert.Equal(TimeSpan.FromSeconds(90), new EmulationLimits { IdleTimeout = TimeSpan.FromSeconds(90) }.IdleTimeoutBeside(TimeSpan.FromSeconds(inactivity)));
    }

    [Fact]
    public async Task A_client_is_told_after_how_long_a_silence_to_give_up()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new AcceptOptions { Emulation = new EmulationLimits { IdleTimeout = TimeSpan.FromSeconds(20.5) } });
        using EmulatedClient client = await CreateAsync(gateway);
        using ReceivingStream down = await client.ReceiveAsync();
        Assert.Equal("21", Assert.Single(down.Response.Headers.GetValues("X-Idle-Timeout")));
    }

    [Fact]
    public async Task In_specification_mode_clients_say_their_version_and_number_and_get_no_frame_that_says_nothing()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new AcceptOptions { Emulation = new EmulationLimits { Specification = true } });
        using EmulatedClient client = Stranger();
        foreach ((string[] headers, string words) in new[]
        {
            (new[] { "X-Sequence-No: 0" }, "X-WebSocket-Version header missing\n"),
            ([VersionHeader], "X-Sequence-No header missing or invalid\n"),
        })
        {
            using HttpResponseMessage refused = await client.SendAsync(HttpMethod.Get, gateway.Origin + "/echo/;e/cbm", null, headers);
            Assert.Equal((HttpStatusCode.BadRequest, words), (refused.StatusCode, await refused.Content.ReadAsStringAsync()));
        }

        await client.OpenAsync(gateway.Origin + "/echo/;e/cbm", "X-Sequence-No: 0");
        using ReceivingStream down = await client.ReceiveAsync("", null, "X-Sequence-No: 1");
        Assert.Equal(200, await client.PostAsync([0x80, 1, 65, .. Reconnect], "X-Sequence-No: 1"));
        await down.ExpectAsync(0x80, 1, 65);
    }
}
