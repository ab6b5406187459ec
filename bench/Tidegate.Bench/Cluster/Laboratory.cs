using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Tidegate.Bench.Cluster;

/// <summary>A network of hosts on this machine (<c>tests/lab/lab</c>); needs root.</summary>
internal sealed class Laboratory : IDisposable
{
    private readonly string _root;
    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"b{Environment.ProcessId}");

    internal Laboratory(string root, int hosts)
    {
        _root = root;
        Run("up", Text(hosts));

        // An IPv6 address that the kernel still asks about can not be bound (RFC 4862, section 5.4).
        for (int host = 1; host <= hosts; host++)
        {
            while (Run("exec", Text(host), "ip", "-6", "-o", "addr", "show", "tentative").Length > 0)
                Thread.Sleep(100);
        }
    }

    internal static IPAddress AddressOf(int host) => new([192, 168, 2, (byte)(9 + host)]);

    /// <summary>What a server on this host calls itself, as a subprotocol.</summary>
    internal static string NodeOf(int host) => string.Create(CultureInfo.InvariantCulture, $"node{host}");

    /// <summary>Starts a command on a host.</summary>
    internal LabProcess Start(int host, params string[] command) => LabProcess.Start([.. Lab, "exec", Text(host), .. command]);

    internal void Cut(int host) => Run("cut", Text(host));

    internal void Heal(int host) => Run("heal", Text(host));

    public void Dispose() => Run("down");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private string[] Lab => [$"LAB_NAME={_name}", Path.Combine(_root, "tests", "lab", "lab")];

    private string Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("env", [.. Lab, .. arguments]) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new IOException($"tests/lab/lab {string.Join(' ', arguments)} failed; it needs root, iproute2 and nftables.");
    }
}
