namespace Tidegate.Membership.Simulator;

/// <summary>Situations in which many things happen at random.</summary>
internal static partial class Scenarios
{
    /// <summary>Random kills and starts, at most a third at a time.</summary>
    internal static Round Flap(Simulation simulation, int seconds)
    {
        List<int> down = [];
        for (long end = simulation.Time + (seconds * Second); simulation.Time < end;)
        {
            simulation.Run(simulation.Random.Next(2 * (int)Second));
            if (down.Count > 0 && (down.Count >= Math.Max(1, simulation.Count / 3) || simulation.Random.Next(2) == 0))
            {
                int back = down[simulation.Random.Next(down.Count)];
                down.Remove(back);
                simulation.Start(back, Other(simulation, back));
            }
            else
            {
                int victim = Other(simulation, -1);
                down.Add(victim);
                simulation.Kill(victim, simulation.Random.Next(2) == 0);
            }
        }

        foreach (int index in down)
        {
            simulation.Start(index, Other(simulation, index));
        }

        return new Round(Await(simulation, "all are back"));
    }

    /// <summary>
    /// Members end, start, leave, stand still and are cut off at random, up to a third of them at a time; then everything is
    /// put right, and all must come to one view.
    /// </summary>
    internal static Round Chaos(Simulation simulation, int seconds)
    {
        List<Action> repairs = [];
        HashSet<int> troubled = [];
        for (long end = simulation.Time + (seconds * Second); simulation.Time < end;)
        {
            simulation.Run(simulation.Random.Next(2 * (int)Second));
            if (troubled.Count >= Math.Max(1, simulation.Count / 3) || (repairs.Count > 0 && simulation.Random.Next(2) == 0))
            {
                int at = simulation.Random.Next(repairs.Count);
                Action repair = repairs[at];
                repairs.RemoveAt(at);
                repair();
                continue;
            }

            int index = simulation.Random.Next(simulation.Count);
            if (troubled.Add(index))
            {
                Action repair = Trouble(simulation, index);
                repairs.Add(() =>
                {
                    repair();
                    troubled.Remove(index);
                });
            }
        }

        repairs.ForEach(static repair => repair());
        return new Round(Await(simulation, "all is well again"));
    }

    private static Action Trouble(Simulation simulation, int index)
    {
        switch (simulation.Random.Next(5))
        {
            case 0:
                simulation.Kill(index, refuses: true);
                return () => simulation.Start(index, Other(simulation, index));
            case 1:
                simulation.Kill(index, refuses: false);
                return () => simulation.Start(index, Other(simulation, index));
            case 2:
                simulation.Leave(index);
                return () => simulation.Start(index, Other(simulation, index));
            case 3:
                SimulatedMember member = simulation[index]!;
                member.Pause();
                simulation.Truth.Excuse(index, true);
                return () =>
                {
                    member.Resume();
                    simulation.Truth.Excuse(index, false);
                };
            default:
                simulation.Network.Put(index, index + 1);
                return () =>
                {
                    simulation.Network.Put(index, 0);
                    simulation.Truth.Returned(index);
                };
        }
    }

    private static int Other(Simulation simulation, int than)
    {
        while (true)
        {
            int index = simulation.Random.Next(simulation.Count);
            if (index != than && simulation[index] is not null)
            {
                return index;
            }
        }
    }

    /// <summary>
    /// Members come and go for some time while somebody writes down all that is sent. Then one ends for good, all the others are
    /// started anew, and all that was written down is sent again: nobody is to report anything.
    /// </summary>
    internal static Round Replay(Simulation simulation, int seconds)
    {
        Recording recording = new();
        simulation.Recording = recording;
        Flap(simulation, seconds);
        simulation.Recording = null;
        int ghost = simulation.Random.Next(simulation.Count);
        for (int i = 0; i < simulation.Count; i++)
        {
            simulation.Kill(i, refuses: false);
        }

        // Later processes have higher incarnations, which count seconds.
        simulation.Run(2 * Second);
        int[] anew = [.. Enumerable.Range(0, simulation.Count).Where(i => i != ghost)];
        for (int i = 0; i < anew.Length; i++)
        {
            simulation.Start(anew[i], i == 0 ? [] : [anew[0]]);
        }

        Await(simulation, "they are one cluster again");
        simulation.Run(5 * Second);
        int before = simulation.Truth.Reports;
        for (int times = 0; times < 2; times++)
        {
            recording.Replay(simulation, atOnce: 5);
            simulation.Run(10 * Second);
        }

        if (simulation.Truth.Reports != before)
        {
            simulation.Violated($"{recording.Count} recorded packets and states made members report {simulation.Truth.Reports - before} changes");
        }

        simulation.Start(ghost, Other(simulation, ghost));
        Await(simulation, "the last one is back");
        Rest(simulation);
        return new Round(double.NaN);
    }
}
