using Tidegate.Gateway.Clients;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>The ids of emulated WebSockets.</summary>
public sealed class EmulatedSessionsTests
{
    [Fact]
    public void Ids_are_long_and_no_two_are_the_same()
    {
        string[] ids = [.. Enumerable.Range(0, 1000).Select(_ => EmulatedSessions.NewId())];
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Matches("^[0-9a-f]{32}$", id));
    }
}
