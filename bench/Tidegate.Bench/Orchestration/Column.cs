using System.Globalization;
using Tidegate.Bench.Load;

namespace Tidegate.Bench.Orchestration;

/// <summary>One thing that is measured.</summary>
internal sealed record Column(string Name, string Title, LoadKind Kind, int Size = 64, int Window = 1, int Connections = 64)
{
    internal static readonly Column[] All =
    [
        new("64b", "64 B, one in flight, per s", LoadKind.Messages),
        new("64b-32", "64 B, 32 in flight, per s", LoadKind.Messages, Window: 32),
        new("1k-16", "1 KiB, 16 in flight, per s", LoadKind.Messages, Size: 1024, Window: 16),
        new("64k", "64 KiB, one in flight, per s", LoadKind.Messages, Size: 65536, Connections: 16),
        new("handshakes", "handshakes per s", LoadKind.Handshakes, Connections: 32),
        new("latency", "p99 (p50) at 10,000/s, µs", LoadKind.Latency),
        new("idle", "KB per idle pair", LoadKind.Idle),
    ];

    /// <summary>Messages a second for the latency column, over all connections.</summary>
    internal const int Rate = 10_000;

    /// <summary>Whether more of it is better.</summary>
    internal bool MoreIsBetter => Kind is LoadKind.Messages or LoadKind.Handshakes;

    /// <summary>The figure that is compared.</summary>
    internal double? Figure(Measurement measurement) => Kind switch
    {
        LoadKind.Latency => measurement.Load.P99,
        LoadKind.Idle => measurement.KilobytesPerPair,
        _ => measurement.Load.PerSecond,
    };

    internal string Format(double figure) => figure.ToString(Kind == LoadKind.Idle ? "N1" : "N0", CultureInfo.InvariantCulture);
}

/// <summary>One measurement of one server in one round.</summary>
internal sealed record Measurement(string Server, string Column, int Round, LoadResult Load, double? KilobytesPerPair = null)
{
    /// <summary>More of a core than this in use by other processes, and a measurement is marked as disturbed.</summary>
    private const double Disturbing = 0.05;

    internal bool IsDisturbed => Load.Elsewhere > Disturbing;
}
