namespace Tidegate.Bench.Load;

internal enum LoadKind
{
    Messages,
    Latency,
    Handshakes,
    Idle,
}

/// <summary>One measurement.</summary>
/// <param name="Kind">What is measured.</param>
/// <param name="Port">The server's port on 127.0.0.1.</param>
/// <param name="Path">The path that is upgraded.</param>
/// <param name="Size">Payload bytes of a message.</param>
/// <param name="Window">Messages in flight on each connection.</param>
/// <param name="Connections">Connections at once; for handshakes, how many are made at a time.</param>
/// <param name="Rate">For latency: messages a second, over all connections.</param>
/// <param name="WarmSeconds">How long the same load runs before it is measured.</param>
/// <param name="Seconds">How long it is measured.</param>
/// <param name="Server">The server's first process, whose CPU time (and its children's) is counted; 0 for none.</param>
/// <param name="Trusted">For TLS: the file of the server's certificate; empty for none.</param>
/// <param name="BackendPort">Where the load answers as the server's back-end; 0 where that is another process.</param>
/// <param name="BackendSpeaksWebSocket">Whether that back-end speaks WebSocket; TCP otherwise.</param>
/// <param name="Family">The process that started everything that is measured; what others use is a disturbance. 0 for none.</param>
internal sealed record LoadOptions(
    LoadKind Kind, int Port, string Path, int Size, int Window, int Connections, int Rate, double WarmSeconds, double Seconds, int Server, string Trusted, int BackendPort,
    bool BackendSpeaksWebSocket, int Family)
{
    internal static LoadOptions Parse(Arguments arguments)
    {
        string kind = arguments.Text("kind", "messages");
        if (!Enum.TryParse(kind, ignoreCase: true, out LoadKind parsed))
            throw new UsageException($"--kind is messages, latency, handshakes or idle, not '{kind}'.");
        var options = new LoadOptions(
            parsed,
            arguments.Integer("port", 0, 1, ushort.MaxValue),
            arguments.Text("path", "/"),
            arguments.Integer("size", 64, 1, 1 << 20),
            arguments.Integer("window", 1, 1, 1024),
            arguments.Integer("connections", 64, 1, 19_000),
            arguments.Integer("rate", 10_000, 1, 1_000_000),
            arguments.Number("warm", 0.5, 0, 60),
            arguments.Number("seconds", 3, 0.1, 600),
            arguments.Integer("server", 0, 0, int.MaxValue),
            arguments.Text("tls", ""),
            arguments.Integer("backend-port", 0, 0, ushort.MaxValue),
            arguments.Switch("backend-ws"),
            arguments.Integer("family", 0, 0, int.MaxValue));
        arguments.ExpectNothingElse();
        return options;
    }
}
