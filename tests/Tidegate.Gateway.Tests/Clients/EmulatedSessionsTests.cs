using System.Net;
using Tidegate.Gateway.Clients;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>How many emulated WebSockets one address may have.</summary>
public sealed class EmulatedSessionsTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", "192.0.2.2")]
    // The second half of an IPv6 address is whatever the client likes.
    [InlineData("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1")]
    public void An_address_that_has_too_many_gets_no_more_until_one_is_gone(string address, string same, string other)
    {
        var sessions = new EmulatedSessions();
        for (int i = 0; i < EmulatedSessions.MaximumForAddress; i++)
        {
            Assert.True(sessions.TryReserve(IPAddress.Parse(address)));
        }

        Assert.False(sessions.TryReserve(IPAddress.Parse(same)));
        Assert.True(sessions.TryReserve(IPAddress.Parse(other)));

        sessions.Add("id", new EmulatedEntry(null!, "place", ""));
        sessions.Remove("id", IPAddress.Parse(address));
        // Only once, however often it is said.
        sessions.Remove("id", IPAddress.Parse(address));
        Assert.True(sessions.TryReserve(IPAddress.Parse(same)));
        Assert.False(sessions.TryReserve(IPAddress.Parse(same)));
    }

    [Fact]
    public void Ids_are_long_and_no_two_are_the_same()
    {
        string[] ids = [.. Enumerable.Range(0, 1000).Select(_ => EmulatedSessions.NewId())];
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Matches("^[0-9a-f]{32}$", id));
    }
}
