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

    private TimeSpan? Enter(IPAddress address, string? user) => _throttle.TryEnter(address, user, out TimeSpan wait) ? wait : null;

    private void Fail(int times, IPAddress address, string? user)
    {
        for (int i = 0; i < times; i++)
        {
            _throttle.Failed(address, user);
        }
    }
}
