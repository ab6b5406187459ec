using System.Net;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Tests.Clients;
using static Tidegate.Gateway.Tests.Clients.ClientWire;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>Logins wait for each other in bounded numbers, and nobody else waits for them.</summary>
public sealed class LoginQueueTests
{
    [Fact]
    public async Task More_logins_than_may_wait_get_503_and_the_time_to_come_again_while_others_are_served()
    {
        using var log = new CollectedLog();
        var module = new Slow();
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        var realm = new Realm(new LoginChain([(module, LoginModuleSuccess.Required)]), new LoginThrottle(TimeProvider.System), TimeProvider.System, log)
        {
            Name = "demo",
            Description = "The demo",
            Scheme = ChallengeScheme.Parse("Basic"),
            Places = new CredentialPlaces([], [], []),
        };
        gateway.Server.Services.Single(service => service.Configuration.Name == "files").Protection = new Protection(realm, ["*"]);
        var clients = new List<RawClient>();
        try
        {
            for (int i = 0; i < LoginTurns.AtOnce + LoginTurns.MaximumWaiting + 1; i++)
            {
                RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
                clients.Add(client);
                await client.SendAsync($"GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\nAuthorization: {UsersFile.Basic($"user {i}", "x")}\r\n\r\n");
            }

            Task<string>[] heads = [.. clients.Select(client => client.ReadHeadAsync())];
            string turnedAway = await await Task.WhenAny(heads);
            Assert.StartsWith("HTTP/1.1 503 ", turnedAway, StringComparison.Ordinal);
            Assert.Contains("Retry-After: 1", turnedAway.Split("\r\n"));
            while (module.Asked < LoginTurns.AtOnce)
            {
                await Task.Delay(10);
            }

            Assert.Equal(LoginTurns.AtOnce, module.Asked);

            // Those who have nothing to do with it notice nothing.
            using RawClient other = await RawClient.ConnectAsync(gateway.EndPoint);
            await other.SendAsync(RawClient.Handshake(gateway.Port));
            Assert.Contains(" 101 ", await other.ReadHeadAsync(), StringComparison.Ordinal);
            await other.SendAsync(Frame("hello"));
            await other.ExpectAsync([0x81, 5, .. "hello"u8]);

            module.Answer.SetResult();
            string[] statuses = [.. (await Task.WhenAll(heads)).Select(head => head.Split(' ')[1])];
            Assert.All(statuses, status => Assert.Contains(status, (string[])["200", "503"]));
            Assert.InRange(statuses.Count(status => status == "200"), LoginTurns.AtOnce, statuses.Length - 1);
        }
        finally
        {
            module.Answer.TrySetResult();
            clients.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task More_passwords_than_may_wait_to_be_hashed_are_turned_away()
    {
        using var gate = new HashingGate(atOnce: 1);
        using var begun = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        using var gone = new CancellationTokenSource();
        Task<bool> first = gate.RunAsync(
            () =>
            {
                begun.Set();
                return go.Wait(TimeSpan.FromSeconds(60));
            },
            CancellationToken.None);
        Assert.True(begun.Wait(TimeSpan.FromSeconds(60)));
        Task<bool>[] waiting = [.. Enumerable.Range(0, LoginQueue.MaximumWaiting).Select(_ => gate.RunAsync(() => true, gone.Token))];

        await Assert.ThrowsAsync<LoginUnavailableException>(() => gate.RunAsync(() => true, CancellationToken.None));

        // Who goes away makes room.
        await gone.CancelAsync();
        Assert.All(waiting, one => Assert.False(one.IsCompletedSuccessfully));
        await Task.WhenAll(waiting.Select(one => one.ContinueWith(_ => { }, TaskScheduler.Default)));
        Task<bool> next = gate.RunAsync(() => true, CancellationToken.None);
        go.Set();
        Assert.True(await first);
        Assert.True(await next);
    }

    /// <summary>Knows everybody, when it is told to answer.</summary>
    private sealed class Slow : ILoginModule
    {
        private int _asked;

        internal TaskCompletionSource Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal int Asked => Volatile.Read(ref _asked);

        public async ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _asked);
            await Answer.Task.WaitAsync(cancellation);
            return LoginResult.Success(attempt.User, []);
        }
    }
}
