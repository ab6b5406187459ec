using Tidegate.Membership.Protocol;

namespace Tidegate.Membership.Simulator;

/// <summary>What a simulated cluster is like.</summary>
internal sealed record SimulationOptions
{
    public int Members { get; init; } = 3;

    /// <summary>From which everything random is drawn; the same seed is the same run.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The share of packets that are lost, 0 to 1. Streams lose as many segments, and repeat them.</summary>
    public double Loss { get; init; }

    /// <summary>Latency of a link in microseconds, at least and at most.</summary>
    public int LeastLatency { get; init; } = 1_000;

    public int MostLatency { get; init; } = 3_000;

    /// <summary>How much faster or slower a member's clock may run than the true one.</summary>
    public double Skew { get; init; } = 0.0002;

    /// <summary>
    /// Whether the cluster begins as one in which everybody knows everybody and nothing is left to be told. A large one that
    /// starts in one instant is busy for minutes with making n² acquaintances, which is not what most scenarios are about.
    /// </summary>
    public bool Settled { get; init; }

    /// <summary>What is switched off.</summary>
    public Additions Without { get; init; }

    /// <summary>Whether a broken invariant ends the run with <see cref="InvariantViolation"/>.</summary>
    public bool Strict { get; init; } = true;
}

/// <summary>Something happened that never should. The text names the seed.</summary>
internal sealed class InvariantViolation(string message) : Exception(message);
