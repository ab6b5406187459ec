// What emulated WebSockets cost: round trips, idle sessions, and requests that bring messages. bench/emulated runs this. The requests are written
// to sockets as they are, since a client library would be what is measured.
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

string command = args[0];
int port = int.Parse(args[1], CultureInfo.InvariantCulture);
int server = int.Parse(args[2], CultureInfo.InvariantCulture);
int number = int.Parse(args[3], CultureInfo.InvariantCulture);
const int Size = 64;
byte[] reconnect = [0x01, (byte)'0', (byte)'1', 0xff];

switch (command)
{
    case "echo":
        await MeasureEchoAsync(number);
        break;
    case "posts":
        await MeasurePostsAsync(number);
        break;
    default:
        await MeasureIdleAsync(number);
        break;
}

// One message at a time, there by a request and back by a response that goes on: the median time, and the server's share of it.
async Task MeasureEchoAsync(int seconds)
{
    string id = await CreateAsync("/echo", IPAddress.Loopback);
    using Socket up = await ConnectAsync(IPAddress.Loopback);
    using Socket down = await FetchAsync("/echo", id, IPAddress.Loopback);
    await RunAsync(TimeSpan.FromSeconds(5), []);
    var times = new List<double>();
    double before = ProcessorSeconds();
    await RunAsync(TimeSpan.FromSeconds(seconds), times);
    double share = (ProcessorSeconds() - before) / times.Count * 1_000_000;
    times.Sort();
    Print($"{times[times.Count / 2]:F0} {times[times.Count * 99 / 100]:F0} {share:F0}");

    async Task RunAsync(TimeSpan time, List<double> taken)
    {
        byte[] message = new byte[Size], received = new byte[64 * 1024];
        for (long began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < time;)
        {
            Random.Shared.NextBytes(message);
            long start = Stopwatch.GetTimestamp();
            await up.SendAsync(Post("/echo", id, message));
            for (int length = 0; !received.AsSpan(0, length).ContainsAll(message);)
            {
                length += await down.ReceiveAsync(received.AsMemory(length));
            }

            taken.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            await AnswerAsync(up, received);
        }
    }
}

// Requests with a message each, as fast as they are answered, over 32 sessions, to a back-end that only reads.
async Task MeasurePostsAsync(int seconds)
{
    var clients = new List<(Socket Up, byte[] Request)>();
    var open = new List<Socket>();
    for (int i = 0; i < 32; i++)
    {
        string id = await CreateAsync("/sink", IPAddress.Loopback);
        open.Add(await FetchAsync("/sink", id, IPAddress.Loopback));
        clients.Add((await ConnectAsync(IPAddress.Loopback), Post("/sink", id, new byte[Size])));
    }

    await RunAsync(5);
    double before = ProcessorSeconds();
    long count = await RunAsync(seconds);
    Print($"{count / (double)seconds:F0} {(ProcessorSeconds() - before) / count * 1_000_000:F1}");
    GC.KeepAlive(open);

    async Task<long> RunAsync(int seconds)
    {
        long began = Stopwatch.GetTimestamp();
        long[] counts = await Task.WhenAll(clients.Select(async client =>
        {
            byte[] received = new byte[4096];
            long count = 0;
            for (; Stopwatch.GetElapsedTime(began).TotalSeconds < seconds; count++)
            {
                await client.Up.SendAsync(client.Request);
                await AnswerAsync(client.Up, received);
            }

            return count;
        }));
        return counts.Sum();
    }
}

// Sessions whose response is open and has nothing to bring. One address may have 2,000 of them, so they come from several.
async Task MeasureIdleAsync(int count)
{
    var open = new List<Socket>();
    long first = 0;
    for (int i = 0; i <= count; i++)
    {
        if (i == count / 10)
        {
            // What the first of them make the runtime load is no cost of each.
            first = await ResidentBytesAsync();
        }

        var from = new IPAddress([127, 0, 0, (byte)(1 + (i / 1500))]);
        open.Add(await FetchAsync("/echo", await CreateAsync("/echo", from), from));
    }

    long last = await ResidentBytesAsync();
    Print($"{(last - first) / 1024.0 / (count - (count / 10)):F1}");
    GC.KeepAlive(open);
}

async Task<Socket> ConnectAsync(IPAddress from)
{
    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    socket.Bind(new IPEndPoint(from, 0));
    await socket.ConnectAsync(IPAddress.Loopback, port);
    return socket;
}

async Task<string> CreateAsync(string path, IPAddress from)
{
    using Socket socket = await ConnectAsync(from);
    await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path}/;e/cb HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-WebSocket-Version: wseb-1.0\r\nConnection: close\r\n\r\n"));
    var text = new StringBuilder();
    byte[] received = new byte[4096];
    for (int length; (length = await socket.ReceiveAsync(received)) > 0;)
    {
        text.Append(Encoding.ASCII.GetString(received, 0, length));
    }

    string answer = text.ToString();
    int start = answer.IndexOf("/;e/ub/", StringComparison.Ordinal) + "/;e/ub/".Length;
    return answer.StartsWith("HTTP/1.1 201 ", StringComparison.Ordinal) ? answer[start..answer.IndexOf('\n', start)] : throw new InvalidDataException(answer);
}

// A response that goes on; its head and its first empty frame have come.
async Task<Socket> FetchAsync(string path, string id, IPAddress from)
{
    Socket socket = await ConnectAsync(from);
    await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path}/;e/db/{id} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"));
    byte[] received = new byte[4096];
    for (int length = 0; !received.AsSpan(0, length).ContainsAll([0x01, (byte)'0', (byte)'0', 0xff]);)
    {
        length += await socket.ReceiveAsync(received.AsMemory(length)) is var more and > 0 ? more : throw new InvalidDataException("The response ended.");
    }

    return socket;
}

byte[] Post(string path, string id, byte[] message) =>
[
    .. Encoding.ASCII.GetBytes(
        $"POST {path}/;e/ub/{id} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/octet-stream\r\nContent-Length: {message.Length + 2 + reconnect.Length}\r\n\r\n"),
    0x80, (byte)message.Length, .. message, .. reconnect,
];

static async Task AnswerAsync(Socket socket, byte[] received)
{
    for (int length = 0; !received.AsSpan(0, length).EndsWith("\r\n\r\n"u8);)
    {
        length += await socket.ReceiveAsync(received.AsMemory(length)) is var more and > 0 ? more : throw new InvalidDataException("The connection ended.");
    }

    if (!received.AsSpan().StartsWith("HTTP/1.1 200 "u8))
    {
        throw new InvalidDataException(Encoding.ASCII.GetString(received, 0, 40));
    }
}

static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

// All threads, by the scheduler's account.
double ProcessorSeconds() => Directory.EnumerateDirectories($"/proc/{server}/task")
    .Sum(task => double.Parse(File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture) / 1e9);

async Task<long> ResidentBytesAsync()
{
    await Task.Delay(TimeSpan.FromSeconds(3));
    string line = File.ReadLines($"/proc/{server}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
    return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
}

internal static class Bytes
{
    internal static bool ContainsAll(this Span<byte> bytes, ReadOnlySpan<byte> sought) => bytes.IndexOf(sought) >= 0;
}
