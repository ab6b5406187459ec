using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tidegate.Gateway.Tests.Services.Http;

/// <summary>A server behind the gateway that answers each request with the bytes that a test wants, and keeps what it was sent.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private const int MaximumKept = 10_000;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<Socket, byte> _sockets = new();
    private readonly ConcurrentQueue<string> _requests = new();
    private readonly Func<string, Socket, Task> _answer;
    private readonly Task _accepting;
    private int _connections;

    /// <param name="answer">Given a request's head and its body as Latin-1, answers; the connection goes on after it, unless it has been closed.</param>
    internal ScriptedServer(Func<string, Socket, Task> answer)
    {
        _answer = answer;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>One that gives always the same answer.</summary>
    internal ScriptedServer(string answer)
        : this((_, socket) => SendAsync(socket, answer))
    {
    }

    internal const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    internal int Port { get; }

    /// <summary>Such as <c>http://127.0.0.1:8000/</c>.</summary>
    internal string Origin => $"http://127.0.0.1:{Port}/";

    /// <summary>Head and body of each request, in the order in which they came; of very many the first.</summary>
    internal string[] Requests => [.. _requests];

    /// <summary>How many connections were opened.</summary>
    internal int Connections => Volatile.Read(ref _connections);

    internal static async Task SendAsync(Socket socket, string text)
    {
        ReadOnlyMemory<byte> bytes = Encoding.Latin1.GetBytes(text);
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes)..];
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        foreach (Socket socket in _sockets.Keys)
        {
            socket.Dispose();
        }

        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptAsync();
                socket.NoDelay = true;
                Interlocked.Increment(ref _connections);
                _sockets.TryAdd(socket, 0);
                _ = ServeAsync(socket);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            var received = new List<byte>();
            while (await ReadRequestAsync(socket, received) is { } request)
            {
                if (_requests.Count < MaximumKept)
                {
                    _requests.Enqueue(request);
                }

                await _answer(request, socket);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The gateway has given up, or the test is over.
        }
        finally
        {
            socket.Dispose();
            _sockets.TryRemove(socket, out byte _);
        }
    }

    private static async Task<string?> ReadRequestAsync(Socket socket, List<byte> received)
    {
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            string text = Encoding.Latin1.GetString([.. received]);
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0 && LengthOf(text, end + 4) is { } length && text.Length >= length)
            {
                received.RemoveRange(0, length);
                return text[..length];
            }

            int count = await socket.ReceiveAsync(buffer);
            if (count == 0)
            {
                return null;
            }

            received.AddRange(buffer.AsSpan(0, count));
        }
    }

    /// <summary>The length of a request; null where its chunks have not ended.</summary>
    private static int? LengthOf(string text, int body)
    {
        string head = text[..body];
        if (head.Contains("\r\nTransfer-Encoding: chunked\r\n", StringComparison.OrdinalIgnoreCase))
        {
            int last = text.IndexOf("0\r\n\r\n", body, StringComparison.Ordinal);
            return last < 0 ? null : last + 5;
        }

        int length = head.IndexOf("\r\nContent-Length: ", StringComparison.OrdinalIgnoreCase);
        return body + (length < 0 ? 0 : int.Parse(head[(length + 18)..].Split('\r')[0], System.Globalization.CultureInfo.InvariantCulture));
    }
}
