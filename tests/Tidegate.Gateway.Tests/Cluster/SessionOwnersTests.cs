using System.Net;
using System.Text;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Tests.Tls;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>Which member a session's id leads to, by what members tell of themselves.</summary>
public sealed class SessionOwnersTests
{
    private static readonly string s_random = new('7', 32);

    [Fact]
    public void An_id_leads_to_a_member_that_is_there_and_to_nobody_else()
    {
        var owners = new SessionOwners(TimeProvider.System);
        owners.Set("a", [Entrance('a', 1), Entrance('b', 2)]);
        owners.Set("b", [Entrance('c', 3)]);

        Assert.Equal(("a", 2), Found('b'));
        Assert.Equal(("b", 3), Found('c'));
        Assert.Null(Found('d'));
        Assert.Null(owners.Find(""));
        Assert.Null(owners.Find(new string('a', 16)));

        // It was started anew, or its accepts have changed.
        owners.Set("a", [Entrance('d', 4)]);
        Assert.Null(Found('b'));
        Assert.Equal(("a", 4), Found('d'));

        owners.Set("a", []);
        Assert.Null(Found('d'));
        Assert.Equal(("b", 3), Found('c'));

        (string Member, int Port)? Found(char digit) =>
            owners.Find(s_random + new string(digit, 16)) is { } owner ? (owner.Member, owner.Entrance.At.Port) : null;
    }

    [Fact]
    public void No_member_gets_the_sessions_of_another_one_by_claiming_its_tag()
    {
        var owners = new SessionOwners(TimeProvider.System);
        owners.Set("a", [Entrance('a', 1)]);
        owners.Set("b", [Entrance('a', 2)]);

        Assert.Equal("a", owners.Find(s_random + new string('a', 16))!.Member);
    }

    [Fact]
    public void A_record_tells_where_sessions_live()
    {
        SessionEntrance[] told = [new(new string('a', 16), IPEndPoint.Parse("192.0.2.1:80"), false, true), new("0123456789abcdef", IPEndPoint.Parse("[2001:db8::1]:443"), true, true)];

        Assert.Equal(told, BalanceRecord.ReadEntrances(BalanceRecord.Write([], null, [.. told])));
        Assert.Empty(BalanceRecord.ReadEntrances(BalanceRecord.Write([])));
    }

    [Theory]
    [InlineData("""{"entrances":[null,{"tag":"0123456789abcdef"},{"at":"192.0.2.1:80"},{"tag":"0123456789ABCDEF","at":"192.0.2.1:80"},{"tag":"0123456789abcdef\n","at":"192.0.2.1:80"},{"tag":"0123456789abcdef","at":"host:80"},{"tag":"0123456789abcdef","at":"192.0.2.1:0"}]}""")]
    [InlineData("""{"entrances":7}""")]
    [InlineData("{")]
    public void What_can_not_be_understood_is_left_out(string record) => Assert.Empty(BalanceRecord.ReadEntrances(Encoding.UTF8.GetBytes(record)));

    [Fact]
    public void A_record_leads_to_so_many_sockets_and_no_more()
    {
        SessionEntrance[] told = [.. Enumerable.Range(1, SessionEntrance.Maximum + 1).Select(port => new SessionEntrance($"{port:x16}", new IPEndPoint(IPAddress.Loopback, port), false, false))];

        Assert.Equal(SessionEntrance.Maximum, BalanceRecord.ReadEntrances(BalanceRecord.Write([], null, [.. told])).Length);
    }

    [Fact]
    public async Task A_request_that_is_quicker_than_the_word_of_its_member_waits_for_that()
    {
        SessionOwners owners = Clustered(new HeldTimers());

        Task<SessionOwner?> asked = owners.FindAsync(IdOf('a'), CancellationToken.None).AsTask();
        owners.Set("b", [Entrance('b', 2)]);
        Assert.Equal(1, owners.Waiting);
        owners.Set("a", [Entrance('a', 1)]);

        Assert.Equal("a", (await asked)!.Member);
        Assert.Equal(0, owners.Waiting);
    }

    [Fact]
    public async Task It_waits_for_a_moment_and_for_as_long_as_its_client_is_there()
    {
        var time = new HeldTimers();
        SessionOwners owners = Clustered(time);
        using var gone = new CancellationTokenSource();

        Task<SessionOwner?> asked = owners.FindAsync(IdOf('a'), CancellationToken.None).AsTask();
        Task<SessionOwner?> left = owners.FindAsync(IdOf('b'), gone.Token).AsTask();
        Assert.Equal(2, owners.Waiting);
        await gone.CancelAsync();
        Assert.Null(await left);
        Assert.False(asked.IsCompleted);
        time.Fire();
        Assert.Null(await asked);
        Assert.Equal(0, owners.Waiting);
    }

    [Fact]
    public void Nobody_waits_for_what_can_not_become_known()
    {
        SessionOwners owners = Clustered(new HeldTimers());
        owners.Set("a", [Entrance('a', 1)]);
        owners.Set("a", []);

        foreach (string id in new[] { IdOf('0'), IdOf('a'), IdOf('A'), IdOf('b')[1..], $"{IdOf('b')}b", s_random, "" })
        {
            Assert.True(owners.FindAsync(id, CancellationToken.None).AsTask() is { IsCompletedSuccessfully: true, Result: null }, id);
        }

        var alone = new SessionOwners(new HeldTimers());
        Assert.True(alone.FindAsync(IdOf('b'), CancellationToken.None).AsTask() is { IsCompletedSuccessfully: true, Result: null });
        Assert.True(alone.BegunAsync(CancellationToken.None).AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task No_more_than_so_many_wait_at_once()
    {
        var time = new HeldTimers();
        SessionOwners owners = Clustered(time);
        Task<SessionOwner?>[] waiting = [.. Enumerable.Range(0, SessionOwners.MaximumWaiting).Select(_ => owners.FindAsync(IdOf('a'), CancellationToken.None).AsTask())];
        Assert.DoesNotContain(waiting, one => one.IsCompleted);

        Assert.True(owners.FindAsync(IdOf('a'), CancellationToken.None).AsTask() is { IsCompletedSuccessfully: true, Result: null });

        time.Fire();
        await Task.WhenAll(waiting);
        Assert.Equal(0, owners.Waiting);
    }

    [Fact]
    public async Task Before_a_gateway_is_in_its_cluster_whoever_opens_a_session_waits_for_that_for_a_bounded_time()
    {
        var time = new HeldTimers();
        var owners = new SessionOwners(time);
        owners.Expect();
        Task begun = owners.BegunAsync(CancellationToken.None).AsTask();
        Assert.False(begun.IsCompleted);
        owners.Begin([]);
        await begun;
        Assert.True(owners.BegunAsync(CancellationToken.None).AsTask().IsCompletedSuccessfully);

        owners.Expect();
        Task never = owners.BegunAsync(CancellationToken.None).AsTask();
        time.Fire();
        await never;
    }

    private static SessionOwners Clustered(TimeProvider time)
    {
        var owners = new SessionOwners(time);
        owners.Expect();
        owners.Begin([new string('0', 16)]);
        return owners;
    }

    private static string IdOf(char digit) => s_random + new string(digit, 16);

    private static SessionEntrance Entrance(char digit, int port) => new(new string(digit, 16), new IPEndPoint(IPAddress.Loopback, port), IsEncrypted: false, IsSecure: false);
}
