using System.Globalization;

namespace Tidegate.Bench.Cluster;

/// <summary>Restarts one member after another under clients that come back by themselves, and know all members' addresses.</summary>
internal static class DrainBench
{
    private const int Members = 3;

    // An orderly stop in a cluster spreads the ends of its sessions over this many seconds at most.
    private const int StopSeconds = 60;

    internal static void Run(ClusterOptions options)
    {
        Console.WriteLine($"\nRolling restart of {Members} members under {Figures.Text(options.Drained)} clients");
        Figures.Head(
            "clients are", "time for each member", "reconnects of a client, mean", "most", "refused by all members", "back after noticing, median and longest",
            "newcomers refused", "lost, doubled");
        foreach (bool isRedirected in new[] { false, true })
            Measure(options, isRedirected);
    }

    private static void Measure(ClusterOptions options, bool isRedirected)
    {
        using var lab = new Laboratory(options.Root, Members + 1);
        using var serving = new GatewayServing(lab, options.Root, Members, hasFront: false);
        foreach (int host in serving.Servers)
            serving.Start(host);
        serving.WaitUntilLeadingTo(0, serving.Servers);
        using var crowd = new CrowdClient(
            lab, Members + 1, isRedirected ? "--redirected" : "--relayed", isRedirected ? "/redirected" : "/relayed",
            "--balancers", string.Join(',', serving.Balancers.Select(host => $"{Laboratory.AddressOf(host)}:8080")),
            "--nodes", string.Join(',', serving.Servers.Select(Laboratory.NodeOf)));
        crowd.Fill(options.Drained, options.Rate);
        crowd.Say("newcomers 50");
        crowd.Say("mark");
        long began = CrowdLoop.Now;
        foreach (int host in serving.Servers)
        {
            serving.Signal(host, Sockets.SIGTERM);
            serving.WaitForEnd(host, StopSeconds);
            serving.Start(host);
            serving.WaitUntilLeadingTo(0, serving.Servers);
        }

        double each = (CrowdLoop.Now - began) / 1000.0 / Members;
        CrowdReport report = crowd.Until("all clients are back", now => now.Served == now.Visitors);
        Console.Error.WriteLine(System.Text.Json.JsonSerializer.Serialize(report));
        Figures.Row(
            isRedirected ? "redirected" : "relayed",
            string.Create(CultureInfo.InvariantCulture, $"{each:0.0} s"),
            Figures.Text((double)report.Disturbed / report.Visitors),
            Figures.Text(report.MostReturns),
            Figures.Text(report.RefusedByAll),
            string.Create(CultureInfo.InvariantCulture, $"{report.MedianReturn} ms, {report.LongestReturn} ms"),
            string.Create(CultureInfo.InvariantCulture, $"{report.NewcomersRefused} of {report.Newcomers}"),
            string.Create(CultureInfo.InvariantCulture, $"{report.Lost + report.Strange}, {report.Duplicated}"));
    }
}
