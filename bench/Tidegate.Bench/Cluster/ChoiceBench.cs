using System.Globalization;

namespace Tidegate.Bench.Cluster;

/// <summary>How evenly balancers spread clients over five members, and HAProxy over two servers, also where one of them comes late.</summary>
internal static class ChoiceBench
{
    private const int Members = 5;

    internal static void Run(ClusterOptions options)
    {
        Console.WriteLine(
            $"\n{Figures.Text(options.Choices)} clients onto {Members} members, {Figures.Text(options.Rate)} a second at each of {options.Balancers} balancers, or onto two servers behind HAProxy");
        Figures.Head("clients are", "all members from the beginning", "clients a second", "sessions of each member", "farthest from even");
        foreach (bool isRedirected in new[] { false, true })
        {
            foreach (bool isOneLate in new[] { false, true })
            {
                if (options.Only.Contains("members"))
                    Measure(options, isRedirected, isOneLate, hasHaproxy: false);
            }
        }

        foreach (bool isOneLate in new[] { false, true })
        {
            if (options.Only.Contains("haproxy"))
                Measure(options, isRedirected: false, isOneLate, hasHaproxy: true);
        }
    }

    private static void Measure(ClusterOptions options, bool isRedirected, bool isOneLate, bool hasHaproxy)
    {
        using var lab = new Laboratory(options.Root, Members + 1);
        using IServing serving = hasHaproxy ? new HaproxyServing(lab, options.Root) : new GatewayServing(lab, options.Root, Members, hasFront: false, options.Grace);
        int[] balancers = [.. serving.Balancers.Take(options.Balancers)];
        int[] first = [.. serving.Servers.SkipLast(isOneLate ? 1 : 0)];
        foreach (int host in first)
            serving.Start(host);
        foreach (int host in first)
            serving.WaitUntilLeadingTo(0, first, hasHaproxy ? 0 : host);
        using var crowd = new CrowdClient(
            lab, Members + 1, isRedirected ? "--redirected" : "--relayed", isRedirected ? "/redirected" : "/relayed", "--interval", "20000", "--silence", "60000",
            "--balancers", string.Join(',', balancers.Select(host => $"{Laboratory.AddressOf(host)}:8080")),
            "--nodes", string.Join(',', serving.Servers.Select(Laboratory.NodeOf)));
        int rate = options.Rate * balancers.Length;
        int early = isOneLate ? options.Choices * 3 / 10 : 0;
        if (isOneLate)
        {
            crowd.Fill(early, rate);
            serving.Start(serving.Servers[^1]);
            serving.WaitUntilLeadingTo(0, serving.Servers);
        }

        double reached = crowd.Fill(options.Choices - early, rate);
        CrowdReport report = crowd.Report();
        int[] sessions = [.. serving.Servers.Select(host => report.Nodes.GetValueOrDefault(Laboratory.NodeOf(host)))];
        double even = (double)options.Choices / sessions.Length;
        Figures.Row(
            hasHaproxy ? "relayed by HAProxy, 2 servers" : isRedirected ? "redirected" : "relayed",
            isOneLate ? string.Create(CultureInfo.InvariantCulture, $"one came after {early}") : "yes",
            Figures.Text(Math.Round(reached)),
            string.Join(", ", sessions),
            string.Create(CultureInfo.InvariantCulture, $"{sessions.Max(one => Math.Abs(one - even)) / even:0.0 %}"));
    }
}
