using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Sessions;

public sealed class RelayAllocationTests() : RelayTest(EventSource.Epoll)
{
    [Theory]
    [InlineData(Side.WebSocket)]
    [InlineData(Side.SecureWebSocket)]
    public void A_million_messages_through_a_relay_and_back_allocate_nothing_on_the_loop(Side side)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        const int Batch = 500, Batches = 2000, Size = 64;
        var (first, second) = Relay(side, Side.Tcp);
        // The back-end is an echo on the same loop, which is measured with the rest.
        Listener echo = Listen(connection => connection.Handler = new Echo());
        using RawPeer backEnd = RawPeer.Connect(echo.LocalEndPoint);
        Task there = Pump(second.Raw, backEnd), back = Pump(backEnd, second.Raw);

        byte[] frames = [.. Enumerable.Range(0, Batch).SelectMany(i => Wire.Frame(Wire.Binary, Pattern.Bytes(Size, i * Size)))];
        byte[] expected = Pattern.Bytes(Batch * Size);
        void RoundTrips(int count)
        {
            for (int i = 0; i < count; i++)
            {
                first.Raw.Send(frames);
                Assert.True(first.Receive(expected.Length).AsSpan().SequenceEqual(expected));
            }
        }

        RoundTrips(50);
        long before = AllocatedOnLoop();
        RoundTrips(Batches);
        Assert.Equal(0, AllocatedOnLoop() - before);
        first.Raw.Dispose();
        Array.ForEach([there, back], Bounded.Wait);
    }

    /// <summary>The loop's own count, asked for without allocating anything there.</summary>
    private long AllocatedOnLoop()
    {
        var answer = new Answer();
        Loop.Post(static state => Volatile.Write(ref ((Answer)state!).Bytes, GC.GetAllocatedBytesForCurrentThread()), answer);
        Bounded.Until(() => Volatile.Read(ref answer.Bytes) >= 0, "the loop answered");
        return answer.Bytes;
    }

    private static Task Pump(RawPeer from, RawPeer to) => Bounded.Start(() =>
    {
        byte[] buffer = new byte[64 * 1024];
        for (int count; (count = from.Receive(buffer)) > 0;)
        {
            to.Send(buffer.AsSpan(0, count));
        }

        to.EndSending();
    });

    private sealed class Answer
    {
        internal long Bytes = -1;
    }

    private sealed class Echo : IConnectionHandler
    {
        public void OnReceived(TcpConnection connection, Payload data) => connection.Write(data.Span);

        public void OnReceiveEnded(TcpConnection connection) => connection.EndSending();

        public void OnCongested(TcpConnection connection)
        {
        }

        public void OnDrained(TcpConnection connection)
        {
        }

        public void OnClosed(TcpConnection connection, System.Net.Sockets.SocketError? error)
        {
        }
    }
}
