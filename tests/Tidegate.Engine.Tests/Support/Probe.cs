using System.Net.Sockets;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.Tests.Support;

/// <summary>A connection's handler that keeps what it was told, and does what a test gives it to do.</summary>
internal sealed class Probe : IConnectionHandler
{
    private readonly MemoryStream _received = new();
    private readonly TaskCompletionSource<SocketError?> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _receiveEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal delegate void PayloadAction(TcpConnection connection, Payload data);

    internal PayloadAction? Received { get; init; }

    internal Action<TcpConnection>? ReceiveEnded { get; init; }

    internal Action<TcpConnection>? Congested { get; init; }

    internal Action<TcpConnection>? Drained { get; init; }

    internal Action<TcpConnection>? Closed { get; init; }

    /// <summary>False where so much comes that it should not be kept.</summary>
    internal bool Keeps { get; init; } = true;

    /// <summary>How the connection ended.</summary>
    internal Task<SocketError?> End => _closed.Task;

    internal Task ReceiveEnd => _receiveEnded.Task;

    /// <summary>The calls in their order, by a letter each: (r)eceived, (e)nd of receiving, (c)ongested, (d)rained, closed (x).</summary>
    internal System.Text.StringBuilder Calls { get; } = new();

    internal long Count { get; private set; }

    internal byte[] Bytes
    {
        get
        {
            lock (_received)
            {
                return _received.ToArray();
            }
        }
    }

    internal static Probe Echo() => new() { Received = static (connection, data) => connection.Write(data.Span) };

    public void OnReceived(TcpConnection connection, Payload data)
    {
        Note('r');
        Count += data.Length;
        if (Keeps)
        {
            lock (_received)
            {
                _received.Write(data.Span);
            }
        }

        Received?.Invoke(connection, data);
    }

    public void OnReceiveEnded(TcpConnection connection)
    {
        Note('e');
        ReceiveEnded?.Invoke(connection);
        _receiveEnded.TrySetResult();
    }

    public void OnCongested(TcpConnection connection)
    {
        Note('c');
        Congested?.Invoke(connection);
    }

    public void OnDrained(TcpConnection connection)
    {
        Note('d');
        Drained?.Invoke(connection);
    }

    public void OnClosed(TcpConnection connection, SocketError? error)
    {
        Note('x');
        Closed?.Invoke(connection);
        Assert.True(_closed.TrySetResult(error), "the end was reported twice");
    }

    internal void ExpectBytes(byte[] expected)
    {
        Bounded.Until(() => Bytes.Length >= expected.Length, $"{expected.Length} bytes arrived");
        Assert.Equal(expected, Bytes);
    }

    private void Note(char call)
    {
        // What repeats is noted once.
        if (Calls.Length == 0 || Calls[^1] != call)
        {
            Calls.Append(call);
        }
    }
}
