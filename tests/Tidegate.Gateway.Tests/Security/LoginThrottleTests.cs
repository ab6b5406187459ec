using System.Net;
using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>Those who guess are slowed down.</summary>
public sealed class LoginThrottleTests
{
    private static readonly IPAddress s_one = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress s_other = IPAddress.Parse("192.0.2.2");
    private readonly TimerlessTime _time = new();
    private readonly LoginThrottle _throttle;

    public LoginThrottleTests() => _throttle = new LoginThrottle(_time);

    [Fact]
    public void A_few_mistakes_have_no_effect()
    {
        Fail(LoginThrottle.Free, s_one, "joe");

        Assert.Equal(TimeSpan.Zero, Enter(s_one, "joe"));
    }

    [Fact]
    public void More_make_an_address_wait_longer_each_time_and_then_turn_it_away_while_others_do_not_notice()
    {
        Fail(LoginThrottle.Free, s_one, null);
        Fail(1, s_one, null);

        Assert.Equal(1, Enter(s_one, "a")!.Value.TotalSeconds);
        // That one has taken its turn, and the next stands behind it.
        Assert.Equal(2, Enter(s_one, "b")!.Value.TotalSeconds);
        Fail(10, s_one, null);
        Assert.Null(Enter(s_one, "c"));
        Assert.Equal(TimeSpan.Zero, Enter(s_other, "c"));
    }

    [Fact]
    public void A_name_that_is_guessed_at_from_many_places_waits_too()
    {
        for (int i = 0; i < LoginThrottle.Free + 2; i++)
        {
            Fail(1, IPAddress.Parse($"198.51.100.{i}"), "joe");
        }

        Assert.Equal(2, Enter(s_other, "joe")!.Value.TotalSeconds);
        Assert.Equal(TimeSpan.Zero, Enter(s_other, "jane"));
    }

    [Fact]
    public void Its_owner_does_not_wait_where_they_have_come_from_before()
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        _throttle.Succeeded(s_other, "joe");
        for (int i = 0; i < 100; i++)
        {
            Fail(1, IPAddress.Parse($"198.51.100.{i}"), "joe");
        }

        Assert.Equal(TimeSpan.Zero, Enter(s_other, "joe"));
        Assert.Null(Enter(s_one, "joe"));
        _time.Advance(LoginThrottle.Memory);
        Fail(100, s_one, "joe");
        Assert.Null(Enter(s_other, "joe"));
    }

    [Fact]
    public void It_is_forgotten_with_time_however_long_it_went_on()
    {
        Fail(100_000, s_one, "joe");
        Assert.Null(Enter(s_one, "joe"));

        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.NotNull(Enter(s_one, "joe"));
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(TimeSpan.Zero, Enter(s_one, "joe"));
    }

    [Fact]
    public void Addresses_of_one_network_of_ipv6_are_one()
    {
        Fail(LoginThrottle.Free + 2, IPAddress.Parse("2001:db8::1"), null);

        Assert.Equal(2, Enter(IPAddress.Parse("2001:db8::ffff:2"), null)!.Value.TotalSeconds);
        Assert.Equal(TimeSpan.Zero, Enter(IPAddress.Parse("2001:db8:0:1::1"), null));
    }

    [Fact]
    public void Who_waits_for_a_name_has_others_wait_behind_wherever_they_are()
    {
        Fail(LoginThrottle.Free + 1, s_one, "joe");

        // From as many places as an attacker likes.
        Assert.Equal([1, 2, 3, 4, 5], Enumerable.Range(1, 5).Select(i => Enter(IPAddress.Parse($"192.0.2.{i}"), "joe")!.Value.TotalSeconds));
        Assert.Null(Enter(IPAddress.Parse("192.0.2.6"), "joe"));
    }

    [Fact]
    public async Task As_many_tries_are_under_way_at_once_as_may_fail_without_effect()
    {
        IDisposable?[] turns = await Task.WhenAll(Enumerable.Range(0, LoginThrottle.Free).Select(i => _throttle.BeginAsync(s_one, $"user {i}", CancellationToken.None).AsTask()));
        Assert.DoesNotContain(null, turns);

        Task<IDisposable?> more = _throttle.BeginAsync(s_one, "joe", CancellationToken.None).AsTask();
        Assert.False(more.IsCompleted);
        using IDisposable? other = await _throttle.BeginAsync(s_other, "joe", CancellationToken.None);
        Assert.NotNull(other);

        turns[0]!.Dispose();
        Assert.NotNull(await more);
    }

    [Fact]
    public async Task Tries_about_one_name_are_counted_together_wherever_they_come_from_but_those_of_its_owner()
    {
        for (int i = 0; i < LoginThrottle.Free; i++)
        {
            Assert.NotNull(await _throttle.BeginAsync(IPAddress.Parse($"198.51.100.{i}"), "joe", CancellationToken.None));
        }

        using var gone = new CancellationTokenSource();
        Task<IDisposable?> stranger = _throttle.BeginAsync(s_other, "joe", gone.Token).AsTask();
        Assert.False(stranger.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        _throttle.Succeeded(s_one, "joe");
        Assert.NotNull(await _throttle.BeginAsync(s_one, "joe", CancellationToken.None));

        // Who goes away keeps nobody's turn.
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stranger);
        for (int i = 0; i < LoginThrottle.Free; i++)
        {
            Assert.NotNull(await _throttle.BeginAsync(s_other, null, CancellationToken.None));
        }
    }

    [Fact]
    public async Task More_than_a_bounded_number_do_not_wait()
    {
        using var gone = new CancellationTokenSource();
        Task<IDisposable?>[] all = [.. Enumerable.Range(0, LoginThrottle.Free + LoginTurns.MaximumWaiting + 1).Select(_ => _throttle.BeginAsync(s_one, null, gone.Token).AsTask())];

        Assert.Null(await all[^1]);
        Assert.Equal(LoginThrottle.Free + 1, all.Count(one => one.IsCompleted));
        await gone.CancelAsync();
        await Task.WhenAll(all.Select(one => one.ContinueWith(_ => { }, TaskScheduler.Default)));
    }

    [Theory]
    [InlineData("joe", "JOE", true)]
    [InlineData("joe", " joe ", true)]
    [InlineData("j  oe", "j oe", true)]
    [InlineData("joe", "jo", false)]
    [InlineData("joe", "j oe", false)]
    public void Ways_of_writing_a_name_that_directories_take_for_one_are_counted_as_one(string one, string other, bool same) =>
        Assert.Equal(same, LoginThrottle.NameIn("realm", one) == LoginThrottle.NameIn("realm", other));

    [Fact]
    public void Users_of_one_name_in_two_realms_are_two() => Assert.NotEqual(LoginThrottle.NameIn("one", "joe"), LoginThrottle.NameIn("two", "joe"));

    private TimeSpan? Enter(IPAddress address, string? user) => _throttle.TryEnter(address, user, out TimeSpan wait) ? wait : null;

    private void Fail(int times, IPAddress address, string? user)
    {
        for (int i = 0; i < times; i++)
        {
            _throttle.Failed(address, user);
        }
    }
}
