namespace Tidegate.Bench.Orchestration;

/// <summary>What a run measures, and for how long.</summary>
internal sealed record OrchestrationOptions(
    string Root, Peer[] Peers, Column[] Columns, int Starts, int Rounds, double Seconds, bool Quick, int IdlePairs, int ServerCore, int LoadCore, bool Tls)
{
    /// <summary>How long the same load runs before each measurement, in seconds.</summary>
    internal double WarmSeconds => Quick ? 0.2 : 0.4;

    /// <summary>How long a server is left alone before its memory is read, in seconds.</summary>
    internal double SettleSeconds => Quick ? 1 : 3;

    internal static OrchestrationOptions Parse(Arguments arguments)
    {
        bool quick = arguments.Switch("quick");
        bool tls = arguments.Switch("tls");
        string[] peers = arguments.Choice("only", PeerCatalog.All.Select(p => p.Name));
        string[] columns = arguments.Choice("columns", Column.All.Select(c => c.Name));
        var options = new OrchestrationOptions(
            arguments.Text("root", Directory.GetCurrentDirectory()),
            [.. PeerCatalog.All.Where(p => peers.Contains(p.Name) && (!tls || p.TlsWords is not null))],
            [.. Column.All.Where(c => columns.Contains(c.Name))],
            arguments.Integer("starts", quick ? 1 : 2, 1, 100),
            arguments.Integer("rounds", quick ? 1 : 7, 1, 1000),
            arguments.Number("seconds", 1, 0.5, 60),
            quick,
            arguments.Integer("pairs", quick ? 1000 : 9000, 10, 9500),
            arguments.Integer("server-core", 0, 0, 1023),
            arguments.Integer("load-core", 1, 0, 1023),
            tls);
        arguments.ExpectNothingElse();
        if (Math.Max(options.ServerCore, options.LoadCore) >= Environment.ProcessorCount || options.ServerCore == options.LoadCore)
            throw new UsageException($"The server and the load need a core each, and this machine has {Environment.ProcessorCount}.");
        return options;
    }
}
