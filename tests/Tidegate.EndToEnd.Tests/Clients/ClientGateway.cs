using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Clients;

/// <summary>A gateway with all that the client scenarios need, and a WebSocket server of the npm package ws behind it.</summary>
public sealed class ClientGateway : IAsyncLifetime
{
    private const string Host = "ws://127.0.0.1:0";
    private const string Size = "<ws.maximum.message.size>1M</ws.maximum.message.size>";
    private GatewayProcess? _gateway;

    /// <summary>The server behind /relay and /deflate-relay.</summary>
    internal ChildProcess BackEnd { get; private set; } = null!;

    internal Uri Url(string path) => _gateway!.Served(Host + path);

    public async Task InitializeAsync()
    {
        BackEnd = ChildProcess.Start("node", [Path.Combine(Repository.Tests, "npm", "server-ws.js"), "--compress"]);
        string port = (await BackEnd.WaitForLineAsync(line => line.StartsWith("port ", StringComparison.Ordinal)))[5..];
        string relay = $"<connect>ws://127.0.0.1:{port}/</connect>";
        _gateway = await StartAsync(
            Service("echo", Host + "/echo", $"<accept-options>{Size}</accept-options>")
            + Service("echo", Host + "/pinged", "<accept-options><ws.inactivity.timeout>2s</ws.inactivity.timeout></accept-options>")
            + Service("echo", Host + "/chat", "<accept-options><ws.subprotocols>v2.chat, v1.chat</ws.subprotocols></accept-options>")
            + Service("echo", Host + "/deflate", $"<accept-options>{Size}<ws.compression>enabled</ws.compression></accept-options>")
            + Service("proxy", Host + "/relay", $"{relay}<accept-options>{Size}</accept-options><connect-options>{Size}</connect-options>")
            + Service("proxy", Host + "/deflate-relay", $"{relay}<accept-options>{Size}<ws.compression>enabled</ws.compression></accept-options>"
                + $"<connect-options>{Size}<ws.compression>enabled</ws.compression></connect-options>"));
    }

    public async Task DisposeAsync()
    {
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
        }

        await BackEnd.DisposeAsync();
    }
}
