using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Simulator;

/// <summary>What one round of a scenario yields.</summary>
/// <param name="Seconds">The time it took until everybody knew; NaN where that is not what is measured.</param>
internal readonly record struct Round(double Seconds);

/// <summary>The situations that are measured. Each works on a cluster that has formed and come to rest.</summary>
internal static partial class Scenarios
{
    private const long Second = 1_000_000;

    /// <summary>How long anything may take before the run has failed.</summary>
    private const long Patience = 120 * Second;

    internal static readonly string[] Names = ["kill", "silence", "split", "loss", "cutoff", "rest", "join", "pause", "skew", "leave", "oneway", "flap", "chaos", "pair", "replay"];

    /// <summary>Starts everybody, the first as everybody's seed, and waits for one view.</summary>
    /// <returns>Seconds until every member knew every member.</returns>
    internal static double Form(Simulation simulation)
    {
        for (int i = 0; i < simulation.Count; i++)
        {
            if (i == 0)
            {
                simulation.Start(0, [.. Enumerable.Range(1, Math.Min(2, simulation.Count - 1))]);
            }
            else
            {
                simulation.Start(i, 0);
            }
        }

        Await(simulation, "the cluster forms");
        return simulation.Time / (double)Second;
    }

    /// <summary>Starts everybody, and hands each the names of all.</summary>
    /// <returns>0: it takes no time.</returns>
    internal static double Settle(Simulation simulation)
    {
        List<StateEntry> everybody = [];
        for (int i = 0; i < simulation.Count; i++)
        {
            everybody.Add(simulation.Start(i).Core.LocalState(join: false).Entries[0]);
        }

        ClusterState state = new(Join: false, everybody, default);
        for (int i = 0; i < simulation.Count; i++)
        {
            simulation[i]!.Learn(state);
        }

        return 0;
    }

    /// <summary>A process is killed and its host refuses; everybody knows. Then it is started again.</summary>
    internal static Round Kill(Simulation simulation) => End(simulation, refuses: true);

    /// <summary>A host falls silent; everybody knows. Then it comes back.</summary>
    internal static Round Silence(Simulation simulation) => End(simulation, refuses: false);

    private static Round End(Simulation simulation, bool refuses)
    {
        int victim = simulation.Random.Next(simulation.Count);
        simulation.Run(simulation.Random.Next((int)Second));
        simulation.Kill(victim, refuses);
        double seconds = Await(simulation, $"all know that {victim} has ended");
        simulation.Start(victim, victim == 0 ? 1 : 0);
        Await(simulation, $"{victim} is back");
        Rest(simulation);
        return new Round(seconds);
    }

    /// <summary>Two hosts fall silent at the same moment, as those of one rack; all the others know of both. Then they come back.</summary>
    internal static Round Pair(Simulation simulation)
    {
        int first = simulation.Random.Next(simulation.Count);
        int second = (first + 1 + simulation.Random.Next(simulation.Count - 1)) % simulation.Count;
        simulation.Run(simulation.Random.Next((int)Second));
        simulation.Kill(first, refuses: false);
        simulation.Kill(second, refuses: false);
        double seconds = Await(simulation, $"all know that {first} and {second} have ended");
        simulation.Start(first, Other(simulation, first));
        simulation.Start(second, Other(simulation, second));
        Await(simulation, "both are back");
        Rest(simulation);
        return new Round(seconds);
    }

    /// <summary>The cluster falls into halves for some time; measured is how long the halves need to find each other again.</summary>
    internal static Round Split(Simulation simulation, int seconds)
    {
        int[] sides = [.. Enumerable.Range(0, simulation.Count).Select(i => i < simulation.Count / 2 ? 1 : 0)];
        simulation.Random.Shuffle(sides);
        Apart(simulation, sides, seconds * Second);
        double healed = Await(simulation, "the halves are one again");
        Forgive(simulation);
        return new Round(healed);
    }

    /// <summary>One member is cut off for some time and returns.</summary>
    internal static Round CutOff(Simulation simulation, int seconds)
    {
        int[] sides = new int[simulation.Count];
        sides[simulation.Random.Next(simulation.Count)] = 1;
        Apart(simulation, sides, seconds * Second);
        double healed = Await(simulation, "the one that was cut off is back");
        Rest(simulation);
        return new Round(healed);
    }

    private static void Apart(Simulation simulation, int[] sides, long duration)
    {
        for (int i = 0; i < sides.Length; i++)
        {
            simulation.Network.Put(i, sides[i]);
        }

        simulation.Run(duration + simulation.Random.Next((int)Second));
        simulation.Truth.Reunited(sides);
        for (int i = 0; i < sides.Length; i++)
        {
            simulation.Network.Put(i, 0);
        }
    }

    /// <summary>A process stands still for some time: longer than suspicions last, and then goes on.</summary>
    internal static Round Pause(Simulation simulation, int seconds)
    {
        int index = simulation.Random.Next(simulation.Count);
        SimulatedMember member = simulation[index]!;
        member.Pause();
        simulation.Truth.Excuse(index, true);
        simulation.Run(seconds * Second);
        member.Resume();
        simulation.Truth.Excuse(index, false);
        double healed = Await(simulation, "the one that stood still is back");
        Rest(simulation);
        return new Round(healed);
    }

    /// <summary>A member leaves; everybody knows that it left. Then it is started again.</summary>
    internal static Round Leave(Simulation simulation)
    {
        int index = simulation.Random.Next(simulation.Count);
        simulation.Leave(index);
        double seconds = Await(simulation, $"all know that {index} has left");
        simulation.Run(10 * Second);
        simulation.Start(index, index == 0 ? 1 : 0);
        Await(simulation, $"{index} is back");
        Rest(simulation);
        return new Round(seconds);
    }

    /// <summary>One direction between two members is blocked: nobody is to be failed for it.</summary>
    internal static Round OneWay(Simulation simulation, int seconds)
    {
        int from = simulation.Random.Next(simulation.Count);
        int to = (from + 1 + simulation.Random.Next(simulation.Count - 1)) % simulation.Count;
        simulation.Network.Block(from, to);
        simulation.Run(seconds * Second);
        simulation.Network.Unblock(from, to);
        Await(simulation, "the block is over");
        return new Round(double.NaN);
    }

    /// <summary>Nothing happens but what the network does; wrong downs are what is looked for.</summary>
    internal static Round Quiet(Simulation simulation, int seconds)
    {
        simulation.Run(seconds * Second);
        return new Round(double.NaN);
    }

    // In a small cluster the same member is soon the victim again.
    private static void Rest(Simulation simulation)
    {
        if (simulation.Count <= 100)
        {
            Forgive(simulation);
        }
        else
        {
            simulation.Run(5 * Second);
        }
    }

    /// <summary>Longer than what damping remembers, or the next return would be held back.</summary>
    private static void Forgive(Simulation simulation) => simulation.Run(65 * Second);

    private static double Await(Simulation simulation, string what)
    {
        long start = simulation.Time;
        if (!simulation.Run(Patience, () => simulation.Truth.WrongViews == 0))
        {
            throw new InvariantViolation(
                $"seed {simulation.Options.Seed}, {simulation.Count} members: not so after {Patience / Second} s: {what}; {simulation.Truth.WrongViews} views are wrong");
        }

        return (simulation.Time - start) / (double)Second;
    }
}
