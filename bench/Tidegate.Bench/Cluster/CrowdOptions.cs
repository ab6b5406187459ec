using System.Net;

namespace Tidegate.Bench.Cluster;

/// <summary>What a crowd is, as its command line says.</summary>
internal sealed record CrowdOptions
{
    /// <summary>The balancers, which visitors ask in turn.</summary>
    internal required IPEndPoint[] Balancers { get; init; }

    /// <summary>What balancers are called in <c>Host</c>.</summary>
    internal required string Authority { get; init; }

    /// <summary>Where balancers relay; empty if nobody is to be relayed.</summary>
    internal required string RelayedPath { get; init; }

    /// <summary>Where balancers redirect; empty if nobody is to be redirected.</summary>
    internal required string RedirectedPath { get; init; }

    /// <summary>The subprotocols, of which each member speaks one: so they tell who serves whom.</summary>
    internal required string Nodes { get; init; }

    /// <summary>How often each visitor sends a message, in milliseconds.</summary>
    internal required int Interval { get; init; }

    /// <summary>After how many milliseconds without an echo a visitor takes its session for dead.</summary>
    internal required int Silence { get; init; }

    /// <summary>After how many milliseconds without a connection a visitor turns to the next balancer.</summary>
    internal required int ConnectTimeout { get; init; }

    /// <summary>After how many milliseconds without an answer to its handshake.</summary>
    internal required int AnswerTimeout { get; init; }

    internal static CrowdOptions Parse(Arguments arguments)
    {
        var options = new CrowdOptions
        {
            Balancers = [.. arguments.Text("balancers", "127.0.0.1:8080").Split(',').Select(EndPoint)],
            Authority = arguments.Text("authority", "balancer.example:8080"),
            RelayedPath = arguments.Text("relayed", ""),
            RedirectedPath = arguments.Text("redirected", ""),
            Nodes = arguments.Text("nodes", ""),
            Interval = arguments.Integer("interval", 1_000, 1, 3_600_000),
            Silence = arguments.Integer("silence", 2_000, 1, 3_600_000),
            ConnectTimeout = arguments.Integer("connect-timeout", 300, 1, 3_600_000),
            AnswerTimeout = arguments.Integer("answer-timeout", 2_000, 1, 3_600_000),
        };
        arguments.ExpectNothingElse();
        return options.RelayedPath.Length + options.RedirectedPath.Length > 0
            ? options
            : throw new UsageException("A crowd needs --relayed or --redirected, or both: the paths that it asks balancers for.");
    }

    private static IPEndPoint EndPoint(string text) =>
        IPEndPoint.TryParse(text, out IPEndPoint? endPoint) ? endPoint : throw new UsageException($"--balancers are addresses with ports and commas between, not '{text}'.");
}
