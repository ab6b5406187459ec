using Tidegate.Membership.Protocol;

namespace Tidegate.Membership.Simulator;

/// <summary>What somebody on the way has written down, with the key or without: packets, and the states that began push/pulls.</summary>
internal sealed class Recording
{
    private readonly List<(int From, int To, byte[][]? Messages, ClusterState? State)> _all = [];

    internal int Count => _all.Count;

    internal void Add(int from, int to, byte[][] messages) => _all.Add((from, to, messages, null));

    internal void Add(int from, int to, ClusterState state) => _all.Add((from, to, null, state));

    /// <summary>Sends everything again, to whom it went and from where it seemed to come, so many in each millisecond.</summary>
    internal void Replay(Simulation simulation, int atOnce)
    {
        for (int i = 0; i < _all.Count; i++)
        {
            (int from, int to, byte[][]? messages, ClusterState? state) = _all[i];
            if (messages is not null)
            {
                simulation.Repeat(from, to, messages);
            }
            else
            {
                simulation.Repeat(from, to, state!);
            }

            if (i % atOnce == 0)
            {
                simulation.Run(1_000);
            }
        }
    }
}
