namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>Members beside Debian's Serf agents.</summary>
public sealed class SerfLabTests
{
    private const string OtherKey = "AAECAwQFBgcICQoLDA0ODw==";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Members_and_agents_are_one_cluster(bool encrypted)
    {
        string[] ours = encrypted ? ["--key", MemberProcess.Key] : [];
        string[] theirs = encrypted ? [$"-encrypt={MemberProcess.Key}"] : [];
        await using Lab lab = await Lab.UpAsync(4);

        // Joined each way: a member asks an agent, and an agent asks a member.
        await using SerfProcess agent = await SerfProcess.StartAsync(lab, 1, "agent", ["-tag=role=web", .. theirs]);
        await using MemberProcess one = await MemberProcess.StartAsync(lab, 2, "one", ["--tag", "role=gateway", "--discover", $"tcp://{Lab.AddressOf(1)}:7946", .. ours]);
        await using SerfProcess second = await SerfProcess.StartAsync(lab, 3, "second", [$"-join={Lab.AddressOf(2)}:7946", .. theirs]);
        await one.SeesAsync("up", "agent");
        await one.SeesAsync("up", "second");
        await agent.UntilMemberAsync("one", "alive");
        await second.UntilMemberAsync("one", "alive");
        await second.UntilMemberAsync("agent", "alive");
        SerfProcess.Known known = (await second.MembersAsync())["one"];
        Assert.Equal($"{Lab.AddressOf(2)}:7946", known.Address);
        Assert.Equal("gateway", known.Tags["role"]);
        Assert.Equal("1", known.Tags["tg"]);
        one.Type("members");
        await one.SaysAsync("[role=web]");

        // Events both ways.
        await agent.RunAsync("event", "deploy", "seven");
        await one.SaysAsync("event deploy seven");
        one.Type("event restart now");
        await second.LogsAsync("restart");

        // Leaving and dying each way.
        one.Type("leave");
        Assert.Equal(0, await one.EndAsync());
        await agent.UntilMemberAsync("one", "left");
        await using MemberProcess two = await MemberProcess.StartAsync(lab, 4, "two", ["--discover", $"tcp://{Lab.AddressOf(1)}:7946", .. ours]);
        await two.SeesAsync("up", "second");
        await two.SeesAsync("up", "agent");
        await agent.UntilMemberAsync("two", "alive");
        await second.RunAsync("leave");
        await two.SeesAsync("left", "second");
        two.Kill();
        await agent.UntilMemberAsync("two", "failed");
    }

    [Fact]
    public async Task A_killed_agent_is_failed()
    {
        await using Lab lab = await Lab.UpAsync(2);
        await using SerfProcess agent = await SerfProcess.StartAsync(lab, 1, "agent");
        await using MemberProcess one = await MemberProcess.StartAsync(lab, 2, "one", "--discover", $"tcp://{Lab.AddressOf(1)}:7946");
        await one.SeesAsync("up", "agent");

        agent.Kill();

        await one.SeesAsync("failed", "agent");
    }

    [Fact]
    public async Task An_agent_with_another_key_stays_outside()
    {
        await using Lab lab = await Lab.UpAsync(2);
        await using MemberProcess one = await MemberProcess.StartAsync(lab, 1, "one", "--key", MemberProcess.Key);
        await using SerfProcess agent = await SerfProcess.StartAsync(lab, 2, "agent", $"-encrypt={OtherKey}");

        await Assert.ThrowsAnyAsync<Exception>(() => agent.RunAsync("join", $"{Lab.AddressOf(1)}:7946"));

        Assert.False(one.HasSeen("up", "agent"));
        Assert.Single(await agent.MembersAsync());
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(1, 2)]
    public async Task Nobody_is_failed_where_a_member_and_an_agent_hear_each_other_one_way_only(int deaf, int unheard)
    {
        await using Lab lab = await Lab.UpAsync(3);
        await using SerfProcess agent = await SerfProcess.StartAsync(lab, 1, "agent");
        await using MemberProcess one = await MemberProcess.StartAsync(lab, 2, "one", "--discover", $"tcp://{Lab.AddressOf(1)}:7946");
        await using MemberProcess two = await MemberProcess.StartAsync(lab, 3, "two", "--discover", $"tcp://{Lab.AddressOf(1)}:7946");
        await one.SeesAsync("up", "agent");
        await one.SeesAsync("up", "two");
        await agent.UntilMemberAsync("one", "alive");
        await agent.UntilMemberAsync("two", "alive");

        await lab.DeafAsync(deaf, unheard);

        // An agent's probes and its suspicion take some seven seconds: what is to be shown is that nothing happens.
        await Task.Delay(TimeSpan.FromSeconds(10));
        Assert.All(new[] { one, two }, member => Assert.False(member.HasSeen("failed"), member.Transcript));
        Assert.All(await agent.MembersAsync(), member => Assert.Equal("alive", member.Value.Status));
    }

    [Fact]
    public async Task Serf_rotates_the_keys_of_members_too()
    {
        await using Lab lab = await Lab.UpAsync(2);
        await using SerfProcess agent = await SerfProcess.StartAsync(lab, 1, "agent", $"-encrypt={MemberProcess.Key}");
        await using MemberProcess one = await MemberProcess.StartAsync(lab, 2, "one", "--key", MemberProcess.Key, "--discover", $"tcp://{Lab.AddressOf(1)}:7946");
        await one.SeesAsync("up", "agent");
        await agent.UntilMemberAsync("one", "alive");

        await agent.RunAsync("keys", $"-install={OtherKey}");
        await agent.RunAsync("keys", $"-use={OtherKey}");
        await agent.RunAsync("keys", $"-remove={MemberProcess.Key}");
        Assert.Contains(await agent.RunAsync("keys", "-list"), line => line.Contains(OtherKey, StringComparison.Ordinal) && line.Contains("[2/2]", StringComparison.Ordinal));

        one.Type("keys");
        await one.SaysAsync($"keys done 2/2 {OtherKey}:2");
    }

    [Fact]
    public async Task Queries_of_agents_are_answered_and_every_member_is_reachable()
    {
        await using Lab lab = await Lab.UpAsync(2);
        await using SerfProcess agent = await SerfProcess.StartAsync(lab, 1, "agent");
        await using MemberProcess one = await MemberProcess.StartAsync(lab, 2, "one", "--discover", $"tcp://{Lab.AddressOf(1)}:7946");
        await one.SeesAsync("up", "agent");
        await agent.UntilMemberAsync("one", "alive");

        Assert.Contains(await agent.RunAsync("query", "-timeout=3s", "load", "now"), line => line.Contains("one has read now", StringComparison.Ordinal));
        Assert.Contains(await agent.RunAsync("reachability"), line => line.Contains("Successfully contacted all live nodes", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_failed_is_pruned_by_an_agent_and_by_a_member()
    {
        await using Lab lab = await Lab.UpAsync(4);
        await using SerfProcess agent = await SerfProcess.StartAsync(lab, 1, "agent");
        await using MemberProcess one = await MemberProcess.StartAsync(lab, 2, "one", "--discover", $"tcp://{Lab.AddressOf(1)}:7946");
        await using SerfProcess second = await SerfProcess.StartAsync(lab, 3, "second", $"-join={Lab.AddressOf(1)}:7946");
        await using MemberProcess two = await MemberProcess.StartAsync(lab, 4, "two", "--discover", $"tcp://{Lab.AddressOf(1)}:7946");
        await one.SeesAsync("up", "second");
        await one.SeesAsync("up", "two");
        await agent.UntilMemberAsync("two", "alive");
        second.Kill();
        two.Kill();
        await one.SeesAsync("failed", "second");
        await one.SeesAsync("failed", "two");
        await agent.UntilMemberAsync("second", "failed");
        await agent.UntilMemberAsync("two", "failed");

        await agent.RunAsync("force-leave", "-prune", "two");
        await one.SeesAsync("forgotten", "two");
        await agent.UntilGoneAsync("two");
        one.Type("prune second");
        await one.SeesAsync("forgotten", "second");
        await agent.UntilGoneAsync("second");

        // A pruned name is free for whoever comes with it next.
        await using MemberProcess again = await MemberProcess.StartAsync(lab, 4, "two", "--discover", $"tcp://{Lab.AddressOf(2)}:7946");
        await agent.UntilMemberAsync("two", "alive");
        await again.SeesAsync("up", "agent");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Members_and_agents_are_one_cluster_over_ipv6(bool encrypted)
    {
        string[] ours = encrypted ? ["--key", MemberProcess.Key] : [];
        string[] theirs = encrypted ? [$"-encrypt={MemberProcess.Key}"] : [];
        await using Lab lab = await Lab.UpAsync(3);
        await using SerfProcess agent = await SerfProcess.StartAsync(lab, 1, "agent", [$"-bind=[{Lab.Address6Of(1)}]:7946", .. theirs]);
        await using MemberProcess one = await MemberProcess.StartAsync(
            lab, 2, "one", ["--listen", $"[{Lab.Address6Of(2)}]:7946", "--discover", $"tcp://[{Lab.Address6Of(1)}]:7946", .. ours]);
        await using SerfProcess second = await SerfProcess.StartAsync(
            lab, 3, "second", [$"-bind=[{Lab.Address6Of(3)}]:7946", $"-join=[{Lab.Address6Of(2)}]:7946", .. theirs]);
        await one.SeesAsync("up", "agent");
        await one.SeesAsync("up", "second");
        await second.UntilMemberAsync("agent", "alive");
        await agent.UntilMemberAsync("one", "alive");
        Assert.Contains("fd00:2::11", (await agent.MembersAsync())["one"].Address, StringComparison.Ordinal);

        await agent.RunAsync("event", "deploy", "seven");
        await one.SaysAsync("event deploy seven");
        Assert.Contains(await agent.RunAsync("query", "-timeout=3s", "load", "now"), line => line.Contains("one has read now", StringComparison.Ordinal));

        second.Kill();
        await one.SeesAsync("failed", "second");
        one.Type("leave");
        Assert.Equal(0, await one.EndAsync());
        await agent.UntilMemberAsync("one", "left");
    }
}
