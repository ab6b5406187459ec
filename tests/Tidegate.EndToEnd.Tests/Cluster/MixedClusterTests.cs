using System.Globalization;
using Xunit.Abstractions;

namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>Three members and three agents, some of which are killed and started again, in an order that a printed seed decides.</summary>
public sealed class MixedClusterTests(ITestOutputHelper output)
{
    private const int Size = 6;
    private const int Ours = 3;

    [Fact]
    public async Task A_mixed_cluster_survives_random_kills_and_restarts_and_ends_with_one_view()
    {
        int kills = Environment.GetEnvironmentVariable("TIDEGATE_LONG") == "1" ? 10 : 3;
        int seed = Random.Shared.Next();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}"));
        var random = new Random(seed);
        await using Lab lab = await Lab.UpAsync(Size);
        var members = new MemberProcess[Ours];
        var agents = new SerfProcess[Size - Ours];
        try
        {
            for (int i = 0; i < Size; i++)
            {
                await StartAsync(lab, i, members, agents);
            }

            await AllKnowAllAsync(members, agents);
            for (int kill = 0; kill < kills; kill++)
            {
                int victim = random.Next(Size);
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"kill {NameOf(victim)}"));
                if (victim < Ours)
                {
                    members[victim].Kill();
                    await members[victim].DisposeAsync();
                }
                else
                {
                    agents[victim - Ours].Kill();
                    await agents[victim - Ours].DisposeAsync();
                }

                // Back before or after the others have noticed.
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1_000)));
                await StartAsync(lab, victim, members, agents);
            }

            await AllKnowAllAsync(members, agents);
        }
        finally
        {
            foreach (MemberProcess? member in members)
            {
                await (member?.DisposeAsync() ?? ValueTask.CompletedTask);
            }

            foreach (SerfProcess? agent in agents)
            {
                await (agent?.DisposeAsync() ?? ValueTask.CompletedTask);
            }
        }
    }

    private static string NameOf(int index) => string.Create(CultureInfo.InvariantCulture, $"node{index}");

    private static async Task StartAsync(Lab lab, int index, MemberProcess[] members, SerfProcess[] agents)
    {
        // Any one of the others is enough.
        string[] others = [.. Enumerable.Range(0, Size).Where(other => other != index).Select(other => $"{Lab.AddressOf(other + 1)}:7946")];
        if (index < Ours)
        {
            members[index] = await MemberProcess.StartAsync(
                lab, index + 1, NameOf(index), ["--key", MemberProcess.Key, .. others.SelectMany(other => new[] { "--discover", $"tcp://{other}" })]);
        }
        else
        {
            agents[index - Ours] = await SerfProcess.StartAsync(
                lab, index + 1, NameOf(index), [$"-encrypt={MemberProcess.Key}", "-retry-interval=1s", .. others.Select(other => $"-retry-join={other}")]);
        }
    }

    private static async Task AllKnowAllAsync(MemberProcess[] members, SerfProcess[] agents)
    {
        foreach (SerfProcess agent in agents)
        {
            for (int i = 0; i < Size; i++)
            {
                await agent.UntilMemberAsync(NameOf(i), "alive");
            }
        }

        foreach (MemberProcess member in members)
        {
            CancellationToken patience = Patience.Token;
            while (await member.AliveAsync() is { } alive && alive < Size)
            {
                Assert.False(patience.IsCancellationRequested, $"{member.Name} sees {alive} alive.{member.Transcript}");
                await Task.Delay(TimeSpan.FromMilliseconds(200), CancellationToken.None);
            }
        }
    }
}
