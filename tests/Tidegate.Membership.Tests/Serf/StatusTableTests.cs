using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>The table of annex A6, row by row and column by column.</summary>
public sealed class StatusTableTests
{
    private readonly List<string> _forgotten = [];
    private readonly List<(string, SerfStatus, SerfStatus)> _changes = [];
    private readonly StatusTable _table;

    public StatusTableTests() =>
        _table = new StatusTable(300_000, (member, before) => _changes.Add((member.Name, before, member.Status)), _forgotten.Add);

    [Theory]
    [InlineData("Alive", "leave", "Leaving")]
    [InlineData("Alive", "join", "Alive")]
    [InlineData("Alive", "down", "Failed")]
    [InlineData("Alive", "up", "Alive")]
    [InlineData("Leaving", "leave", "Leaving")]
    [InlineData("Leaving", "join", "Alive")]
    [InlineData("Leaving", "down", "Left")]
    [InlineData("Leaving", "up", "Alive")]
    [InlineData("Failed", "leave", "Left")]
    [InlineData("Failed", "join", "Failed")]
    [InlineData("Failed", "down", "Failed")]
    [InlineData("Failed", "up", "Alive")]
    [InlineData("Left", "leave", "Left")]
    [InlineData("Left", "join", "Left")]
    [InlineData("Left", "down", "Left")]
    [InlineData("Left", "up", "Alive")]
    public void Each_status_moves_as_the_table_says(string from, string what, string to)
    {
        SerfMember member = In(Enum.Parse<SerfStatus>(from));
        ulong before = member.StatusTime;
        _changes.Clear();
        bool? news = what switch
        {
            "leave" => _table.Leave(new LeaveMessage(20, "b", false), 0),
            "join" => _table.Join(new JoinMessage(20, "b"), 0),
            _ => null,
        };
        if (what == "down")
        {
            _table.Down("b", 0);
        }
        else if (what == "up")
        {
            _table.Up(Peer("b"), 0);
        }

        Assert.Equal(to, member.Status.ToString());
        Assert.Equal(news is null ? before : 20, member.StatusTime);
        Assert.NotEqual(false, news);
        Assert.Equal(from == to ? [] : [("b", Enum.Parse<SerfStatus>(from), Enum.Parse<SerfStatus>(to))], _changes);
    }

    [Theory]
    [InlineData("Alive")]
    [InlineData("Leaving")]
    [InlineData("Failed")]
    [InlineData("Left")]
    public void An_intent_that_is_not_newer_is_ignored_and_not_passed_on(string status)
    {
        SerfMember member = In(Enum.Parse<SerfStatus>(status));
        _changes.Clear();
        foreach (ulong time in (ulong[])[0, member.StatusTime])
        {
            Assert.False(_table.Leave(new LeaveMessage(time, "b", true), 0));
            Assert.False(_table.Join(new JoinMessage(time, "b"), 0));
        }

        Assert.Equal(status, member.Status.ToString());
        Assert.Empty(_changes);
        Assert.Empty(_forgotten);
    }

    [Theory]
    [InlineData("Failed")]
    [InlineData("Left")]
    public void Pruning_removes_a_member_that_is_down_altogether(string status)
    {
        In(Enum.Parse<SerfStatus>(status));
        Assert.True(_table.Leave(new LeaveMessage(20, "b", true), 0));
        Assert.Null(_table.Find("b"));
        Assert.Equal(["b"], _forgotten);
        Assert.Equal(("b", SerfStatus.Left, SerfStatus.None), _changes[^1]);

        // A late copy is old news, and the name is free for a member that comes later.
        Assert.False(_table.Leave(new LeaveMessage(20, "b", true), 0));
        Assert.Equal(SerfStatus.Alive, _table.Up(Peer("b"), 0).Status);
    }

    [Fact]
    public void Pruning_a_member_that_is_there_waits_until_it_is_down()
    {
        In(SerfStatus.Alive);
        Assert.True(_table.Leave(new LeaveMessage(20, "b", true), 0));
        Assert.Equal(SerfStatus.Leaving, _table.Find("b")?.Status);
        Assert.Empty(_forgotten);
        _table.Down("b", 0);
        Assert.Null(_table.Find("b"));
        Assert.Equal(["b"], _forgotten);
    }

    [Fact]
    public void A_member_that_stays_after_all_is_not_pruned_later()
    {
        In(SerfStatus.Alive);
        _table.Leave(new LeaveMessage(20, "b", true), 0);
        _table.Join(new JoinMessage(21, "b"), 0);
        _table.Down("b", 0);
        Assert.Equal(SerfStatus.Failed, _table.Find("b")?.Status);
        Assert.Empty(_forgotten);
    }

    [Fact]
    public void A_member_that_comes_back_is_not_pruned_for_what_was_said_before()
    {
        In(SerfStatus.Alive);
        _table.Leave(new LeaveMessage(20, "b", true), 0);
        _table.Up(Peer("b"), 0);
        _table.Leave(new LeaveMessage(21, "b", false), 0);
        _table.Down("b", 0);
        Assert.Equal(SerfStatus.Left, _table.Find("b")?.Status);
        Assert.Empty(_forgotten);
    }

    [Fact]
    public void An_intent_about_an_unknown_member_is_applied_when_it_appears()
    {
        Assert.True(_table.Leave(new LeaveMessage(20, "b", false), 0));
        SerfMember member = _table.Up(Peer("b"), 299_999);
        Assert.Equal((SerfStatus.Leaving, 20UL), (member.Status, member.StatusTime));
        Assert.True(_table.Join(new JoinMessage(20, "c"), 0));
        member = _table.Up(Peer("c"), 0);
        Assert.Equal((SerfStatus.Alive, 20UL), (member.Status, member.StatusTime));
    }

    [Fact]
    public void Of_intents_about_an_unknown_member_the_highest_is_kept_and_only_news_is_passed_on()
    {
        Assert.True(_table.Leave(new LeaveMessage(20, "b", false), 0));
        Assert.False(_table.Leave(new LeaveMessage(20, "b", false), 0));
        Assert.False(_table.Join(new JoinMessage(19, "b"), 0));
        Assert.True(_table.Join(new JoinMessage(21, "b"), 0));
        Assert.False(_table.Leave(new LeaveMessage(21, "b", false), 0));
        SerfMember member = _table.Up(Peer("b"), 0);
        Assert.Equal((SerfStatus.Alive, 21UL), (member.Status, member.StatusTime));
        Assert.Equal(0, _table.BufferedIntents);
    }

    [Fact]
    public void An_intent_about_an_unknown_member_is_forgotten_after_five_minutes()
    {
        _table.Leave(new LeaveMessage(20, "b", false), 0);
        SerfMember member = _table.Up(Peer("b"), 300_000);
        Assert.Equal((SerfStatus.Alive, 0UL), (member.Status, member.StatusTime));
        _table.Leave(new LeaveMessage(20, "c", false), 0);
        Assert.True(_table.Leave(new LeaveMessage(5, "c", false), 300_000));
    }

    [Fact]
    public void Intents_about_made_up_names_are_bounded_and_their_places_come_free_with_time()
    {
        foreach (long start in (long[])[0, 300_000, 900_000])
        {
            for (int i = 0; i < 10_000; i++)
            {
                Assert.Equal(i < SerfLimits.BufferedIntents, _table.Leave(new LeaveMessage(20, $"x{i}", false), start));
            }

            Assert.Equal(SerfLimits.BufferedIntents, _table.BufferedIntents);
        }

        Assert.True(_table.Leave(new LeaveMessage(20, "b", false), 1_200_000));
        Assert.Equal(1, _table.BufferedIntents);
    }

    [Fact]
    public void A_change_of_address_or_tags_is_told_and_does_not_touch_the_status()
    {
        In(SerfStatus.Leaving);
        _changes.Clear();
        _table.Update(Peer("b"));
        Assert.Empty(_changes);
        _table.Update(Peer("b") with { Meta = SerfTestHost.Meta(("role", "x")) });
        Assert.Equal([("b", SerfStatus.Leaving, SerfStatus.Leaving)], _changes);
        Assert.Equal("x", _table.Find("b")?.Tags["role"]);
    }

    private static SerfPeer Peer(string name) => new(name, SerfTestHost.Address(1), default, SerfTestHost.SerfVersions, true);

    private SerfMember In(SerfStatus status)
    {
        SerfMember member = _table.Up(Peer("b"), 0);
        _table.Join(new JoinMessage(9, "b"), 0);
        if (status is SerfStatus.Leaving or SerfStatus.Left)
        {
            _table.Leave(new LeaveMessage(10, "b", false), 0);
        }

        if (status is SerfStatus.Failed or SerfStatus.Left)
        {
            _table.Down("b", 0);
        }

        Assert.Equal(status, member.Status);
        return member;
    }
}
