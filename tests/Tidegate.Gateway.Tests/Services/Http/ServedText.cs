using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tests.Configuration;

namespace Tidegate.Gateway.Tests.Services.Http;

/// <summary>A gateway in this process that runs a configuration as a file has it, at a free port.</summary>
internal sealed partial class ServedText : IAsyncDisposable
{
    private readonly ScratchDirectory _directory;

    private ServedText(GatewayServer server, CollectedLog log, ScratchDirectory directory)
    {
        Server = server;
        Log = log;
        _directory = directory;
    }

    internal GatewayServer Server { get; }

    internal CollectedLog Log { get; }

    /// <summary>The port of the first accept; those at port 0 of one address share it.</summary>
    internal int Port => Server.Served[0].Port;

    internal IPEndPoint EndPoint => new(IPAddress.Loopback, Port);

    internal string Authority => $"127.0.0.1:{Port}";

    /// <summary>Starts a gateway.</summary>
    /// <param name="services">The elements of the file; accepts have port 0.</param>
    /// <param name="web">The directory of <c>directory</c> services; null for one without files.</param>
    internal static async Task<ServedText> StartAsync(string services, string? web = null)
    {
        var directory = new ScratchDirectory();
        var log = new CollectedLog();
        GatewayConfiguration configuration = ConfigurationReader.Parse(
            services.StartsWith("<?xml", StringComparison.Ordinal) || services.StartsWith("<gateway-config", StringComparison.Ordinal) ? services : ConfigurationText.Around(services),
            Path.Combine(directory.Path, "test.xml"), ConfigurationText.Nothing);
        GatewayServer server = await GatewayServer.StartAsync(
            configuration, new GatewayServerOptions { WebDirectory = web ?? directory.Path, Loops = 2 }, log.Factory, CancellationToken.None);
        return new ServedText(server, log, directory);
    }

    /// <summary>Starts the first whole configuration of a page, with free ports in its accepts, and with other ports in its connects.</summary>
    internal static Task<ServedText> StartPageAsync(string page, params (int Written, int Real)[] connects)
    {
        string text = File.ReadAllText(Repository.File("docs", page)).Split("```xml\n").First(part => part.StartsWith("<gateway-config", StringComparison.Ordinal)).Split("```")[0];
        foreach ((int written, int real) in connects)
        {
            text = text.Replace($"<connect>http://localhost:{written}/", $"<connect>http://127.0.0.1:{real}/", StringComparison.Ordinal);
        }

        return StartAsync(AcceptPort().Replace(text, "<accept>$1://127.0.0.1:0/"));
    }

    /// <summary>Sends bytes and reads the head of the answer.</summary>
    internal async Task<string> AskAsync(string request)
    {
        using RawClient client = await RawClient.ConnectAsync(EndPoint);
        await client.SendAsync(request.Replace("{h}", Authority, StringComparison.Ordinal));
        return await client.ReadHeadAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _directory.Dispose();
    }

    [GeneratedRegex("<accept>([a-z]+)://localhost:[0-9]+/")]
    private static partial Regex AcceptPort();
}
