using System.Net;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>When the balance map is written.</summary>
public sealed class ClusterLogTests : IDisposable
{
    private const string Heading = "Current shared balancer map:";
    private readonly StandingTime _time = new();
    private readonly CollectedLog _lines = new();
    private readonly BalanceMap _map;
    private readonly ClusterLog _log;

    public ClusterLogTests()
    {
        _map = new BalanceMap(_time);
        _log = new ClusterLog(_map, _time, _lines.Factory.CreateLogger("tidegate.cluster"));
    }

    public void Dispose() => _log.Dispose();

    [Fact]
    public void A_member_that_changes_its_mind_all_the_time_does_not_fill_the_log_and_the_last_state_is_written()
    {
        Offer(1);
        for (int i = 2; i <= 100; i++)
        {
            Offer(i);
        }

        Assert.Equal([Heading, LineOf(1)], _lines.Lines);
        _log.Dispose();
        Assert.Equal([Heading, LineOf(1), Heading, LineOf(100)], _lines.Lines);
    }

    [Fact]
    public async Task What_is_due_is_written_without_anything_further()
    {
        Offer(1);
        Offer(2);

        await _lines.WaitForAsync(LineOf(2));
    }

    [Fact]
    public void A_map_after_a_while_is_written_at_once()
    {
        Offer(1);
        _time.Advance(ClusterLog.MapInterval);
        Offer(2);

        Assert.Equal([Heading, LineOf(1), Heading, LineOf(2)], _lines.Lines);
    }

    [Fact]
    public void The_same_map_is_not_written_again_unless_members_come_or_go()
    {
        Offer(1);
        _time.Advance(ClusterLog.MapInterval);
        Offer(1);
        Assert.Equal([Heading, LineOf(1)], _lines.Lines);

        _log.State([IPEndPoint.Parse("127.0.0.1:5942")]);

        Assert.Equal([Heading, LineOf(1), "Current cluster members:", "      member: /127.0.0.1:5942", Heading, LineOf(1)], _lines.Lines);
    }

    private static string LineOf(int port) => $"     balance URI: ws://b.example:80/    target list: [ws://a.example:{port}/]";

    private void Offer(int port)
    {
        _map.Set("one", [new BalanceTarget { Uri = GatewayUri.Parse($"ws://a.example:{port}/", UriUse.Connect), Balances = ["ws://b.example:80/"] }]);
        _log.MapChanged();
    }
}
