using System.Net;
using Microsoft.AspNetCore.Http;
using Tidegate.Gateway.Services.Balancer;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>Who is turned away by a member that drains, so that it is not closed twice.</summary>
public sealed class ReturningClientsTests
{
    private const string Home = "192.0.2.1";
    private readonly StandingTime _time = new();
    private readonly ReturningClients _returning;

    public ReturningClientsTests() => _returning = new ReturningClients(_time);

    [Fact]
    public async Task For_each_session_that_was_closed_one_client_of_its_address_is_turned_away_and_whoever_comes_again_after_a_moment_is_not()
    {
        Close(2);
        _time.Advance(ReturningClients.Moment);

        Assert.False(await IsTurnedAwayAsync("192.0.2.2"));
        Assert.True(await IsTurnedAwayAsync(Home));
        Assert.True(await IsTurnedAwayAsync("::ffff:192.0.2.1"));
        Assert.False(await IsTurnedAwayAsync(Home));
    }

    [Fact]
    public async Task Who_waits_as_long_as_it_is_told_to_is_turned_away_once()
    {
        Close(1);
        Assert.True(await IsTurnedAwayAsync(Home));
        _time.Advance(ReturningClients.Moment);
        Assert.False(await IsTurnedAwayAsync(Home));
    }

    [Fact]
    public async Task Newcomers_of_the_same_address_do_not_take_the_turn_of_who_comes_back_at_once()
    {
        for (int session = 0; session < 10; session++)
        {
            Close(1);
            for (int newcomer = 1; newcomer < ReturningClients.MaximumForEach; newcomer++)
            {
                Assert.True(await IsTurnedAwayAsync(Home));
            }

            _time.Advance(ReturningClients.Moment / 2);
            Assert.True(await IsTurnedAwayAsync(Home));
        }
    }

    [Fact]
    public async Task One_session_has_no_more_turned_away_than_so_many_however_soon_they_come()
    {
        Close(3);
        int turnedAway = 0;
        while (await IsTurnedAwayAsync(Home))
        {
            turnedAway++;
        }

        Assert.Equal(3 * ReturningClients.MaximumForEach, turnedAway);
    }

    [Fact]
    public async Task What_was_left_of_a_moment_is_not_added_to_the_next()
    {
        Close(100);
        _time.Advance(ReturningClients.Moment);
        Close(1);
        int turnedAway = 0;
        while (await IsTurnedAwayAsync(Home))
        {
            turnedAway++;
        }

        Assert.Equal(100 + ReturningClients.MaximumForEach, turnedAway);
    }

    private void Close(int sessions)
    {
        for (int i = 0; i < sessions; i++)
        {
            _returning.Expect(IPAddress.Parse(Home));
        }
    }

    private async Task<bool> IsTurnedAwayAsync(string address)
    {
        var http = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(address) } };
        bool isTurnedAway = await _returning.TurnAwayAsync(http);
        Assert.Equal(isTurnedAway ? (503, "1") : (200, ""), (http.Response.StatusCode, http.Response.Headers.RetryAfter.ToString()));
        return isTurnedAway;
    }
}
