using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tidegate.EndToEnd.Tests.Browser;

/// <summary>Serves an empty page at a port of its own: the site of someone else.</summary>
internal sealed class PageServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _serving;

    internal PageServer()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    internal Uri Address => new($"http://localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync();
                await AnswerAsync(client.GetStream());
            }
            catch (IOException)
            {
                // A browser opens connections that it does not use.
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private static async Task AnswerAsync(NetworkStream stream)
    {
        var reader = new StreamReader(stream, Encoding.ASCII);
        while (await reader.ReadLineAsync(Patience.Token) is { Length: > 0 })
        {
            // The head says nothing of interest.
        }

        const string Page = "<!doctype html><title>Another site</title>";
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {Page.Length}\r\nConnection: close\r\n\r\n{Page}"),
            Patience.Token);
    }
}
