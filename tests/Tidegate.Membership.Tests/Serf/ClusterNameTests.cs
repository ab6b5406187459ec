using Tidegate.Membership.Serf;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>Which members may be in a cluster of a name.</summary>
public sealed class ClusterNameTests
{
    private readonly SerfTestHost _host = new(options: new SerfOptions { Name = "self", ClusterName = "east" }, registry: true);

    [Fact]
    public void The_name_travels_with_every_set_of_tags_and_so_does_the_mark_of_gateways()
    {
        _host.Layer.SetTags(new Dictionary<string, string> { ["role"] = "gateway", ["cn"] = "west" });
        Assert.Equal([Raw("ff 83 a2'cn'a4'east' a4'role'a7'gateway' a2'tg'a1'1'")], _host.Metas);
    }

    [Fact]
    public void A_member_of_another_name_is_refused_and_both_names_are_said()
    {
        Assert.False(_host.Layer.Admits("b", SerfTestHost.Meta(("cn", "west")), out string? refusal));
        Assert.Equal("b belongs to the cluster west, and this is the cluster east.", refusal);
        Assert.False(_host.Layer.Admits("b", SerfTestHost.Meta(("cn", "")), out refusal));
        Assert.Equal(2, _host.Layer.Counters.OtherClusters);
    }

    [Fact]
    public void A_member_of_the_same_name_and_a_guest_without_one_are_let_in()
    {
        Assert.True(_host.Layer.Admits("b", SerfTestHost.Meta(("cn", "east")), out string? refusal));
        Assert.Null(refusal);
        Assert.True(_host.Layer.Admits("b", SerfTestHost.Meta(("role", "web")), out refusal));
        Assert.True(_host.Layer.Admits("b", RawBytes.Nil, out refusal));
        Assert.True(_host.Layer.Admits("b", Raw("ff c1"), out refusal));
        Assert.Equal(0, _host.Layer.Counters.OtherClusters);
    }

    [Fact]
    public void A_cluster_without_a_name_lets_everyone_in()
    {
        SerfTestHost host = new();
        Assert.True(host.Layer.Admits("b", SerfTestHost.Meta(("cn", "west")), out string? _));
        Assert.True(host.Layer.MetaOf(new Dictionary<string, string>()) == Raw("ff 80"));
    }
}
