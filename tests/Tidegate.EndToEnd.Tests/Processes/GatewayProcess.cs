using System.Globalization;
using System.Net;

namespace Tidegate.EndToEnd.Tests.Processes;

/// <summary>A gateway as operators run it: a process with a configuration file. Disposing stops it in order.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private readonly ScratchDirectory _directory;

    private GatewayProcess(ChildProcess process, ScratchDirectory directory, string file)
    {
        ConfigurationFile = file;
        Process = process;
        _directory = directory;
    }

    internal ChildProcess Process { get; }

    /// <summary>The configuration file that it was started with.</summary>
    internal string ConfigurationFile { get; }

    /// <summary>The memory that the process has in RAM, in bytes.</summary>
    internal long ResidentBytes
    {
        get
        {
            string line = File.ReadLines($"/proc/{Process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Starts a gateway with these service elements and waits until it is up.</summary>
    internal static Task<GatewayProcess> StartAsync(string services, params string[] arguments) => StartOnAsync([], services, arguments);

    /// <summary>The same on another host: <paramref name="prefix"/> comes before the command.</summary>
    internal static async Task<GatewayProcess> StartOnAsync(string[] prefix, string services, params string[] arguments)
    {
        var gateway = LaunchOn(prefix, Configuration(services), arguments);
        try
        {
            await gateway.Process.WaitForLineAsync(line => line.Contains("Started server", StringComparison.Ordinal));
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a gateway with this text as its configuration file, and does not wait.</summary>
    internal static GatewayProcess Launch(string configuration, params string[] arguments) => LaunchOn([], configuration, arguments);

    /// <summary>The same on another host.</summary>
    internal static GatewayProcess LaunchOn(string[] prefix, string configuration, string[] arguments)
    {
        var directory = new ScratchDirectory();
        string file = directory.Write("gateway-config.xml", configuration);
        return new GatewayProcess(
            // "env" without variables only runs the rest.
            ChildProcess.Start("env", [.. prefix, "dotnet", Repository.Program, "start", "--config", file, .. arguments], Variables), directory, file);
    }

    /// <summary>What the tidegate script tells the program.</summary>
    internal static Dictionary<string, string> Variables { get; } = new() { ["TIDEGATE_HOME"] = Repository.Root };

    /// <summary>A configuration file with these service elements.</summary>
    internal static string Configuration(string services) =>
        $"<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\">\n{services}\n</gateway-config>\n";

    /// <summary>A service element.</summary>
    /// <param name="type">The type, which is also its name.</param>
    /// <param name="accept">Where it accepts.</param>
    /// <param name="rest">Further elements.</param>
    internal static string Service(string type, string accept, string rest = "") =>
        $"<service><name>{type} at {accept}</name><accept>{accept}</accept><type>{type}</type>{rest}</service>\n";

    /// <summary>Where this is served according to the start-up lines: the accept as configured, but with the real port.</summary>
    internal Uri Served(string accept) => Served(Process.Output, accept);

    /// <summary>The same, from the lines of any start.</summary>
    internal static Uri Served(IEnumerable<string> lines, string accept)
    {
        var wanted = new Uri(accept);
        foreach (string line in lines)
        {
            string address = line.StartsWith("INFO    ", StringComparison.Ordinal) ? line[8..].Split(' ')[0] : "";
            if (Uri.TryCreate(address, UriKind.Absolute, out Uri? served)
                && served.Scheme == wanted.Scheme && served.Host == wanted.Host && served.AbsolutePath == wanted.AbsolutePath)
            {
                return served;
            }
        }

        throw new InvalidOperationException($"{accept} is not in the start-up lines:\n{string.Join('\n', lines)}");
    }

    /// <summary>The same as an end point.</summary>
    internal IPEndPoint ServedAt(string accept)
    {
        Uri uri = Served(accept);
        return new IPEndPoint(IPAddress.Parse(uri.Host), uri.Port);
    }

    /// <summary>Asks for an orderly stop and returns the exit code.</summary>
    internal Task<int> StopAsync(string signal = "TERM")
    {
        Process.Signal(signal);
        return Process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!Process.HasExited)
            {
                await StopAsync();
            }
        }
        finally
        {
            await Process.DisposeAsync();
            _directory.Dispose();
        }
    }
}
