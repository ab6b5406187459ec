using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Members.TestMembers;

namespace Tidegate.Membership.Tests.Members;

/// <summary>Members with real sockets.</summary>
public sealed class MemberTests
{
    // An incarnation that no member has come to, and that leaves room for the answer.
    private const uint Far = ProtocolCore.MaximumIncarnation - 1000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Members_find_each_other_through_any_one_of_them(bool encrypted)
    {
        await using TestMembers members = new();
        MemberOptions Change(MemberOptions options) => encrypted ? options with { Keys = [Key] } : options;
        Member one = await members.StartAsync("one", null, Change);
        Member two = await members.StartAsync("two", one, Change);
        Member three = await members.StartAsync("three", two, Change);

        foreach (Member member in new[] { one, two, three })
        {
            await UntilAsync(member, view => view.Alive.Count() == 3);
            Assert.Equal(["one", "three", "two"], member.View.Members.Select(known => known.Name));
            Assert.Equal(three.EndPoint, member.View.Find("three")!.EndPoint);
            Assert.True(member.View.Find(member.Name)!.IsSelf);
        }
    }

    [Fact]
    public async Task A_member_is_found_at_each_of_its_addresses_and_known_by_the_first()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one", null, options => options with
        {
            AdditionalListens = [new IPEndPoint(IPAddress.Parse("127.0.0.86"), 0), new IPEndPoint(IPAddress.IPv6Loopback, 0)],
        });
        Assert.Equal(["127.0.0.1", "127.0.0.86", "::1"], one.EndPoints.Select(at => at.Address.ToString()));
        Assert.Equal(one.EndPoint, one.EndPoints[0]);

        Member two = await members.StartAsync("two", null, options => options with { Discovery = [$"tcp://{one.EndPoints[1]}"] });
        Member three = await members.StartAsync("three", null, options => options with
        {
            AdditionalListens = [new IPEndPoint(IPAddress.IPv6Loopback, 0)],
            Discovery = [$"tcp://{one.EndPoints[2]}"],
        });

        foreach (Member member in new[] { one, two, three })
        {
            await UntilAsync(member, view => view.Alive.Count() == 3);
            Assert.Equal(one.EndPoint, member.View.Find("one")!.EndPoint);
            Assert.Equal(three.EndPoint, member.View.Find("three")!.EndPoint);
        }
    }

    [Fact]
    public async Task What_a_member_publishes_it_is_told_once()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one");
        List<string> told = [];
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        one.MemberChanged += change =>
        {
            if (change.Kind == MemberEventKind.Updated && change.Member.Record is { } record)
            {
                told.Add(Encoding.UTF8.GetString(record.Span));
            }
        };
        one.EventReceived += _ => all.TrySetResult();

        one.Publish("first"u8.ToArray());
        one.Publish("second"u8.ToArray());
        one.FireEvent("done", default);
        await all.Task.WaitAsync(Patience);
        Assert.Equal(["first", "second"], told);
    }

    [Fact]
    public async Task A_member_that_stops_without_a_word_is_failed()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one");
        Member two = await members.StartAsync("two", one);
        await UntilAsync(one, view => view.Alive.Count() == 2);
        List<MemberEventKind> told = [];
        one.MemberChanged += change => told.Add(change.Kind);

        await two.DisposeAsync();

        await UntilAsync(one, view => view.Find("two")!.State == MemberState.Failed);
        Assert.Contains(MemberEventKind.Failed, told);
    }

    [Fact]
    public async Task A_member_of_which_somebody_says_that_it_does_not_answer_is_suspected_until_it_does()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one");
        Member two = await members.StartAsync("two", one);
        await UntilAsync(one, view => view.Alive.Count() == 2);
        ConcurrentQueue<MemberEvent> told = [];
        one.MemberChanged += told.Enqueue;
        ArrayBufferWriter<byte> accusation = new();
        new SuspectMessage(Far, "two", "somebody").Write(accusation);
        TaskCompletionSource answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        one.Changed += view =>
        {
            if (told.Any(change => change.Member.IsSuspected) && view.Find("two") is { IsSuspected: false })
            {
                answered.TrySetResult();
            }
        };
        using UdpClient somebody = new(new IPEndPoint(IPAddress.Loopback, 0));
        somebody.Send(accusation.WrittenSpan, one.EndPoint);
        await answered.Task.WaitAsync(Patience);

        MemberEvent suspected = told.First(change => change.Member.IsSuspected);
        Assert.Equal((MemberEventKind.Updated, "two", MemberState.Alive), (suspected.Kind, suspected.Member.Name, suspected.Member.State));
    }

    [Fact]
    public async Task A_member_that_leaves_has_left_and_not_failed()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one");
        Member two = await members.StartAsync("two", one);
        await UntilAsync(one, view => view.Alive.Count() == 2);
        await UntilAsync(two, view => view.Alive.Count() == 2);

        Assert.Equal(LeaveResult.Announced, await two.LeaveAsync().WaitAsync(Patience));
        await two.DisposeAsync();

        await UntilAsync(one, view => view.Find("two")!.State == MemberState.Left);
    }

    [Fact]
    public async Task Leaving_alone_needs_nobody()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one");

        Assert.Equal(LeaveResult.Alone, await one.LeaveAsync().WaitAsync(Patience));
    }

    [Fact]
    public async Task A_member_that_comes_back_at_its_address_is_there_again()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one");
        Member two = await members.StartAsync("two", one);
        await UntilAsync(one, view => view.Alive.Count() == 2);
        IPEndPoint address = two.EndPoint;
        await two.DisposeAsync();
        await UntilAsync(one, view => view.Find("two")!.State == MemberState.Failed);

        // Nobody tells it of the others: they look for it.
        await members.StartAsync("two", null, options => options with { Listen = address });

        await UntilAsync(one, view => view.Find("two")!.State == MemberState.Alive);
    }

    [Fact]
    public async Task Tags_and_records_reach_everyone_and_a_record_goes_with_its_owner()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one", null, options => options with { Tags = new Dictionary<string, string> { ["role"] = "gateway" } });
        Member two = await members.StartAsync("two", one);
        Member three = await members.StartAsync("three", one);
        await UntilAsync(three, view => view.Find("one")?.Tags.GetValueOrDefault("role") == "gateway");

        two.Publish("ws://two/"u8.ToArray());
        await UntilAsync(three, view => view.Find("two")?.Record is { } record && record.Span.SequenceEqual("ws://two/"u8));
        two.Publish("ws://two/2"u8.ToArray());
        await UntilAsync(three, view => view.Find("two")?.Record is { } record && record.Span.SequenceEqual("ws://two/2"u8));
        one.SetTags(new Dictionary<string, string> { ["role"] = "standby" });
        await UntilAsync(three, view => view.Find("one")?.Tags.GetValueOrDefault("role") == "standby");
        two.Withdraw();
        await UntilAsync(three, view => view.Find("two")!.Record is null);
        two.Publish("ws://two/3"u8.ToArray());
        await UntilAsync(three, view => view.Find("two")!.Record is not null);
        await two.DisposeAsync();
        await UntilAsync(three, view => view.Find("two") is { State: MemberState.Failed, Record: null });
    }

    [Fact]
    public async Task An_event_reaches_every_member_once()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one");
        Member two = await members.StartAsync("two", one);
        await UntilAsync(two, view => view.Alive.Count() == 2);
        List<string> atOne = [];
        TaskCompletionSource second = new(TaskCreationOptions.RunContinuationsAsynchronously);
        one.EventReceived += received =>
        {
            atOne.Add($"{received.Name}={Encoding.UTF8.GetString(received.Payload.Span)}");
            if (received.Name == "last")
            {
                second.TrySetResult();
            }
        };

        two.FireEvent("deploy", "7"u8.ToArray());
        await UntilAsync(one, view => view.Alive.Count() == 2);
        two.FireEvent("last", default);
        await second.Task.WaitAsync(Patience);

        Assert.Equal(1, atOne.Count(text => text == "deploy=7"));
    }

    [Fact]
    public async Task A_query_is_answered_by_every_member()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one");
        Member two = await members.StartAsync("two", one);
        await UntilAsync(one, view => view.Alive.Count() == 2);
        one.QueryReceived += query => query.Answer("a"u8.ToArray());
        two.QueryReceived += query => query.Answer("b"u8.ToArray());

        QueryResult result = await one.QueryAsync("load", options: new QueryOptions { WantsAcknowledgements = true }).WaitAsync(Patience);

        Assert.Equal(["one", "two"], result.Acknowledged.Order());
        Assert.Equal("a", Encoding.UTF8.GetString(result.Answers["one"].Span));
        Assert.Equal("b", Encoding.UTF8.GetString(result.Answers["two"].Span));
    }

    [Fact]
    public async Task The_key_is_changed_while_members_talk()
    {
        const string next = "AAECAwQFBgcICQoLDA0ODw==";
        await using TestMembers members = new();
        Member one = await members.StartAsync("one", null, options => options with { Keys = [Key] });
        Member two = await members.StartAsync("two", one, options => options with { Keys = [Key] });
        await UntilAsync(one, view => view.Alive.Count() == 2);

        Assert.True((await one.Keys.InstallAsync(next).WaitAsync(Patience)).Succeeded);
        Assert.True((await one.Keys.UseAsync(next).WaitAsync(Patience)).Succeeded);
        Assert.True((await two.Keys.RemoveAsync(Key).WaitAsync(Patience)).Succeeded);

        KeyResult keys = await one.Keys.ListAsync().WaitAsync(Patience);
        Assert.Equal(new Dictionary<string, int> { [next] = 2 }, keys.Keys);
        Member three = await members.StartAsync("three", two, options => options with { Keys = [next] });
        await UntilAsync(three, view => view.Alive.Count() == 3);
    }

    [Fact]
    public async Task Members_of_other_clusters_and_without_the_key_stay_outside()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one", null, options => options with { Keys = [Key] });
        Member foreign = await members.StartAsync("foreign", one, options => options with { Keys = [Key], ClusterName = "other" });
        Member plain = await members.StartAsync("plain", one);
        Member wrong = await members.StartAsync("wrong", one, options => options with { Keys = ["AAECAwQFBgcICQoLDA0ODw=="] });
        Member right = await members.StartAsync("right", one, options => options with { Keys = [Key] });

        // By the time that this one has come in, the others have tried as well.
        await UntilAsync(one, view => view.Find("right") is not null);

        Assert.Equal(["one", "right"], one.View.Members.Select(member => member.Name));
        Assert.All(new[] { foreign, plain, wrong }, outside => Assert.Equal(1, outside.View.Count));
    }

    [Fact]
    public async Task A_newcomer_whose_name_is_taken_stops_and_says_why()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one");
        Member two = await members.StartAsync("two", one);
        await UntilAsync(one, view => view.Alive.Count() == 2);

        Member impostor = await members.StartAsync("two", one);
        string reason = await impostor.Stopped.WaitAsync(Patience);

        Assert.Contains("name conflict", reason, StringComparison.Ordinal);
        Assert.Contains(two.EndPoint.ToString(), reason, StringComparison.Ordinal);
        Assert.Contains(impostor.EndPoint.ToString(), reason, StringComparison.Ordinal);
        Assert.Equal(two.EndPoint, one.View.Find("two")!.EndPoint);
        Assert.Equal(MemberState.Alive, one.View.Find("two")!.State);
        Assert.Throws<InvalidOperationException>(() => impostor.FireEvent("x", default));
    }

    [Fact]
    public async Task Members_of_a_plain_cluster_know_each_other_and_no_more()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one", null, options => options with { Mode = MemberMode.Plain });
        Member two = await members.StartAsync("two", one, options => options with { Mode = MemberMode.Plain });
        await UntilAsync(one, view => view.Alive.Count() == 2);
        await UntilAsync(two, view => view.Alive.Count() == 2);

        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => one.Publish("x"u8.ToArray()));
        Assert.Contains("MemberMode.Serf", error.Message, StringComparison.Ordinal);
        Assert.Equal(LeaveResult.Announced, await two.LeaveAsync().WaitAsync(Patience));
        await UntilAsync(one, view => view.Find("two")!.State == MemberState.Left);
    }

    [Fact]
    public async Task Members_talk_over_ipv6()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one", null, options => options with { Listen = new IPEndPoint(IPAddress.IPv6Loopback, 0) });
        Member two = await members.StartAsync("two", null, options => options with
        {
            Listen = new IPEndPoint(IPAddress.IPv6Loopback, 0),
            Discovery = [$"tcp://{one.EndPoint}"],
        });

        await UntilAsync(two, view => view.Alive.Count() == 2);
        await UntilAsync(one, view => view.Find("two")?.EndPoint.Equals(two.EndPoint) == true);
    }
}
