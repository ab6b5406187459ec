using System.Net;
using System.Net.Sockets;
using System.Text;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Tests.Clients;
using Tidegate.Membership;
using static Tidegate.Gateway.Tests.Clients.EmulatedClient;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>Requests of sessions at other members: what they come by, and the connections to these members.</summary>
public sealed class SessionRelayConnectionTests
{
    private const string Page = "Origin: http://page.example:80";

    [Fact]
    public async Task Over_http2_requests_find_their_session_at_the_other_member_too_one_beside_the_other()
    {
        await using var pair = await SessionPair.StartAsync();
        using EmulatedClient client = Spread(() => pair.One);
        await client.OpenAsync($"{SessionPair.Place}cbm");
        using var http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(pair.Two, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        {
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromSeconds(60),
        };
        HttpResponseMessage response = await http.GetAsync(client.Downstream, HttpCompletionOption.ResponseHeadersRead);
        using var down = new ReceivingStream(response, await response.Content.ReadAsStreamAsync());
        await down.ExpectAsync(Noop);
        for (byte i = 0; i < 3; i++)
        {
            using HttpResponseMessage posted = await http.PostAsync(client.Upstream, new ByteArrayContent([0x81, 1, i, .. Reconnect]));
            Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (posted.StatusCode, posted.Version));
            await down.ExpectAsync(0x81, 1, i);
        }

        // Who resets the stream of what it fetches is gone, and with it the session.
        down.Dispose();
        await pair.CountsAsync(0);
        using HttpResponseMessage gone = await http.PostAsync(client.Upstream, new ByteArrayContent([0x81, 0, .. Reconnect]));
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task The_page_of_another_origin_comes_again_too_when_the_member_that_brings_its_answers_drains()
    {
        await using var pair = await SessionPair.StartAsync("<cross-site-constraint><allow-origin>http://page.example:80</allow-origin></cross-site-constraint>");
        using EmulatedClient client = Spread(() => pair.One);
        await client.OpenAsync($"{SessionPair.Place}cbm", Page);
        using EmulatedClient other = Spread(() => pair.Two);
        HttpResponseMessage response = await other.SendAsync(HttpMethod.Get, client.Downstream, null, Page);
        using var down = new ReceivingStream(response, await response.Content.ReadAsStreamAsync());
        await down.ExpectAsync(Noop);

        Task draining = pair.Second.Server.DrainAsync(CancellationToken.None);

        await down.ExpectEndAsync(Reconnect);
        await draining;
        using ReceivingStream again = await client.ReceiveAsync("", null, Page);
        Assert.Equal(200, await client.PostAsync([0x81, 1, (byte)'x', .. Reconnect], Page));
        await again.ExpectAsync([.. Noop, 0x81, 1, (byte)'x']);
    }

    [Fact]
    public async Task What_comes_to_a_kept_connection_that_the_member_is_just_ending_is_sent_on_another_one_once()
    {
        await using ClusteredGateway gateway = await ClusteredGateway.StartAsync(SessionPair.Service());
        await using var owner = await Owner.StartAsync(gateway);
        using EmulatedClient client = Spread(() => gateway.At("ws", "/echo"));
        string session = $"http://public.example/echo/;e/ubm/{new string('7', 32)}{Owner.Tag}";
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (gateway.Server.KnownEntrances == 0)
        {
            await Task.Delay(20, patience.Token);
        }

        // The owner answers the first, ends the connection at the second one's head, and answers the third, on the next connection.
        for (byte i = 0; i < 2; i++)
        {
            using HttpResponseMessage answer = await client.SendAsync(HttpMethod.Post, session, [0x81, 1, i, .. Reconnect]);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(["1: 8101000130" + "31FF", "1: refused", "2: 8101010130" + "31FF"], owner.Seen);
    }

    /// <summary>A member that has a session, and ends a connection at the head of the second request on it.</summary>
    private sealed class Owner : IAsyncDisposable
    {
        internal const string Tag = "0123456789abcdef";
        private const int BodySize = 7;
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task _serving;
        private Member? _member;

        private Owner()
        {
            _listener.Start();
            _serving = ServeAsync();
        }

        /// <summary>The number of a connection, and what came on it.</summary>
        internal System.Collections.Concurrent.ConcurrentQueue<string> Seen { get; } = new();

        internal static async Task<Owner> StartAsync(ClusteredGateway seed)
        {
            var owner = new Owner();
            owner._member = await Member.StartAsync(new MemberOptions
            {
                ClusterName = "c",
                Listen = new IPEndPoint(IPAddress.Loopback, 0),
                Discovery = [$"tcp://{seed.Server.ClusterEndPoint}"],
            });
            owner._member.Publish(BalanceRecord.Write([], null, [new SessionEntrance(Tag, (IPEndPoint)owner._listener.LocalEndpoint, IsEncrypted: false, IsSecure: false)]));
            return owner;
        }

        public async ValueTask DisposeAsync()
        {
            if (_member is not null)
            {
                await _member.DisposeAsync();
            }

            _listener.Stop();
            await _serving;
        }

        private async Task ServeAsync()
        {
            try
            {
                for (int number = 1; ; number++)
                {
                    using TcpClient connection = await _listener.AcceptTcpClientAsync();
                    NetworkStream stream = connection.GetStream();
                    await ReadHeadAsync(stream);
                    await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray());
                    byte[] body = new byte[BodySize];
                    await stream.ReadExactlyAsync(body);
                    Seen.Enqueue($"{number}: {Convert.ToHexString(body)}");
                    await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
                    if (number == 1)
                    {
                        await ReadHeadAsync(stream);
                        Seen.Enqueue($"{number}: refused");
                    }
                }
            }
            catch (Exception exception) when (exception is SocketException or InvalidOperationException or IOException)
            {
                // The test is over.
            }
        }

        private static async Task ReadHeadAsync(NetworkStream stream)
        {
            var head = new StringBuilder();
            byte[] one = new byte[1];
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                await stream.ReadExactlyAsync(one);
                head.Append((char)one[0]);
            }
        }
    }
}
