namespace Tidegate.Bench.Load;

/// <summary>What a measurement gave, printed as one line of JSON; what a kind does not measure is absent.</summary>
internal sealed record LoadResult
{
    /// <summary>Messages, or handshakes, a second.</summary>
    public double? PerSecond { get; init; }

    /// <summary>The server's CPU time for each of them, in microseconds.</summary>
    public double? CpuMicroseconds { get; init; }

    /// <summary>Half of all messages took at most so many microseconds.</summary>
    public double? P50 { get; init; }

    /// <summary>99 of 100 messages took at most so many microseconds.</summary>
    public double? P99 { get; init; }

    /// <summary>The longest that a message took, in microseconds.</summary>
    public double? Longest { get; init; }

    /// <summary>How much of a core other processes of the machine used meanwhile, 1 being a whole one.</summary>
    public double? Elsewhere { get; init; }

    /// <summary>Why there is no number.</summary>
    public string? Error { get; init; }
}
