namespace Tidegate.Engine;

/// <summary>Which mechanism of the operating system tells the event loops that a socket is ready.</summary>
public enum EventSource
{
    /// <summary><see cref="Epoll"/> on Linux, <see cref="Portable"/> elsewhere.</summary>
    Automatic,

    /// <summary>Edge-triggered epoll, one thread a loop. Linux only.</summary>
    Epoll,

    /// <summary><see cref="System.Net.Sockets.SocketAsyncEventArgs"/>: everywhere that .NET runs.</summary>
    Portable,
}

/// <summary>How the event loops are set up. Immutable; the defaults suit a gateway.</summary>
public sealed record EngineOptions
{
    /// <summary>Number of event loops, 1 to 1,024. Default: one for each processor.</summary>
    public int Loops { get; init; } = Environment.ProcessorCount;

    /// <summary>Default: epoll where there is one.</summary>
    public EventSource EventSource { get; init; }

    /// <summary>
    /// Bytes that one receive call may bring, 4 KiB to 16 MiB. Each loop owns one buffer of this size, shared by all of
    /// its connections. A larger one makes fewer calls for large messages; 128 KiB holds a 64 KiB message and its frame.
    /// </summary>
    public int ReadBufferSize { get; init; } = 128 * 1024;

    /// <summary>Full read buffers that one connection may consume before the others of its loop get their turn. At least 1.</summary>
    public int BuffersPerTurn { get; init; } = 8;

    /// <summary>
    /// Steps of TLS handshakes that one turn of a loop takes, at least 1; the others wait for the next. A step may cost a signature
    /// (a millisecond with a key of RSA 2048), and messages wait while it is made. Default 8.
    /// </summary>
    public int HandshakesPerTurn { get; init; } = 8;

    /// <summary>Connections that may wait in the kernel to be accepted, at each listener. The kernel may hold it lower.</summary>
    public int Backlog { get; init; } = 4096;

    /// <summary>
    /// How long a loop that is under load looks again for events before it sleeps; zero to 1 ms, zero for never. Where events are
    /// rare it sleeps at once. Epoll only. Default 20 µs.
    /// </summary>
    public TimeSpan SpinTime { get; init; } = TimeSpan.FromMicroseconds(20);

    /// <summary>Time source of every timer in the engine.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Loops, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Loops, 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(ReadBufferSize, 4 * 1024);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ReadBufferSize, 16 * 1024 * 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(BuffersPerTurn, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(HandshakesPerTurn, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Backlog, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(SpinTime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(SpinTime, TimeSpan.FromMilliseconds(1));
    }
}
