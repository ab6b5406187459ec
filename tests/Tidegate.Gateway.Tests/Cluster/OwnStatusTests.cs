using System.Text;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>What a member tells of itself, and when.</summary>
public sealed class OwnStatusTests : IDisposable
{
    private readonly StandingTime _time = new();
    private readonly List<GatewayStatus> _told = [];
    private readonly OwnStatus _status;
    private TimeSpan _used;
    private int _sessions;

    public OwnStatusTests() => _status = new OwnStatus(() => _sessions, [], _told.Add, _time, () => _used);

    public void Dispose() => _status.Dispose();

    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(0, 0, 0.4, 0)]
    [InlineData(0, 0, 2.5, 50)]
    [InlineData(0, 0, 20, 400)]
    public void The_load_is_the_share_of_one_core_and_a_small_change_is_not_told(int before, int after, double seconds, int load)
    {
        _sessions = before;
        Pass(0);
        _told.Clear();
        _sessions = after;
        Pass(seconds);

        Assert.Equal(load == 0 ? [] : [load], _told.Select(one => one.Load));
    }

    [Theory]
    [InlineData(0, 1, true)]
    [InlineData(10, 11, true)]
    [InlineData(1000, 1020, false)]
    [InlineData(1000, 1021, true)]
    [InlineData(1000, 979, true)]
    [InlineData(5, 5, false)]
    public void The_number_of_sessions_is_told_where_it_has_changed_by_more_than_a_fiftieth(int before, int after, bool isTold)
    {
        _sessions = before;
        Pass(0);
        _told.Clear();
        _sessions = after;
        Pass(0);

        Assert.Equal(isTold ? [after] : [], _told.Select(one => one.Sessions));
    }

    [Fact]
    public void What_is_told_is_what_is_read()
    {
        var status = new GatewayStatus { Sessions = 7, Load = 130, IsDraining = true, Balancers = [new BalancerSettings("ws://b.example:80/", "0123abcd")] };

        Assert.Equal(status, BalanceRecord.TryReadStatus(BalanceRecord.Write([], status)));
        Assert.Null(BalanceRecord.TryReadStatus(BalanceRecord.Write([])));
    }

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("{\"gateway\":7}")]
    [InlineData("{\"gateway\":{\"sessions\":\"many\"}}")]
    [InlineData("{\"gateway\":null}")]
    public void What_is_no_status_is_none(string record) => Assert.Null(BalanceRecord.TryReadStatus(Encoding.UTF8.GetBytes(record)));

    [Fact]
    public void Nonsense_is_bounded()
    {
        GatewayStatus status = BalanceRecord.TryReadStatus("{\"gateway\":{\"sessions\":-1,\"load\":2000000000,\"balancers\":[null,{},{\"accept\":\"?\",\"settings\":\"x\"}]}}"u8)!;

        Assert.Equal((0, 10_000), (status.Sessions, status.Load));
        Assert.Empty(status.Balancers);
    }

    /// <summary>Five seconds pass, in which the process uses so many seconds of a core.</summary>
    private void Pass(double seconds)
    {
        _time.Advance(OwnStatus.Interval);
        _used += TimeSpan.FromSeconds(seconds);
        _status.Look();
    }
}
