using System.Globalization;

namespace Tidegate.Bench.Cluster;

/// <summary>Restarts one member after another under clients that come back by themselves, and know all members' addresses.</summary>
internal static class DrainBench
{
    private const int Members = 3;

    // What an orderly stop may take beside closing its sessions, in seconds.
    private const int StopSeconds = 30;

    internal static void Run(ClusterOptions options)
    {
        Console.WriteLine(
            $"\nRolling restart of {Members} members, or of two servers behind HAProxy, under {Figures.Text(options.Drained)} clients; members close their sessions over {options.Grace} s, servers at once");
        Figures.Head(
            "clients are", "time for each member", "reconnects of a client, mean", "most", "most in one restart", "second ones in one restart", "refused by all members", "back after noticing, median and longest",
            "newcomers refused", "lost, doubled");
        if (options.Only.Contains("members"))
        {
            Measure(options, isRedirected: false, hasHaproxy: false);
            Measure(options, isRedirected: true, hasHaproxy: false);
        }

        if (options.Only.Contains("haproxy"))
            Measure(options, isRedirected: false, hasHaproxy: true);
    }

    private static void Measure(ClusterOptions options, bool isRedirected, bool hasHaproxy)
    {
        using var lab = new Laboratory(options.Root, Members + 1);
        using IServing serving = hasHaproxy ? new HaproxyServing(lab, options.Root) : new GatewayServing(lab, options.Root, Members, hasFront: false, options.Grace);
        foreach (int host in serving.Servers)
            serving.Start(host);
        serving.WaitUntilLeadingTo(0, serving.Servers);
        using var crowd = new CrowdClient(
            lab, Members + 1, isRedirected ? "--redirected" : "--relayed", isRedirected ? "/redirected" : "/relayed",
            "--balancers", string.Join(',', serving.Balancers.Select(host => $"{Laboratory.AddressOf(host)}:8080")),
            "--nodes", string.Join(',', serving.Servers.Select(Laboratory.NodeOf)));
        crowd.Fill(options.Drained, options.Rate);
        crowd.Say(string.Create(CultureInfo.InvariantCulture, $"newcomers {options.Newcomers}"));
        crowd.Say("mark");
        long began = CrowdLoop.Now;
        foreach (int host in serving.Servers)
        {
            crowd.Say("round");
            serving.Signal(host, Sockets.SIGTERM);
            serving.WaitForEnd(host, options.Grace + StopSeconds);
            serving.Start(host);
            serving.WaitUntilLeadingTo(0, serving.Servers);

            // Who is still on the way would count in the next one.
            crowd.Until("all clients are back", now => now.Served == now.Visitors);
        }

        double each = (CrowdLoop.Now - began) / 1000.0 / serving.Servers.Length;
        CrowdReport report = crowd.Report();
        Console.Error.WriteLine(System.Text.Json.JsonSerializer.Serialize(report));
        Figures.Row(
            hasHaproxy ? "relayed by HAProxy, 2 servers" : isRedirected ? "redirected" : "relayed",
            string.Create(CultureInfo.InvariantCulture, $"{each:0.0} s"),
            Figures.Text((double)report.Disturbed / report.Visitors),
            Figures.Text(report.MostReturns),
            Figures.Text(report.MostReturnsInRound),
            Figures.Text(report.AgainInRound),
            Figures.Text(report.RefusedByAll),
            string.Create(CultureInfo.InvariantCulture, $"{report.MedianReturn} ms, {report.LongestReturn} ms"),
            string.Create(CultureInfo.InvariantCulture, $"{report.NewcomersRefused} of {report.Newcomers}"),
            string.Create(CultureInfo.InvariantCulture, $"{report.Lost + report.Strange}, {report.Duplicated}"));
    }
}
