using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tidegate.Gateway.Tests.Security.Ldap;

/// <summary>Something in place of a directory that answers what a test wants: it hands each piece that it hears to a function, and sends what that returns.</summary>
internal sealed class StandInDirectory : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Socket> _clients = [];
    private readonly Func<byte[], byte[]?> _answer;
    private readonly SemaphoreSlim _came = new(0);
    private int _accepted;

    /// <param name="answer">What to send, null to close the connection.</param>
    internal StandInDirectory(Func<byte[], byte[]?> answer)
    {
        _answer = answer;
        _listener.Start(512);
        _ = AcceptAsync();
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Connections so far.</summary>
    internal int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Everything that was heard.</summary>
    internal ConcurrentQueue<byte[]> Heard { get; } = new();

    /// <summary>Waits for this many connections.</summary>
    internal async Task WaitForAsync(int connections)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (Accepted < connections)
        {
            await _came.WaitAsync(patience.Token);
        }
    }

    public void Dispose()
    {
        _listener.Stop();
        foreach (Socket client in _clients)
        {
            client.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync();
                _clients.Add(client);
                Interlocked.Increment(ref _accepted);
                _came.Release();
                _ = ServeAsync(client);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It is over.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            byte[] buffer = new byte[64 * 1024];
            for (int read; (read = await client.ReceiveAsync(buffer)) > 0;)
            {
                Heard.Enqueue(buffer[..read]);
                if (_answer(buffer[..read]) is not { } answer)
                {
                    client.Dispose();
                    return;
                }

                if (answer.Length > 0)
                {
                    await client.SendAsync(answer);
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The other side has gone.
        }
    }
}
