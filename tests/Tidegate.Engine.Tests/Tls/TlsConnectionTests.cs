using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.Tls;

namespace Tidegate.Engine.Tests.Tls;

public abstract class TlsConnectionTests(EventSource source) : TlsTest(source)
{
    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public void Bytes_go_both_ways_in_either_version(SslProtocols version)
    {
        const int Length = 5_000_000;
        var (peer, connection) = SecurePair(Server(), Probe.Echo(), options => options.EnabledSslProtocols = version);
        Task sending = Bounded.Start(() =>
        {
            for (int at = 0, size = 1; at < Length; at += size, size = (size * 7 % 70_001) + 1)
            {
                peer.Send(Pattern.Bytes(Math.Min(size, Length - at), at));
            }
        });
        byte[] buffer = new byte[100_000];
        for (long position = 0; position < Length;)
        {
            int count = peer.Receive(buffer);
            Assert.NotEqual(0, count);
            position = Pattern.Check(buffer.AsSpan(0, count), position);
        }

        Bounded.Wait(sending);
        TlsInformation? information = OnLoop(connection.DescribeTls);
        Assert.Equal(version, information!.Protocol);
        Assert.Equal(peer.Tls!.NegotiatedCipherSuite, information.CipherSuite);
        Assert.Equal("server.test", information.ServerName);
        Assert.Null(information.PeerCertificate);
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(20_000)]
    public void A_read_buffer_smaller_than_a_record_changes_nothing(int size)
    {
        StartLoops(options => options with { ReadBufferSize = size });
        Bytes_go_both_ways_in_either_version(SslProtocols.Tls13);
    }

    [Fact]
    public void What_the_peer_says_with_the_end_of_its_handshake_is_not_lost()
    {
        // One write of the peer brings the Finished message and the first data in one read.
        var probe = new Probe();
        (RawPeer peer, var server) = Begin(Server(), probe);
        using var held = new HeldStream(peer.Socket);
        using var tls = new SslStream(held);
        Task client = Bounded.Start(() =>
        {
            tls.AuthenticateAsClient(ClientOptions(options => options.EnabledSslProtocols = SslProtocols.Tls13));
            tls.Write(Pattern.Bytes(100_000));
            held.Release();
        });
        Bounded.Wait(client);
        Assert.Null(Bounded.Result(server).Fault);
        probe.ExpectBytes(Pattern.Bytes(100_000));
    }

    [Fact]
    public void The_peer_hears_of_the_end_by_a_close_notify()
    {
        var (peer, connection) = SecurePair(Server(), new Probe());
        OnLoop(() =>
        {
            connection.Write("bye"u8);
            connection.EndSending();
        });
        Assert.Equal("bye"u8.ToArray(), peer.Receive(3));
        peer.ExpectEnd();
    }

    [Fact]
    public void A_close_notify_ends_receiving_and_sending_goes_on()
    {
        var probe = new Probe();
        var (peer, connection) = SecurePair(Server(), probe);
        peer.Send("last"u8);
        Bounded.Wait(peer.Tls!.ShutdownAsync());
        Bounded.Wait(probe.ReceiveEnd);
        Assert.Equal("last"u8.ToArray(), probe.Bytes);
        OnLoop(() =>
        {
            connection.Write("more"u8);
            connection.EndSending();
        });
        Assert.Equal("more"u8.ToArray(), peer.Receive(4));
        Assert.Null(Bounded.Result(probe.End));
    }

    [Fact]
    public void An_end_without_close_notify_is_an_end_that_can_be_told_apart()
    {
        foreach (bool truncated in (bool[])[true, false])
        {
            bool? found = null;
            var probe = new Probe { ReceiveEnded = connection => found = connection.IsReceiveTruncated };
            var (peer, _) = SecurePair(Server(), probe);
            peer.Send("cut"u8);
            if (!truncated)
            {
                Bounded.Wait(peer.Tls!.ShutdownAsync());
            }

            peer.Socket.Shutdown(SocketShutdown.Send);
            Bounded.Wait(probe.ReceiveEnd);
            Assert.Equal("cut"u8.ToArray(), probe.Bytes);
            Assert.Equal(truncated, found);
        }
    }

    [Fact]
    public void A_record_that_was_tampered_with_breaks_the_connection()
    {
        var probe = new Probe();
        var (peer, _) = SecurePair(Server(), probe);
        peer.Send("good"u8);
        if (Library == TlsLibrary.SslStream)
        {
            // It takes all records of a read at once, and one that is broken takes the others with it.
            probe.ExpectBytes("good"u8.ToArray());
        }

        // An application data record whose tag can not fit.
        peer.Socket.Send([0x17, 3, 3, 0, 20, .. new byte[20]]);
        Assert.Equal(SocketError.ConnectionAborted, Bounded.Result(probe.End));
        Assert.Equal("good"u8.ToArray(), probe.Bytes);
    }

    [Fact]
    public void What_the_kernel_does_not_take_waits_and_arrives_whole()
    {
        const int Length = 8 * 1024 * 1024;
        var probe = new Probe();
        var (peer, connection) = SecurePair(Server(), probe, receiveBuffer: 16 * 1024);
        OnLoop(() =>
        {
            connection.Write(Pattern.Bytes(Length));
            Assert.True(connection.IsCongested);
            connection.Write("end"u8);
            connection.Close(Bounded.Limit);
        });
        byte[] all = peer.ReceiveToEnd();
        Assert.Equal(Length + 3, all.Length);
        Pattern.Check(all.AsSpan(0, Length), 0);
        peer.EndSending();
        Assert.Null(Bounded.Result(probe.End));
        Assert.Equal("cdx", probe.Calls.ToString());
    }

    [Fact]
    public void Reading_can_be_paused_and_goes_on()
    {
        var probe = new Probe();
        var (peer, connection) = SecurePair(Server(), probe);
        OnLoop(connection.PauseReading);
        peer.Send(Pattern.Bytes(1_000_000 / 16));
        Turns();
        Assert.Equal(0, probe.Count);
        OnLoop(connection.ResumeReading);
        probe.ExpectBytes(Pattern.Bytes(1_000_000 / 16));
    }

    [Fact]
    public void A_client_of_the_engine_speaks_with_a_server_of_the_engine()
    {
        TlsContext server = Server();
        Listener listener = Listen(accepted => accepted.StartTls(server, null, Bounded.Limit, (secured, _) => secured.Handler = Probe.Echo()), System.Net.IPAddress.Loopback);
        var (connection, fault) = ConnectTls("127.0.0.1", listener.LocalEndPoint.Port, Client());
        Assert.Equal(string.Empty, fault);
        var probe = new Probe();
        OnLoop(() =>
        {
            connection!.Handler = probe;
            connection.Write(Pattern.Bytes(300_000));
        });
        probe.ExpectBytes(Pattern.Bytes(300_000));
    }

    [Fact]
    public void A_thousand_idle_connections_answer_when_they_are_spoken_to()
    {
        TlsContext context = Server();
        var peers = new List<RawPeer>();
        for (int i = 0; i < 1000; i++)
        {
            peers.Add(SecurePair(context, Probe.Echo()).Peer);
        }

        for (int i = 0; i < peers.Count; i++)
        {
            peers[i].Send(Pattern.Bytes(10, i));
        }

        for (int i = 0; i < peers.Count; i++)
        {
            Assert.Equal(Pattern.Bytes(10, i), peers[i].Receive(10));
        }

        peers.ForEach(peer => peer.Reset());
        Bounded.Until(() => Loop.ConnectionCount == 0, "all of them are gone");
    }

    private protected (TcpConnection? Connection, string Fault) ConnectTls(string host, int port, TlsContext context, ConnectOptions? options = null)
    {
        var done = new TaskCompletionSource<(TcpConnection?, string)>(TaskCreationOptions.RunContinuationsAsynchronously);
        options = (options ?? new ConnectOptions()) with { Tls = () => context };
        Loop.Post(() => TlsConnector.Connect(Loop, host, port, options, (connection, fault) => done.SetResult((connection, fault))));
        return Bounded.Result(done.Task);
    }

    /// <summary>Keeps back what is written last, so that it leaves with what follows it.</summary>
    private sealed class HeldStream(Socket socket) : NetworkStream(socket, ownsSocket: false)
    {
        private readonly MemoryStream _kept = new();
        private int _writes;

        internal void Release() => Socket.Send(_kept.ToArray());

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            // The ClientHello must go, or nothing would come back.
            if (++_writes == 1)
            {
                Socket.Send(buffer);
            }
            else
            {
                _kept.Write(buffer);
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    }
}

public sealed class EpollTlsConnectionTests() : TlsConnectionTests(EventSource.Epoll);

public sealed class PortableTlsConnectionTests() : TlsConnectionTests(EventSource.Portable);

public sealed class SslStreamOnEpollConnectionTests() : TlsConnectionTests(EventSource.Epoll)
{
    private protected override TlsLibrary Library => TlsLibrary.SslStream;
}

public sealed class SslStreamOnPortableConnectionTests() : TlsConnectionTests(EventSource.Portable)
{
    private protected override TlsLibrary Library => TlsLibrary.SslStream;
}
