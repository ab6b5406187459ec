using System.Globalization;

namespace Tidegate.EndToEnd.Tests.Processes;

/// <summary>A Redis server on a port of its own that keeps nothing.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    // Its port has to be named before it starts, and may be taken by then.
    private const int Attempts = 5;
    private readonly ScratchDirectory _directory;

    private RedisServer(ChildProcess process, ScratchDirectory directory, int port)
    {
        Process = process;
        _directory = directory;
        Port = port;
    }

    internal ChildProcess Process { get; }

    internal int Port { get; }

    internal static async Task<RedisServer> StartAsync()
    {
        for (int attempt = 1; ; attempt++)
        {
            int port;
            using (var free = new DeadPort())
            {
                port = free.Number;
            }

            var directory = new ScratchDirectory();
            var process = ChildProcess.Start(
                "redis-server",
                ["--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", directory.Path]);
            var server = new RedisServer(process, directory, port);
            try
            {
                await process.WaitForLineAsync(line => line.Contains("Ready to accept connections", StringComparison.Ordinal));
                return server;
            }
            catch (InvalidOperationException) when (attempt < Attempts)
            {
                await server.DisposeAsync();
            }
        }
    }

    /// <summary>Waits until the kernel has something for the server that the server has not read.</summary>
    internal async Task WaitForUnreadAsync()
    {
        // Columns of /proc/net/tcp: local and remote address, state, and the bytes that wait to be sent and to be read, all in hex.
        string local = string.Create(CultureInfo.InvariantCulture, $"0100007F:{Port:X4}");
        CancellationToken patience = Patience.Token;
        while (!File.ReadLines("/proc/net/tcp")
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Any(columns => columns[1] == local && columns[3] == "01" && !columns[4].EndsWith(":00000000", StringComparison.Ordinal)))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), patience);
        }
    }

    /// <summary>Ends it as a crash would.</summary>
    internal async Task KillAsync()
    {
        Process.Signal("KILL");
        await Process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _directory.Dispose();
    }
}
