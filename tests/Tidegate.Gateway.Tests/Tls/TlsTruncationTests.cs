using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tidegate.Engine.Tls;
using static Tidegate.Gateway.Tests.Tls.SecureGateway;

namespace Tidegate.Gateway.Tests.Tls;

/// <summary>A back-end whose stream is cut short is not taken for one that has said all.</summary>
public abstract class TlsTruncationTests(TlsLibrary library)
{
    [Theory]
    [InlineData(true, 1014)]
    [InlineData(false, 1000)]
    public async Task A_client_is_told_whether_the_back_end_has_ended_or_was_cut_short(bool cut, int status)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var backEnd = new BackEndServer();
        await using SecureGateway gateway = await StartAsync(
            Service("p", "proxy", "ws://localhost:0/", $"<connect>ssl://localhost:{backEnd.Port}</connect>"), null, library);
        using var client = new ClientWebSocket();
        await client.ConnectAsync(new Uri($"ws://localhost:{gateway.PortOf("ws")}/"), timeout.Token);
        Socket socket = await backEnd.AcceptAsync();
        using X509Certificate2 certificate = gateway.Authority.Issue(["localhost"]);
        await using var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, timeout.Token);

        await tls.WriteAsync("half of i"u8.ToArray(), timeout.Token);
        if (!cut)
        {
            await tls.ShutdownAsync();
        }

        socket.Shutdown(SocketShutdown.Send);
        byte[] buffer = new byte[100];
        var received = new StringBuilder();
        WebSocketReceiveResult part;
        while ((part = await client.ReceiveAsync(buffer, timeout.Token)).MessageType != WebSocketMessageType.Close)
        {
            received.Append(Encoding.ASCII.GetString(buffer, 0, part.Count));
        }

        Assert.Equal("half of i", received.ToString());
        Assert.Equal(status, (int)part.CloseStatus!);
    }
}

public sealed class OpenSslTruncationTests() : TlsTruncationTests(TlsLibrary.OpenSsl);

public sealed class SslStreamTruncationTests() : TlsTruncationTests(TlsLibrary.SslStream);
