using System.Buffers;
using Tidegate.Membership.Registry;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Tests.Serf;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Registry;

/// <summary>Which records are kept and seen.</summary>
public sealed class RecordRegistryTests
{
    private static readonly RawBytes Gateway = SerfTestHost.Meta(("tg", "1"));

    private readonly SerfTestHost _host = new(registry: true);
    private readonly RecordRegistry _registry;

    public RecordRegistryTests()
    {
        _registry = _host.Registry!;
        _host.Up("self", 1, Gateway);
        _host.Up("b", 2, Gateway);
    }

    [Fact]
    public void Publishing_shows_ones_own_record_and_each_change_has_a_higher_version()
    {
        _registry.Publish(Raw("01"));
        _registry.Publish(Raw("02"));
        PublishedRecord own = new("self", 1000, 2, Raw("02"));
        Assert.Equal([own], _registry.View());
        Assert.Equal([("self", new PublishedRecord("self", 1000, 1, Raw("01"))), ("self", own)], _host.RecordChanges);
    }

    [Fact]
    public void Withdrawing_takes_it_out_of_view_here_and_elsewhere()
    {
        _registry.Withdraw();
        Assert.Equal(0, _registry.Count);
        _registry.Publish(Raw("01"));
        _registry.Withdraw();
        Assert.Empty(_registry.View());
        Assert.Equal(("self", null), _host.RecordChanges[^1]);
        int changes = _host.RecordChanges.Count;
        _registry.Withdraw();
        Assert.Equal(changes, _host.RecordChanges.Count);
        Assert.Equal([new PublishedRecord("self", 1000, 2, RawBytes.Nil)], Written());
        _registry.Publish(Raw("03"));
        Assert.Equal([new PublishedRecord("self", 1000, 3, Raw("03"))], _registry.View());
    }

    [Fact]
    public void A_payload_beyond_64_KiB_is_not_published()
    {
        _registry.Publish(RawBytes.CopyOf(new byte[65_536]));
        ArgumentException refused = Assert.Throws<ArgumentException>(() => _registry.Publish(RawBytes.CopyOf(new byte[65_537])));
        Assert.Contains("65536", refused.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _registry.Publish(RawBytes.Nil));
        Assert.Equal(1UL, _registry.View()[0].Version);
    }

    [Theory]
    [InlineData(5, 5, 5, 6, true)]
    [InlineData(5, 5, 6, 0, true)]
    [InlineData(5, 5, 5, 5, false)]
    [InlineData(5, 5, 5, 4, false)]
    [InlineData(5, 5, 4, 9, false)]
    public void The_higher_instance_and_then_the_higher_version_wins(ulong instance, ulong version, ulong otherInstance, ulong otherVersion, bool wins)
    {
        Receive(new PublishedRecord("b", instance, version, Raw("01")));
        Receive(new PublishedRecord("b", otherInstance, otherVersion, Raw("02")));
        Assert.Equal(wins ? Raw("02") : Raw("01"), _registry.Find("b")?.Payload);
        Assert.Equal(wins ? 2 : 1, _host.RecordChanges.Count);
    }

    [Fact]
    public void A_record_is_hidden_while_its_owner_is_down_and_back_with_it()
    {
        PublishedRecord record = new("b", 5, 5, Raw("01"));
        Receive(record);
        _host.Down("b");
        Assert.Null(_registry.Find("b"));
        Assert.Equal(("b", null), _host.RecordChanges[^1]);
        Assert.Equal([record], Written());
        _host.Up("b", 2, Gateway);
        Assert.Equal(record, _registry.Find("b"));
        Assert.Equal(("b", record), _host.RecordChanges[^1]);
        Assert.Equal(3, _host.RecordChanges.Count);
    }

    [Fact]
    public void News_of_a_member_that_is_down_are_kept_and_not_shown()
    {
        _host.Down("b");
        Receive(new PublishedRecord("b", 5, 5, Raw("01")));
        Assert.Empty(_host.RecordChanges);
        Assert.Empty(_registry.View());
        _host.Up("b", 2, Gateway);
        Assert.Equal(Raw("01"), _registry.Find("b")?.Payload);
    }

    [Fact]
    public void A_withdrawn_record_says_nothing_when_its_owner_goes_and_comes()
    {
        Receive(new PublishedRecord("b", 5, 5, RawBytes.Nil));
        _host.Down("b");
        _host.Up("b", 2, Gateway);
        Assert.Empty(_host.RecordChanges);
    }

    [Fact]
    public void A_record_goes_with_the_entry_of_its_owner_and_does_not_come_back_from_others()
    {
        Receive(new PublishedRecord("b", 5, 5, Raw("01")));
        _host.Down("b");
        _host.Drop("b");
        Assert.Equal(0, _registry.Count);
        Receive(new PublishedRecord("b", 5, 5, Raw("01")));
        Assert.Equal(0, _registry.Count);
        Assert.Equal(1, _registry.Counters.UnknownOwner);
    }

    [Fact]
    public void Nobody_else_writes_ones_own_record()
    {
        _registry.Publish(Raw("01"));
        Receive(new PublishedRecord("self", 1000, 1, Raw("01")));
        Receive(new PublishedRecord("self", 999, 50, Raw("02")));
        Assert.Equal(0, _registry.Counters.Foreign);
        Receive(new PublishedRecord("self", 1000, 7, Raw("02")));
        Assert.Equal([new PublishedRecord("self", 1000, 8, Raw("01"))], _registry.View());
        Receive(new PublishedRecord("self", 2000, 3, Raw("02")));
        Assert.Equal([new PublishedRecord("self", 2000, 4, Raw("01"))], _registry.View());
        Receive(new PublishedRecord("self", 2000, 4, Raw("02")));
        Assert.Equal([new PublishedRecord("self", 2000, 5, Raw("01"))], _registry.View());
        Receive(new PublishedRecord("self", 2000, ulong.MaxValue, Raw("02")));
        Assert.Equal([new PublishedRecord("self", 2001, 0, Raw("01"))], _registry.View());
        Assert.Equal(4, _registry.Counters.Foreign);
        Assert.Equal(4, _host.Warnings.Count);
    }

    [Theory]
    [InlineData("self")]
    [InlineData("b")]
    public void An_instance_further_ahead_than_a_clock_can_be_wrong_is_refused(string owner)
    {
        ulong latest = RegistryLimits.Earliest + RegistryLimits.Ahead;
        Receive(new PublishedRecord(owner, ulong.MaxValue, ulong.MaxValue, Raw("02")));
        Receive(new PublishedRecord(owner, latest + 1, 1, Raw("02")));
        Assert.Equal((0, 2), (_registry.Count, _registry.Counters.Ahead));

        _host.Now++;
        Receive(new PublishedRecord(owner, latest + 1, 1, Raw("02")));
        Assert.Equal((1, 2), (_registry.Count, _registry.Counters.Ahead));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    public void The_highest_record_that_can_be_forged_lasts_no_longer_than_another_in_a_whole_cluster(double loss)
    {
        SerfNetwork network = new(members: 20, seed: 11, loss / 100, registry: true);
        network.Hosts.ForEach(host => host.Registry!.Publish(Raw("01")));
        network.Run(10_000);

        // Everyone is at the same time here, so each of them takes it, and refuses all that is higher.
        ulong latest = RegistryLimits.Earliest + RegistryLimits.Ahead + 10_000;
        byte[] forged = [200, .. RegistryBytes.Of(new PublishedRecord("m1", latest, ulong.MaxValue, Raw("02")))];
        foreach (SerfTestHost victim in network.Hosts.Skip(1))
        {
            victim.Layer.UserMessageReceived(forged);
            Assert.Equal(Raw("02"), victim.Registry!.Find("m1")!.Payload);
        }

        network.Run(60_000);
        foreach (SerfTestHost host in network.Hosts)
        {
            Assert.Equal(new PublishedRecord("m1", latest + 1, 0, Raw("01")), host.Registry!.Find("m1"));
        }
    }

    [Fact]
    public void After_the_last_version_comes_the_next_instance()
    {
        _registry.Publish(Raw("01"));
        Receive(new PublishedRecord("self", 1000, ulong.MaxValue - 1, Raw("02")));
        Assert.Equal([new PublishedRecord("self", 1000, ulong.MaxValue, Raw("01"))], _registry.View());
        _registry.Publish(Raw("03"));
        Assert.Equal([new PublishedRecord("self", 1001, 0, Raw("03"))], _registry.View());
    }

    [Fact]
    public void A_forged_record_is_outbid_everywhere()
    {
        SerfTestHost other = new("b", registry: true);
        other.Up("self", 1, Gateway);
        other.Up("b", 2, Gateway);
        _registry.Publish(Raw("01"));
        other.Layer.UserMessageReceived([200, .. RegistryBytes.Of(new PublishedRecord("self", 4_000_000_000_000, ulong.MaxValue, Raw("02")))]);
        Assert.Equal(Raw("02"), other.Registry!.Find("self")?.Payload);

        Assert.True(_host.Layer.MergeState(other.Layer.WriteState(), joining: false));
        Assert.True(other.Layer.MergeState(_host.Layer.WriteState(), joining: false));
        Assert.Equal(Raw("01"), other.Registry!.Find("self")?.Payload);
    }

    [Fact]
    public void What_an_earlier_life_published_is_withdrawn_until_this_one_publishes()
    {
        Receive(new PublishedRecord("self", 900, 7, Raw("02")));
        Assert.Empty(_host.Warnings);
        Assert.Equal([new PublishedRecord("self", 1000, 1, RawBytes.Nil)], Written());
        Assert.Empty(_registry.View());
        Assert.Empty(_host.RecordChanges);
        _registry.Publish(Raw("01"));
        Assert.Equal([new PublishedRecord("self", 1000, 2, Raw("01"))], _registry.View());
    }

    [Fact]
    public void Records_travel_in_the_state_of_a_push_pull()
    {
        SerfTestHost other = new("b", registry: true);
        other.Up("self", 1, Gateway);
        other.Up("b", 2, Gateway);
        _registry.Publish(Raw("01"));
        Receive(new PublishedRecord("b", 5, 5, Raw("02")));
        Assert.True(other.Layer.MergeState(_host.Layer.WriteState(), joining: false));
        Assert.Equal(Raw("01"), other.Registry!.Find("self")?.Payload);

        // What others keep of b's last life, b does not take over.
        Assert.Equal([new PublishedRecord("b", 1000, 1, RawBytes.Nil)], Written(other).Where(record => record.Owner == "b"));
    }

    [Fact]
    public void A_member_without_a_registry_leaves_the_field_out_and_reads_past_it()
    {
        SerfTestHost other = new("c");
        other.Up("c", 3);
        Assert.True(SerfFields.TryRead(other.Layer.WriteState(), out SerfState state));
        Assert.True(state.Records.IsNil);
        Assert.True(other.Layer.MergeState(_host.Layer.WriteState(), joining: false));
        Assert.True(_host.Layer.MergeState(other.Layer.WriteState(), joining: false));
        other.Layer.UserMessageReceived([200, 0x90]);
        Assert.Equal(1, other.Layer.Counters.UnknownType);
    }

    [Fact]
    public void Unreadable_records_are_counted_and_change_nothing()
    {
        _registry.Publish(Raw("01"));
        _host.Layer.UserMessageReceived([200, 0x91]);
        _host.Layer.UserMessageReceived([200]);
        Assert.True(_host.Layer.MergeState(new SerfState { Records = Raw("c1") }.ToBytes(), joining: false));
        Assert.Equal(3, _registry.Counters.Unreadable);
        Assert.Single(_registry.View());
    }

    [Fact]
    public void All_records_together_are_bounded()
    {
        RawBytes large = RawBytes.CopyOf(new byte[65_536]);
        for (int i = 0; i < 300; i++)
        {
            _host.Up($"m{i}", 100 + i, Gateway);
            Receive(new PublishedRecord($"m{i}", 1, 1, large));
        }

        Assert.InRange(_registry.Count, 185, 192);
        Assert.Equal(300 - _registry.Count, _registry.Counters.NoRoom);
        Assert.InRange(_host.Layer.WriteState().Length, 1, SerfLimits.State);

        // A smaller one in place of a large one makes room again.
        int count = _registry.Count;
        Receive(new PublishedRecord("m0", 1, 2, Raw("01")));
        Receive(new PublishedRecord("m299", 1, 1, RawBytes.CopyOf(new byte[60_000])));
        Assert.Equal(count + 1, _registry.Count);
    }

    private void Receive(params PublishedRecord[] records) => _host.Layer.UserMessageReceived([200, .. RegistryBytes.Of(records)]);

    private List<PublishedRecord> Written() => Written(_host);

    private static List<PublishedRecord> Written(SerfTestHost host)
    {
        Assert.True(RecordList.TryRead(host.Registry!.WriteAll().Span, out List<PublishedRecord> records));
        return records;
    }
}
