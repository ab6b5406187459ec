namespace Tidegate.Membership.Simulator;

/// <summary>Who reaches whom, how fast, and what gets lost.</summary>
internal sealed class SimulatedNetwork(SimulationOptions options, Random random)
{
    private readonly HashSet<(int From, int To)> _blocked = [];
    private readonly int[] _side = new int[options.Members];

    internal double Loss { get; set; } = options.Loss;

    /// <summary>Members on different sides do not reach each other.</summary>
    internal void Put(int member, int side) => _side[member] = side;

    internal int SideOf(int member) => _side[member];

    /// <summary>Nothing passes from one to the other any more; the way back stays open.</summary>
    internal void Block(int from, int to) => _blocked.Add((from, to));

    internal void Unblock(int from, int to) => _blocked.Remove((from, to));

    internal bool Passes(int from, int to) => _side[from] == _side[to] && (_blocked.Count == 0 || !_blocked.Contains((from, to)));

    internal bool Loses() => Loss > 0 && random.NextDouble() < Loss;

    /// <summary>Microseconds on the way.</summary>
    internal int Latency() => random.Next(options.LeastLatency, options.MostLatency + 1);

    /// <summary>Microseconds for a segment of a stream, which is sent again when it is lost, after twice the time each time.</summary>
    /// <param name="timeout">Until the first time.</param>
    internal long Segment(int timeout)
    {
        long delay = 0;
        for (long wait = timeout; Loses() && delay < 60_000_000; wait *= 2)
        {
            delay += wait;
        }

        return delay + Latency();
    }
}
