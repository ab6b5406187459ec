using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Net;

public abstract class ConnectorTests(EventSource source) : EngineTest(source)
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void A_connection_is_made_to_an_address(string address)
    {
        using var target = new RawListener(IPAddress.Parse(address));
        var (connection, error) = Connect(address, target.Port);
        Assert.Equal(SocketError.Success, error);
        using RawPeer peer = target.Accept();
        OnLoop(() => connection!.Handler = Probe.Echo());
        peer.Send("hello"u8);
        Assert.Equal("hello"u8.ToArray(), peer.Receive(5));
    }

    [Fact]
    public void What_the_server_says_first_is_not_lost()
    {
        using var target = new RawListener();
        Task greeting = Bounded.Start(() =>
        {
            RawPeer peer = Own(target.Accept());
            peer.Send("welcome"u8);
            peer.EndSending();
        });
        var (connection, _) = Connect("127.0.0.1", target.Port);
        Bounded.Wait(greeting);
        Turns();
        var probe = new Probe();
        OnLoop(() => connection!.Handler = probe);
        Bounded.Wait(probe.ReceiveEnd);
        Assert.Equal("welcome"u8.ToArray(), probe.Bytes);
    }

    [Fact]
    public void A_connection_comes_from_the_local_address_that_is_asked_for()
    {
        using var target = new RawListener();
        var (connection, error) = Connect("127.0.0.1", target.Port, new ConnectOptions { Local = [new IPEndPoint(IPAddress.IPv6Loopback, 0), new IPEndPoint(Address, 0)] });
        Assert.Equal(SocketError.Success, error);
        using RawPeer peer = target.Accept();
        Assert.Equal(Address, OnLoop(() => connection!.LocalEndPoint!.Address));
    }

    [Fact]
    public void Nothing_is_connected_to_from_an_address_of_another_family_or_one_that_is_not_there()
    {
        using var target = new RawListener();
        Assert.Equal(
            SocketError.AddressFamilyNotSupported, Connect("127.0.0.1", target.Port, new ConnectOptions { Local = [new IPEndPoint(IPAddress.IPv6Loopback, 0)] }).Error);
        // For documentation (RFC 5737): nobody has it.
        Assert.Equal(
            SocketError.AddressNotAvailable, Connect("127.0.0.1", target.Port, new ConnectOptions { Local = [new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0)] }).Error);
        Bounded.Until(() => Loop.ConnectionCount == 0, "nothing is left");
    }

    [Fact]
    public void A_refusal_is_reported()
    {
        using Socket taken = RawListener.BoundOnly(out int port);
        var (connection, error) = Connect("127.0.0.1", port);
        Assert.Null(connection);
        Assert.Equal(SocketError.ConnectionRefused, error);
        Bounded.Until(() => Loop.ConnectionCount == 0, "nothing is left");
    }

    [Fact]
    public void The_answer_comes_after_the_call_has_returned()
    {
        using Socket taken = RawListener.BoundOnly(out int port);
        var answered = new TaskCompletionSource();
        bool returned = false;
        OnLoop(() =>
        {
            Connector.Connect(Loop, "127.0.0.1", port, new ConnectOptions(), (_, _) =>
            {
                Assert.True(returned);
                answered.SetResult();
            });
            returned = true;
        });
        Bounded.Wait(answered.Task);
    }

    [Fact]
    public void The_next_address_is_tried_when_one_refuses()
    {
        int port = 0;
        RawListener target = RawListener.OnFreePort(() =>
        {
            Own(RawListener.BoundOnly(out port, IPAddress.IPv6Loopback));
            return Own(new RawListener(port: port));
        });
        var (connection, error) = Connect("two.addresses", port, new ConnectOptions
        {
            AttemptDelay = TimeSpan.FromHours(1),
            Timeout = TimeSpan.FromHours(2),
            Resolve = Addresses(IPAddress.Loopback, IPAddress.IPv6Loopback),
        });
        Assert.Equal(SocketError.Success, error);
        Assert.Equal(target.EndPoint, OnLoop(() => connection!.RemoteEndPoint));
    }

    [Fact]
    public void The_last_error_is_reported_when_all_addresses_refuse()
    {
        using Socket taken = RawListener.BoundOnly(out int port);
        var (_, error) = Connect("two.addresses", port, new ConnectOptions { Resolve = Addresses(IPAddress.Parse("127.0.0.1"), IPAddress.Parse("127.0.0.2")) });
        Assert.Equal(SocketError.ConnectionRefused, error);
    }

    [Fact]
    public void The_next_address_is_tried_beside_one_that_is_silent()
    {
        // RFC 8305, section 5: the silent one is a listener whose queue of waiting connections is full.
        var (silent, target) = RawListener.OnFreePort(() =>
        {
            FullListener full = Own(new FullListener(IPAddress.Parse("127.0.0.1")));
            return (full, Own(new RawListener(IPAddress.Parse("127.0.0.2"), full.Port)));
        });
        var (connection, error) = Connect("two.addresses", silent.Port, new ConnectOptions
        {
            AttemptDelay = TimeSpan.FromMilliseconds(20),
            Timeout = Bounded.Limit,
            Resolve = Addresses(IPAddress.Parse("127.0.0.1"), IPAddress.Parse("127.0.0.2")),
        });
        Assert.Equal(SocketError.Success, error);
        Assert.Equal(target.EndPoint, OnLoop(() => connection!.RemoteEndPoint));
        Bounded.Until(() => Loop.ConnectionCount == 1, "the silent attempt is given up");
    }

    [Fact]
    public void An_attempt_that_nobody_answers_times_out()
    {
        using var silent = new FullListener(IPAddress.Loopback);
        var (connection, error) = Connect("127.0.0.1", silent.Port, new ConnectOptions { Timeout = TimeSpan.FromMilliseconds(50) });
        Assert.Null(connection);
        Assert.Equal(SocketError.TimedOut, error);
        Bounded.Until(() => Loop.ConnectionCount == 0, "nothing is left");
    }

    [Fact]
    public void A_resolver_that_does_not_answer_times_out()
    {
        var (_, error) = Connect("silent.resolver", 1, new ConnectOptions
        {
            Timeout = TimeSpan.FromMilliseconds(50),
            Resolve = async (_, cancellation) =>
            {
                await Task.Delay(Timeout.Infinite, cancellation);
                return [];
            },
        });
        Assert.Equal(SocketError.TimedOut, error);
        Turns();
    }

    [Fact]
    public void A_name_without_addresses_is_not_found()
    {
        Assert.Equal(SocketError.HostNotFound, Connect("nothing", 1, new ConnectOptions { Resolve = Addresses() }).Error);
        Assert.Equal(SocketError.NoData, Connect("nothing", 1, new ConnectOptions { Resolve = (_, _) => throw new SocketException((int)SocketError.NoData) }).Error);
    }

    [Fact]
    public void An_address_that_can_not_even_be_tried_is_an_error_like_another()
    {
        // The broadcast address takes no TCP connection: the attempt fails before it begins.
        var (connection, error) = Connect("255.255.255.255", 9, new ConnectOptions());
        Assert.Null(connection);
        Assert.NotEqual(SocketError.Success, error);
        Assert.NotEqual(SocketError.TimedOut, error);
        Bounded.Until(() => Loop.ConnectionCount == 0, "nothing is left");
    }

    [Fact]
    public void Families_take_turns_and_IPv6_comes_first()
    {
        IPAddress[] given = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2"), IPAddress.Parse("::2"), IPAddress.Parse("10.0.0.3"), IPAddress.Parse("::3")];
        Assert.Equal(["::2", "10.0.0.1", "::3", "10.0.0.2", "10.0.0.3"], Connector.Interleave(given).Select(address => address.ToString()));
    }

    private static Func<string, CancellationToken, Task<IPAddress[]>> Addresses(params IPAddress[] addresses) => (_, _) => Task.FromResult(addresses);

    /// <summary>A listener that accepts nothing and has no room left: a further connect is not answered.</summary>
    private sealed class FullListener : IDisposable
    {
        private readonly RawListener _listener;
        private readonly List<Socket> _waiting = [];

        internal FullListener(IPAddress address)
        {
            _listener = new RawListener(address, backlog: 1);
            while (true)
            {
                var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
                _waiting.Add(socket);
                try
                {
                    socket.Connect(_listener.EndPoint);
                }
                catch (SocketException exception) when (exception.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
                {
                    if (!socket.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectWrite))
                    {
                        return;
                    }
                }
            }
        }

        internal int Port => _listener.Port;

        public void Dispose()
        {
            _waiting.ForEach(socket => socket.Dispose());
            _listener.Dispose();
        }
    }
}

public sealed class ConnectorOnEpollTests() : ConnectorTests(EventSource.Epoll);

public sealed class ConnectorOnPortableTests() : ConnectorTests(EventSource.Portable);
