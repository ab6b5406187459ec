namespace Tidegate.Bench.Cluster;

/// <summary>Gateways in a cluster: all balance and serve, or the first balances and the others serve.</summary>
internal sealed class GatewayServing : IServing
{
    private const string Namespace = "http://xmlns.kaazing.org/2016/06/gateway";
    private const string Balancing = "balancer.example:8080";
    private readonly Laboratory _lab;
    private readonly string _root;
    private readonly int _grace;
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-bench").FullName;
    private readonly Dictionary<int, LabProcess> _processes = [];

    /// <param name="lab">The network.</param>
    /// <param name="root">The repository.</param>
    /// <param name="members">How many gateways, on the first hosts.</param>
    /// <param name="hasFront">Whether the first one only balances and the others only serve.</param>
    /// <param name="grace">Over how many seconds one that stops closes its sessions.</param>
    internal GatewayServing(Laboratory lab, string root, int members, bool hasFront, int grace)
    {
        _grace = grace;
        _lab = lab;
        _root = root;

        // As in earnest: without a key no member believes another who its client is.
        string key = Path.Combine(_directory, "key");
        File.WriteAllText(key, Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32)) + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(key, UnixFileMode.UserRead);
        }

        Balancers = hasFront ? [1] : [.. Enumerable.Range(1, members)];
        Servers = [.. Enumerable.Range(1, members).Skip(hasFront ? 1 : 0)];
        Name = hasFront ? $"Tidegate, one in front of {Servers.Length}" : $"Tidegate, {members} that balance and serve";
        if (hasFront)
            Start(1);
    }

    public string Name { get; }

    public int[] Balancers { get; }

    public int[] Servers { get; }

    public string RedirectedPath => "/redirected";

    public void Start(int host)
    {
        if (_processes.Remove(host, out LabProcess? before))
            before.Dispose();
        string file = Path.Combine(_directory, $"gateway{host}.xml");
        File.WriteAllText(file, Configuration(host));
        _processes[host] = _lab.Start(host, Path.Combine(_root, "tidegate"), "start", "--config", file, "--grace", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{_grace}s"));
        _processes[host].Wait<long>(0, $"gateway {host}", lines => lines.Any(line => line.Line.Contains("Started server", StringComparison.Ordinal)) ? 0 : null);
    }

    public void Signal(int host, int signal) => _processes[host].Signal(signal);

    public void WaitForEnd(int host, int seconds) => _processes[host].WaitForEnd($"gateway {host}", seconds);

    public long WaitUntilLeadingTo(long since, int[] servers, int except = 0) => Balancers.Where(host => host != except && _processes.ContainsKey(host)).Max(host => _processes[host].Wait<long>(
        0, $"gateway {host} leads to {string.Join(", ", servers)}", lines =>
        {
            int map = Array.FindLastIndex(lines, line => line.Line == "INFO Current shared balancer map:");
            if (map < 0)
                return null;

            // What another thread says may stand between the lines of a map.
            (long time, string shown) = lines.Skip(map + 1).FirstOrDefault(
                line => line.Line.StartsWith($"INFO      balance URI: ws://{Balancing}/relayed ", StringComparison.Ordinal), (0, ""));
            return Servers.All(server => servers.Contains(server) == shown.Contains($"//{Laboratory.AddressOf(server)}:", StringComparison.Ordinal))
                ? Math.Max(since, time) : null;
        }));

    public void Dispose()
    {
        foreach (LabProcess process in _processes.Values)
            process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private string Configuration(int host)
    {
        string address = Laboratory.AddressOf(host).ToString();
        string bind = $"<accept-options><tcp.bind>{address}:8080</tcp.bind></accept-options>";
        string balancers = !Balancers.Contains(host) ? "" :
            $"""
            <service><name>relaying</name><accept>ws://{Balancing}/relayed</accept><type>balancer</type>{bind}</service>
            <service><name>redirecting</name><accept>ws://{Balancing}/redirected</accept><type>balancer</type><properties><unaware.clients>redirect</unaware.clients></properties>{bind}</service>
            """;
        string echo = !Servers.Contains(host) ? "" :
            $"""
            <service><name>echo</name><accept>ws://{address}:8001/echo</accept><balance>ws://{Balancing}/relayed</balance><balance>ws://{Balancing}/redirected</balance>
            <type>echo</type><accept-options><ws.subprotocols>{Laboratory.NodeOf(host)}</ws.subprotocols></accept-options></service>
            """;
        return $"""
            <gateway-config xmlns="{Namespace}">
            <cluster><name>bench</name><accept>tcp://{address}:5942</accept><connect>udp://224.2.2.44:54327</connect><key-file>{_directory}/key</key-file></cluster>
            {balancers}
            {echo}
            </gateway-config>
            """;
    }
}
