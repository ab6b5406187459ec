using System.Diagnostics;
using System.Globalization;

namespace Tidegate.Membership.Simulator;

/// <summary>A scenario, run so many times on one cluster.</summary>
internal sealed record Measurement(string Scenario, int Seconds, int Rounds)
{
    /// <summary>Runs it.</summary>
    /// <returns>Lines that tell what was found, the first of them the result.</returns>
    /// <exception cref="InvariantViolation">An invariant was broken; the text names the seed.</exception>
    internal MeasurementResult Run(SimulationOptions options)
    {
        long started = Stopwatch.GetTimestamp();
        Simulation simulation = new(options);
        simulation.Network.Loss = 0;
        double formed = options.Settled ? Scenarios.Settle(simulation) : Scenarios.Form(simulation);

        // What the forming has left in the queues of a large cluster goes out for many seconds.
        simulation.Run(5_000_000);
        for (int i = 0; i < 120 && !IsQuiet(simulation); i++)
        {
            simulation.Run(1_000_000);
        }

        simulation.Network.Loss = options.Loss;
        List<double> times = [];
        long packets = Sum(simulation, static member => member.PacketsSent);
        long bytes = Sum(simulation, static member => member.PacketBytes);
        long streamBytes = Sum(simulation, static member => member.StreamBytes);
        long from = simulation.Time;
        for (int round = 0; round < Rounds; round++)
        {
            Round result = Scenario switch
            {
                "kill" => Scenarios.Kill(simulation),
                "silence" => Scenarios.Silence(simulation),
                "split" => Scenarios.Split(simulation, Seconds),
                "cutoff" => Scenarios.CutOff(simulation, Seconds),
                "pause" => Scenarios.Pause(simulation, Seconds),
                "leave" => Scenarios.Leave(simulation),
                "oneway" => Scenarios.OneWay(simulation, Seconds),
                "loss" or "rest" or "skew" => Scenarios.Quiet(simulation, Seconds),
                "flap" => Scenarios.Flap(simulation, Seconds),
                "pair" => Scenarios.Pair(simulation),
                "replay" => Scenarios.Replay(simulation, Seconds),
                "chaos" => Scenarios.Chaos(simulation, Seconds),
                "join" => new Round(formed),
                _ => throw new ArgumentException($"There is no scenario '{Scenario}'; there are {string.Join(", ", Scenarios.Names)}."),
            };
            if (!double.IsNaN(result.Seconds))
            {
                times.Add(result.Seconds);
            }
        }

        double memberSeconds = (simulation.Time - from) / 1e6 * options.Members;
        bool isStill = Scenario is "rest" or "loss" or "skew" && memberSeconds > 0;
        times.Sort();
        return new MeasurementResult(
            times.Count == 0 ? double.NaN : times[times.Count / 2],
            times.Count == 0 ? double.NaN : times[^1],
            formed,
            simulation.Truth.WrongDowns,
            simulation.Truth.Violations,
            isStill ? (Sum(simulation, static member => member.PacketsSent) - packets) / memberSeconds : double.NaN,
            isStill ? ((Sum(simulation, static member => member.PacketBytes) - bytes) / memberSeconds) + BeaconBytes(options.Members) : double.NaN,
            isStill ? (Sum(simulation, static member => member.StreamBytes) - streamBytes) / memberSeconds : double.NaN,
            simulation.Time / 1e6,
            simulation.Events,
            Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    private static bool IsQuiet(Simulation simulation)
    {
        for (int i = 0; i < simulation.Count; i++)
        {
            if (simulation[i] is { Core.Gossip.Count: > 0 })
            {
                return false;
            }
        }

        return true;
    }

    // A sealed beacon with names of the length used here, once every max(1, n / 2) seconds (specification, section 5).
    private static double BeaconBytes(int members) => 110 / Math.Max(1, members / 2.0);

    private static long Sum(Simulation simulation, Func<SimulatedMember, long> of)
    {
        long sum = 0;
        for (int i = 0; i < simulation.Count; i++)
        {
            sum += simulation[i] is { } member ? of(member) : 0;
        }

        return sum;
    }
}

/// <summary>What a measurement found. Times in seconds, bytes in bytes per second and member.</summary>
internal sealed record MeasurementResult(
    double Median,
    double Maximum,
    double Formed,
    int WrongDowns,
    int Violations,
    double PacketRate,
    double PacketBytes,
    double StreamBytes,
    double VirtualSeconds,
    long Events,
    double RealSeconds)
{
    /// <inheritdoc/>
    public override string ToString()
    {
        string times = double.IsNaN(Median) ? "" : Invariant($"median {Median:F3} s, maximum {Maximum:F3} s; ");
        string rates = double.IsNaN(PacketBytes)
            ? ""
            : Invariant($"a member sends {PacketRate:F1} packets and {PacketBytes:F0} bytes of UDP a second, and {StreamBytes:F0} bytes of push/pull; ");
        return Invariant($"{times}{rates}wrong downs {WrongDowns}, violations {Violations}; formed in {Formed:F2} s; {VirtualSeconds:F0} s and {Events:N0} events in {RealSeconds:F1} s");
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
