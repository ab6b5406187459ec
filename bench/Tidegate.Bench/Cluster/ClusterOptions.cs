namespace Tidegate.Bench.Cluster;

/// <summary>What <c>bench/cluster</c> measures.</summary>
internal sealed record ClusterOptions
{
    internal static readonly string[] Measurements = ["choice", "kill", "cut", "drain"];
    internal static readonly string[] Setups = ["members", "front", "haproxy"];

    internal required string Root { get; init; }

    internal required string[] Chosen { get; init; }

    /// <summary>The set-ups that a kill and a cut are measured with.</summary>
    internal required string[] Only { get; init; }

    /// <summary>How often something dies in each set-up.</summary>
    internal required int Rounds { get; init; }

    /// <summary>Clients of a kill and a cut.</summary>
    internal required int Connections { get; init; }

    /// <summary>Clients that members are chosen for.</summary>
    internal required int Choices { get; init; }

    /// <summary>Clients of a rolling restart.</summary>
    internal required int Drained { get; init; }

    /// <summary>Clients that come to each balancer in a second.</summary>
    internal required int Rate { get; init; }

    /// <summary>Clients that come in a second of a rolling restart, look where they are sent, and go.</summary>
    internal required int Newcomers { get; init; }

    /// <summary>How many balancers the clients that are chosen for know.</summary>
    internal required int Balancers { get; init; }

    /// <summary>Over how many seconds a member that stops closes its sessions.</summary>
    internal required int Grace { get; init; }

    internal static ClusterOptions Parse(Arguments arguments)
    {
        var options = new ClusterOptions
        {
            Root = arguments.Text("root", Directory.GetCurrentDirectory()),
            Chosen = arguments.Choice("measure", Measurements),
            Only = arguments.Choice("only", Setups),
            Rounds = arguments.Integer("rounds", 5, 1, 1000),
            Connections = arguments.Integer("connections", 3_000, 10, 9_000),
            Choices = arguments.Integer("choices", 10_000, 10, 15_000),
            Drained = arguments.Integer("drained", 1_000, 10, 9_000),
            Rate = arguments.Integer("rate", 1_500, 1, 100_000),
            Newcomers = arguments.Integer("newcomers", 50, 0, 10_000),
            Grace = arguments.Integer("grace", 10, 0, 3_600),
            Balancers = arguments.Integer("balancers", 2, 1, 4),
        };
        arguments.ExpectNothingElse();
        return options;
    }
}
