namespace Tidegate.Bench.Cluster;

/// <summary>HAProxy in front of gateways that are in no cluster, and know nothing of each other or of it.</summary>
internal sealed class HaproxyServing : IServing
{
    private const int Front = 1;
    private readonly Laboratory _lab;
    private readonly string _root;
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-bench").FullName;
    private readonly Dictionary<int, LabProcess> _processes = [];
    private readonly LabProcess _haproxy;

    internal HaproxyServing(Laboratory lab, string root)
    {
        _lab = lab;
        _root = root;
        string file = Path.Combine(_directory, "haproxy.conf");
        string servers = string.Join('\n', Servers.Select(host => $"    server {Laboratory.NodeOf(host)} {Laboratory.AddressOf(host)}:8001 check"));
        File.WriteAllText(file, File.ReadAllText(Path.Combine(root, "bench", "peers", "haproxy-cluster.conf"))
            .Replace("@ADDRESS@", Laboratory.AddressOf(Front).ToString(), StringComparison.Ordinal).Replace("@SERVERS@", servers, StringComparison.Ordinal));
        _haproxy = lab.Start(Front, "haproxy", "-db", "-f", file);
    }

    public string Name => "HAProxy, in front of 2";

    public int[] Balancers { get; } = [Front];

    public int[] Servers { get; } = [2, 3];

    public string RedirectedPath => "";

    public void Start(int host)
    {
        if (_processes.Remove(host, out LabProcess? before))
            before.Dispose();
        string file = Path.Combine(_directory, $"gateway{host}.xml");
        File.WriteAllText(file, $"""
            <gateway-config xmlns="http://xmlns.kaazing.org/2016/06/gateway">
            <service><name>echo</name><accept>ws://balancer.example:8080/relayed</accept><type>echo</type>
            <accept-options><tcp.bind>{Laboratory.AddressOf(host)}:8001</tcp.bind><ws.subprotocols>{Laboratory.NodeOf(host)}</ws.subprotocols></accept-options></service>
            </gateway-config>
            """);
        _processes[host] = _lab.Start(host, Path.Combine(_root, "tidegate"), "start", "--config", file);
        _processes[host].Wait<long>(0, $"gateway {host}", lines => lines.Any(line => line.Line.Contains("Started server", StringComparison.Ordinal)) ? 0 : null);
    }

    public void Signal(int host, int signal) => _processes[host].Signal(signal);

    public void WaitForEnd(int host, int seconds) => _processes[host].WaitForEnd($"gateway {host}", seconds);

    public long WaitUntilLeadingTo(long since, int[] servers, int except = 0) => Servers.Max(server => _haproxy.Wait<long>(
        0, $"HAProxy has {Laboratory.NodeOf(server)} {(servers.Contains(server) ? "up" : "down")}", lines =>
        {
            // It says nothing of a server that was up from the beginning on.
            int last = Array.FindLastIndex(lines, line => line.Line.Contains($"Server echo/{Laboratory.NodeOf(server)} is ", StringComparison.Ordinal));
            bool isUp = last < 0 || lines[last].Line.Contains(" is UP", StringComparison.Ordinal);
            return isUp == servers.Contains(server) ? Math.Max(since, last < 0 ? since : lines[last].Time) : null;
        }));

    public void Dispose()
    {
        foreach (LabProcess process in _processes.Values)
            process.Dispose();
        _haproxy.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
