using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Membership.Transport;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Tests.Transport;

/// <summary>Real sockets on loopback, on ports that the system chooses.</summary>
public sealed class MemberTransportTests
{
    private static readonly IPEndPoint Any = new(IPAddress.Loopback, 0);

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.77")]
    [InlineData("::1")]
    public async Task Packets_go_both_ways_and_say_where_they_come_from(string address)
    {
        IPEndPoint endPoint = new(IPAddress.Parse(address), 0);
        await using MemberTransport one = MemberTransport.Open(endPoint, NullLogger.Instance);
        await using MemberTransport two = MemberTransport.Open(endPoint, NullLogger.Instance);
        Received atOne = new();
        Received atTwo = new();
        one.Start(atOne);
        two.Start(atTwo);
        MemberAddress oneAddress = MemberAddress.From(one.LocalEndPoint);

        Assert.True(one.TrySend("there"u8, MemberAddress.From(two.LocalEndPoint)));
        (byte[] packet, MemberAddress from) = await atTwo.PacketAsync();
        Assert.Equal("there"u8, packet);
        Assert.Equal(oneAddress, from);

        Assert.True(two.TrySend("and back"u8, from));
        Assert.Equal("and back"u8.ToArray(), (await atOne.PacketAsync()).Packet);
        Assert.Equal((1, 5, 1, 8), (one.Counters.PacketsSent, one.Counters.BytesSent, one.Counters.PacketsReceived, one.Counters.BytesReceived));
    }

    [Fact]
    public async Task An_address_of_16_bytes_that_is_IPv4_is_sent_to_as_IPv4()
    {
        await using MemberTransport transport = MemberTransport.Open(Any, NullLogger.Instance);
        Received received = new();
        transport.Start(received);
        RawBytes mapped = RawBytes.CopyOf(IPAddress.Loopback.MapToIPv6().GetAddressBytes());
        Assert.True(transport.TrySend("x"u8, MemberAddress.From(mapped, (ushort)transport.LocalEndPoint.Port)));
        Assert.Equal("x"u8.ToArray(), (await received.PacketAsync()).Packet);
    }

    [Fact]
    public async Task The_largest_packet_arrives_whole()
    {
        await using MemberTransport transport = MemberTransport.Open(Any, NullLogger.Instance);
        Received received = new();
        transport.Start(received);
        byte[] packet = new byte[65_507];
        new Random(1).NextBytes(packet);
        Assert.True(transport.TrySend(packet, MemberAddress.From(transport.LocalEndPoint)));
        Assert.Equal(packet, (await received.PacketAsync()).Packet);
        Assert.False(transport.TrySend(new byte[65_508], MemberAddress.From(transport.LocalEndPoint)));
        Assert.Equal(1, transport.Counters.PacketsNotSent);
    }

    [Fact]
    public async Task What_cannot_be_sent_to_is_counted()
    {
        await using MemberTransport transport = MemberTransport.Open(Any, NullLogger.Instance);
        Assert.False(transport.TrySend("x"u8, MemberAddress.From(RawBytes.Nil, 1)));
        Assert.False(transport.TrySend("x"u8, MemberAddress.From(new IPEndPoint(IPAddress.Loopback, 0))));
        Assert.False(transport.TrySend("x"u8, MemberAddress.From(new IPEndPoint(IPAddress.IPv6Loopback, 1))));
        foreach (string noHost in (string[])["0.0.0.0", "255.255.255.255", "239.1.2.3"])
        {
            Assert.False(transport.TrySend("x"u8, MemberAddress.From(new IPEndPoint(IPAddress.Parse(noHost), 1))));
        }

        Assert.Equal(6, transport.Counters.PacketsNotSent);
        Assert.Equal(DialResult.Unreachable, (await transport.DialAsync(MemberAddress.From(new IPEndPoint(IPAddress.IPv6Loopback, 1)), default)).Result);
    }

    [Fact]
    public async Task Packets_that_wait_are_seen_before_they_are_read()
    {
        await using MemberTransport transport = MemberTransport.Open(Any, NullLogger.Instance);
        Assert.False(transport.HasQueuedPackets);
        Assert.True(transport.TrySend("x"u8, MemberAddress.From(transport.LocalEndPoint)));
        Assert.True(transport.HasQueuedPackets);
        Received received = new();
        transport.Start(received);
        await received.PacketAsync();
        Assert.False(transport.HasQueuedPackets);
    }

    [Fact]
    public async Task Packets_that_wait_are_handed_over_before_what_is_due()
    {
        await using MemberTransport transport = MemberTransport.Open(Any, NullLogger.Instance);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(transport.TrySend("x"u8, MemberAddress.From(transport.LocalEndPoint)));
        }

        Sequence sequence = new(dueFor: 0);
        transport.Start(sequence, sequence);
        Assert.Equal("packet packet packet due", await sequence.Ended.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task What_has_been_due_for_too_long_waits_for_no_packet()
    {
        await using MemberTransport transport = MemberTransport.Open(Any, NullLogger.Instance);
        Assert.True(transport.TrySend("x"u8, MemberAddress.From(transport.LocalEndPoint)));
        Sequence sequence = new(dueFor: 15);
        transport.Start(sequence, sequence);
        Assert.Equal("due", await sequence.Ended.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_packet_makes_no_garbage()
    {
        await using MemberTransport transport = MemberTransport.Open(Any, NullLogger.Instance);
        AllocationMeter meter = new(packets: 2_000);
        transport.Start(meter);
        MemberAddress self = MemberAddress.From(transport.LocalEndPoint);

        // One that is lost is made up for: sending goes on until enough have come.
        while (!meter.Done.IsCompleted)
        {
            Assert.True(transport.TrySend("x"u8, self));
            await Task.Yield();
        }

        // What one packet costs is measured on the loop's own thread, so other tests do not count.
        Assert.Equal(0, await meter.Done);
    }

    [Fact]
    public async Task Streams_go_both_ways_from_the_address_that_is_listened_on()
    {
        await using MemberTransport server = MemberTransport.Open(Any, NullLogger.Instance);
        await using MemberTransport client = MemberTransport.Open(new IPEndPoint(IPAddress.Parse("127.0.0.78"), 0), NullLogger.Instance);
        TaskCompletionSource<MemberAddress> from = new();
        server.Start(new Received(async (stream, address, stop) =>
        {
            from.SetResult(address);
            byte[] buffer = new byte[5];
            await stream.ReadExactlyAsync(buffer, stop);
            await stream.WriteAsync(buffer, stop);
        }));
        Dialled dialled = await client.DialAsync(MemberAddress.From(server.LocalEndPoint), default);
        Assert.Equal(DialResult.Connected, dialled.Result);
        await using MemberStream stream = dialled.Stream!;
        await stream.WriteAsync("hello"u8.ToArray());
        byte[] answer = new byte[5];
        await stream.ReadExactlyAsync(answer);
        Assert.Equal("hello"u8, answer);
        Assert.Equal(new byte[] { 127, 0, 0, 78 }, (await from.Task).Bytes.ToArray());
    }

    [Fact]
    public async Task A_refused_connection_is_told_from_one_that_is_not_answered()
    {
        await using MemberTransport client = MemberTransport.Open(Any, NullLogger.Instance);
        IPEndPoint closed;
        await using (MemberTransport gone = MemberTransport.Open(new IPEndPoint(IPAddress.Parse("127.0.0.79"), 0), NullLogger.Instance))
        {
            closed = gone.LocalEndPoint;
        }

        Assert.Equal(DialResult.Refused, (await client.DialAsync(MemberAddress.From(closed), default)).Result);

        // A listener that never accepts and whose queue is full does not answer.
        using Socket full = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        MemberAddress fullAddress = MemberAddress.From((IPEndPoint)full.LocalEndPoint!);
        List<Dialled> dialled = [];
        do
        {
            using CancellationTokenSource deadline = new(TimeSpan.FromMilliseconds(300));
            dialled.Add(await client.DialAsync(fullAddress, deadline.Token));
        }
        while (dialled[^1].Result == DialResult.Connected && dialled.Count < 100);

        Assert.Equal(DialResult.TimedOut, dialled[^1].Result);
        dialled.ForEach(one => one.Stream?.Dispose());
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        await using MemberTransport first = MemberTransport.Open(Any, NullLogger.Instance);
        MemberListenException exception = Assert.Throws<MemberListenException>(() => MemberTransport.Open(first.LocalEndPoint, NullLogger.Instance));
        Assert.Equal($"TCP port {first.LocalEndPoint.Port} of 127.0.0.1 is in use by another program. Choose another port, or 0 for any.", exception.Message);

        using Socket udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        udp.Bind(Any);
        exception = Assert.Throws<MemberListenException>(() => MemberTransport.Open((IPEndPoint)udp.LocalEndPoint!, NullLogger.Instance));
        Assert.StartsWith("UDP port", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_of_another_machine_is_refused_with_those_there_are()
    {
        MemberListenException exception = Assert.Throws<MemberListenException>(
            () => MemberTransport.Open(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0), NullLogger.Instance));
        Assert.StartsWith("192.0.2.1 is not an address of this machine. It has ", exception.Message, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receive_buffer_that_is_smaller_than_wanted_is_logged()
    {
        LogLines lines = new();
        await using MemberTransport transport = MemberTransport.Open(Any, lines);
        Assert.InRange(transport.ReceiveBuffer, 1_000, MemberTransport.WantedReceiveBuffer);
        Assert.Equal(transport.ReceiveBuffer < MemberTransport.WantedReceiveBuffer ? 1 : 0, lines.All.Length);
        Assert.All(lines.All, line => Assert.Contains($"keeps {transport.ReceiveBuffer} bytes", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stopping_ends_the_streams_that_are_served_and_frees_the_port()
    {
        TaskCompletionSource begun = new();
        MemberTransport server = MemberTransport.Open(Any, NullLogger.Instance);
        server.Start(new Received(async (stream, _, stop) =>
        {
            begun.SetResult();
            await stream.ReadAsync(new byte[1], stop).AsTask().ContinueWith(_ => { }, TaskScheduler.Default);
        }));
        using TcpClient client = new();
        await client.ConnectAsync(server.LocalEndPoint);
        await begun.Task;
        await server.DisposeAsync();
        await server.DisposeAsync();
        await using MemberTransport again = MemberTransport.Open(server.LocalEndPoint, NullLogger.Instance);
        Assert.Equal(server.LocalEndPoint, again.LocalEndPoint);
        Assert.False(server.TrySend("x"u8, MemberAddress.From(again.LocalEndPoint)));
        Assert.False(server.HasQueuedPackets);
    }

    [Fact]
    public async Task A_handler_that_throws_is_logged_and_the_next_packet_is_handed_over()
    {
        LogLines lines = new();
        await using MemberTransport transport = MemberTransport.Open(Any, lines);
        int before = lines.All.Length;
        Clumsy handler = new();
        transport.Start(handler);
        MemberAddress self = MemberAddress.From(transport.LocalEndPoint);
        Assert.True(transport.TrySend("bad"u8, self));
        Assert.True(transport.TrySend("good"u8, self));
        await handler.Good.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(1, transport.Counters.HandlerFailures);
        Assert.StartsWith("Error: Handling a packet from 127.0.0.1:", Assert.Single(lines.All[before..]), StringComparison.Ordinal);
    }

    private sealed class Clumsy : ITransportHandler
    {
        private readonly TaskCompletionSource _good = new();

        internal Task Good => _good.Task;

        public void OnPacket(ReadOnlySpan<byte> packet, MemberAddress from)
        {
            if (packet.SequenceEqual("bad"u8))
            {
                throw new InvalidOperationException("clumsy");
            }

            _good.SetResult();
        }

        public Task OnStreamAsync(MemberStream stream, MemberAddress from, CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Something is due from the beginning, and never again. Says what happened until it was done.</summary>
    private sealed class Sequence(int dueFor) : ITransportHandler, ILoopTimers
    {
        private readonly TaskCompletionSource<string> _ended = new();
        private readonly List<string> _happened = [];

        internal Task<string> Ended => _ended.Task;

        public void OnPacket(ReadOnlySpan<byte> packet, MemberAddress from) => _happened.Add("packet");

        public Task OnStreamAsync(MemberStream stream, MemberAddress from, CancellationToken cancellationToken) => Task.CompletedTask;

        public int Sleep() => _ended.Task.IsCompleted ? int.MaxValue : -dueFor;

        public void Wake()
        {
        }

        public void Fire()
        {
            _happened.Add("due");
            _ended.TrySetResult(string.Join(' ', _happened));
        }
    }

    /// <summary>The least that the loop allocated between one packet and the next that it read without changing threads.</summary>
    private sealed class AllocationMeter(int packets) : ITransportHandler
    {
        private readonly TaskCompletionSource<long> _done = new();
        private int _left = packets;
        private int _thread;
        private long _allocated;
        private long _least = long.MaxValue;

        internal Task<long> Done => _done.Task;

        public void OnPacket(ReadOnlySpan<byte> packet, MemberAddress from)
        {
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            if (_thread == Environment.CurrentManagedThreadId)
            {
                _least = Math.Min(_least, allocated - _allocated);
            }

            if (--_left == 0)
            {
                _done.SetResult(_least);
            }

            _thread = Environment.CurrentManagedThreadId;
            _allocated = GC.GetAllocatedBytesForCurrentThread();
        }

        public Task OnStreamAsync(MemberStream stream, MemberAddress from, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
