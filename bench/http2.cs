// What a WebSocket over HTTP/2 (RFC 8441) costs Tidegate beside one over HTTP/1.1. bench/http2 runs this; .NET's own client is the load, the
// same for both, and what counts is the server's CPU time for each message and its memory for each idle WebSocket.
using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Net.WebSockets;

string command = args[0];
int port = int.Parse(args[1], CultureInfo.InvariantCulture);
int server = int.Parse(args[2], CultureInfo.InvariantCulture);
Version version = Version.Parse(args[3]);
int number = int.Parse(args[4], CultureInfo.InvariantCulture);
using var client = new HttpMessageInvoker(new SocketsHttpHandler { EnableMultipleHttp2Connections = true });

if (command == "messages")
{
    int size = int.Parse(args[5], CultureInfo.InvariantCulture);
    var sockets = new List<ClientWebSocket>();
    for (int i = 0; i < 32; i++)
    {
        sockets.Add(await ConnectAsync());
    }

    // A JIT compiler needs to see a path before it is fast.
    await EchoAsync(sockets, size, 5);
    double before = ProcessorSeconds();
    long count = await EchoAsync(sockets, size, number);
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{count / (double)number:F0} {(ProcessorSeconds() - before) / count * 1_000_000:F1}"));
}
else
{
    var sockets = new List<ClientWebSocket>();
    long first = 0;
    for (int i = 0; i <= number; i++)
    {
        if (i == number / 10)
        {
            // What the first of them make the runtime load is no cost of each.
            first = await ResidentBytesAsync();
        }

        ClientWebSocket socket = await ConnectAsync();
        await RoundAsync(socket, new byte[64], new byte[64]);
        sockets.Add(socket);
    }

    long last = await ResidentBytesAsync();
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(last - first) / 1024.0 / (number - (number / 10)):F1}"));
    GC.KeepAlive(sockets);
}

async Task<ClientWebSocket> ConnectAsync()
{
    var socket = new ClientWebSocket();
    socket.Options.HttpVersion = version;
    socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
    await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/echo"), client, CancellationToken.None);
    return socket;
}

static async Task<long> EchoAsync(List<ClientWebSocket> sockets, int size, int seconds)
{
    using var end = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
    long[] counts = await Task.WhenAll(sockets.Select(async socket =>
    {
        byte[] message = new byte[size], answer = new byte[size];
        Random.Shared.NextBytes(message);
        long count = 0;
        for (; !end.IsCancellationRequested; count++)
        {
            await RoundAsync(socket, message, answer);
        }

        return count;
    }));
    return counts.Sum();
}

static async Task RoundAsync(ClientWebSocket socket, byte[] message, byte[] answer)
{
    await socket.SendAsync(message, WebSocketMessageType.Binary, true, CancellationToken.None);
    for (int received = 0; received < answer.Length;)
    {
        received += (await socket.ReceiveAsync(answer.AsMemory(received), CancellationToken.None)).Count;
    }

    if (!message.AsSpan().SequenceEqual(answer))
    {
        throw new InvalidDataException("What came back is not what was sent.");
    }
}

// All threads, by the scheduler's account.
double ProcessorSeconds() => Directory.EnumerateDirectories($"/proc/{server}/task")
    .Sum(task => double.Parse(File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture) / 1e9);

async Task<long> ResidentBytesAsync()
{
    await Task.Delay(TimeSpan.FromSeconds(3));
    string line = File.ReadLines($"/proc/{server}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
    return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
}
