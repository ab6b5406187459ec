using System.Globalization;

namespace Tidegate.Bench.Cluster;

/// <summary>
/// Has a server die under its clients, by <c>kill -9</c> or by a cut cable: until when clients are sent there, and when those that were
/// there are back.
/// </summary>
internal sealed class FaultBench
{
    // Newcomers in a second, who look where they are sent.
    private const int Newcomers = 100;

    // How long it is watched at least, in milliseconds.
    private const int WatchMilliseconds = 4_000;
    private readonly List<long> _known = [];
    private readonly List<long> _sent = [];
    private readonly List<CrowdReport> _reports = [];
    private readonly IServing _serving;
    private readonly bool _isCut;

    private FaultBench(IServing serving, bool isCut)
    {
        _serving = serving;
        _isCut = isCut;
    }

    internal static void Run(ClusterOptions options, bool isCut)
    {
        Console.WriteLine($"\n{(isCut ? "Cut cable" : "kill -9")} of one server, {Figures.Text(options.Connections)} clients, {options.Rounds} times; median, maximum");
        Figures.Head(
            "", "known to the balancers", "last redirect there", "clients that lost their session", "the last one noticed", "back after noticing, the slowest",
            "all back, since it happened", "newcomers refused", "a newcomer's longest wait", "others: disturbed, lost, doubled");
        foreach (string setup in options.Only)
        {
            using var lab = new Laboratory(options.Root, 4);
            using IServing serving = setup == "haproxy" ? new HaproxyServing(lab, options.Root) : new GatewayServing(lab, options.Root, 3, hasFront: setup == "front");
            new FaultBench(serving, isCut).Run(options, lab);
        }
    }

    private void Run(ClusterOptions options, Laboratory lab)
    {
        foreach (int server in _serving.Servers)
            _serving.Start(server);
        _serving.WaitUntilLeadingTo(0, _serving.Servers);
        using var crowd = new CrowdClient(
            lab, 4, "--relayed", "/relayed", "--redirected", _serving.RedirectedPath,
            "--balancers", string.Join(',', _serving.Balancers.Select(host => $"{Laboratory.AddressOf(host)}:8080")),
            "--nodes", string.Join(',', _serving.Servers.Select(Laboratory.NodeOf)));
        for (int round = 0; round < options.Rounds; round++)
        {
            Round(options, lab, crowd, _serving.Servers[^(1 + (round % _serving.Servers.Length))]);
            Console.Error.WriteLine($"{_serving.Name}, {(_isCut ? "cut" : "kill")} {round + 1}: known after {_known[^1]} ms; {System.Text.Json.JsonSerializer.Serialize(_reports[^1])}");
        }

        Figures.Row(
            _serving.Name,
            Figures.MedianAndMost(_known),
            Figures.MedianAndMost(_sent),
            Figures.Text(_reports.Average(report => report.Ended)),
            Figures.MedianAndMost(_reports.Select(report => report.LastNoticed)),
            Figures.MedianAndMost(_reports.Select(report => report.LongestReturn)),
            Figures.MedianAndMost(_reports.Select(report => report.LastBack)),
            string.Create(CultureInfo.InvariantCulture, $"{_reports.Sum(report => report.NewcomersRefused)} of {_reports.Sum(report => report.Newcomers)}"),
            Figures.MedianAndMost(_reports.Select(report => report.LongestAnswer)),
            string.Create(CultureInfo.InvariantCulture, $"{_reports.Sum(report => report.Disturbed)}, {_reports[^1].Lost + _reports[^1].Strange}, {_reports[^1].Duplicated}"));
    }

    private void Round(ClusterOptions options, Laboratory lab, CrowdClient crowd, int victim)
    {
        int[] others = [.. _serving.Servers.Where(server => server != victim)];
        crowd.Say("leave");
        crowd.Fill(options.Connections, options.Rate * _serving.Balancers.Length);
        crowd.Say(string.Create(CultureInfo.InvariantCulture, $"newcomers {Newcomers}"));
        Thread.Sleep(1_000);

        crowd.Say("mark");
        crowd.Say($"gone {Laboratory.NodeOf(victim)} {Laboratory.AddressOf(victim)}");
        crowd.Report();
        long began = CrowdLoop.Now;
        if (_isCut)
            lab.Cut(victim);
        else
            _serving.Signal(victim, LabProcess.SIGKILL);
        long known = _serving.WaitUntilLeadingTo(began, others, except: victim);
        CrowdReport report = crowd.Until(
            "all clients are back",
            now => now.At >= WatchMilliseconds && now.Ended > 0 && now.Served == now.Visitors && !now.Nodes.ContainsKey(Laboratory.NodeOf(victim)));
        crowd.Say("newcomers 0");
        _known.Add(known - began);

        // Nobody was: at once. Where nobody is redirected there is nothing to see.
        _sent.Add(_serving.RedirectedPath.Length == 0 ? -1 : Math.Max(0, report.LastSentToGone));
        _reports.Add(report);

        if (_isCut)
            lab.Heal(victim);
        else
            _serving.Start(victim);
        _serving.WaitUntilLeadingTo(CrowdLoop.Now, _serving.Servers);
    }
}
