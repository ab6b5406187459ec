using System.Runtime.InteropServices;
using Tidegate.Bench.Load;
using Tidegate.Engine.Loops.Epoll;

namespace Tidegate.Bench.Cluster;

/// <summary>The sockets of a crowd on one epoll and one thread; what visitors do with them is <see cref="Crowd"/>'s.</summary>
internal abstract unsafe class CrowdLoop : IDisposable
{
    private const int ReadBufferSize = 64 * 1024;
    private const int LongestHead = 8192;
    private const ulong TickerMark = ulong.MaxValue;
    private readonly int _epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
    private readonly EpollEvents _events = new(512);
    private readonly byte* _buffer = (byte*)NativeMemory.Alloc(ReadBufferSize);
    private readonly int _ticker;
    private int _generations;

    protected CrowdLoop(TimeSpan tick)
    {
        _ticker = Sockets.Ticker(tick);
        if (EpollEvents.Control(_epoll, Libc.EPOLL_CTL_ADD, _ticker, Libc.EPOLLIN, TickerMark) != 0)
            throw Sockets.Failure("epoll");
    }

    /// <summary>Milliseconds of a clock that is never set.</summary>
    internal static long Now => System.Diagnostics.Stopwatch.GetTimestamp() / (System.Diagnostics.Stopwatch.Frequency / 1000);

    protected abstract Visitor? Find(int index);

    protected abstract void Ticked();

    /// <summary>The connection is there.</summary>
    protected abstract void Connected(Visitor visitor);

    /// <summary>The head of an answer is there.</summary>
    protected abstract void Answered(Visitor visitor, string head);

    protected abstract void Echoed(Visitor visitor, int index, int generation, long number);

    /// <summary>The connection is of no use any more, and is still to be closed.</summary>
    protected abstract void Broken(Visitor visitor, string reason);

    /// <summary>Handles what is ready, and waits for it until the next tick at most.</summary>
    protected void Turn()
    {
        int ready = Libc.epoll_wait(_epoll, _events.Pointer, _events.Capacity, -1);
        for (int i = 0; i < ready; i++)
        {
            ulong data = _events.Data(i);
            if (data == TickerMark)
            {
                // Reading arms it anew.
                long times;
                Libc.read(_ticker, &times, sizeof(long));
                Ticked();
            }
            else if (Find((int)(uint)data) is { Descriptor: >= 0 } visitor && (uint)visitor.Generation == data >> 32)
            {
                Handle(visitor, _events.Mask(i));
            }
        }
    }

    /// <summary>Begins to connect a visitor to where it is <see cref="Visitor.At"/>.</summary>
    /// <exception cref="IOException">There is no way there, or no port left.</exception>
    protected void Connect(Visitor visitor)
    {
        visitor.Generation = ++_generations;
        visitor.Descriptor = Sockets.Connect(visitor.At!, from: null);
        visitor.State = VisitorState.Connecting;
        visitor.Head = [];
        visitor.Frames.Begin();
        visitor.Sent = visitor.Echoed = 0;
        ulong mark = ((ulong)(uint)visitor.Generation << 32) | (uint)visitor.Index;
        if (EpollEvents.Control(_epoll, Libc.EPOLL_CTL_ADD, visitor.Descriptor, Libc.EPOLLIN | Libc.EPOLLOUT | Libc.EPOLLRDHUP | Libc.EPOLLET, mark) != 0)
            throw Sockets.Failure("epoll");
    }

    protected static void Disconnect(Visitor visitor)
    {
        if (visitor.Descriptor >= 0)
            Sockets.CloseWithReset(visitor.Descriptor);
        visitor.Descriptor = -1;
    }

    /// <summary>Sends these few bytes at once.</summary>
    /// <returns>False if the kernel does not take all of them.</returns>
    protected static bool Send(Visitor visitor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
            return Libc.send(visitor.Descriptor, start, (nuint)bytes.Length, Libc.MSG_NOSIGNAL) == bytes.Length;
    }

    /// <summary>Sends a short frame. Its mask is 0, as RFC 6455 allows a client that is no browser: nothing here reads what it can choose.</summary>
    protected static bool SendFrame(Visitor visitor, byte opcode, ReadOnlySpan<byte> payload)
    {
        Span<byte> frame = stackalloc byte[6 + payload.Length];
        frame.Clear();
        frame[0] = (byte)(0x80 | opcode);
        frame[1] = (byte)(0x80 | payload.Length);
        payload.CopyTo(frame[6..]);
        return Send(visitor, frame);
    }

    public void Dispose()
    {
        _ = Libc.close(_ticker);
        _ = Libc.close(_epoll);
        _events.Dispose();
        NativeMemory.Free(_buffer);
        GC.SuppressFinalize(this);
    }

    private void Handle(Visitor visitor, uint ready)
    {
        if (visitor.State == VisitorState.Connecting)
        {
            if ((ready & (Libc.EPOLLOUT | Libc.EPOLLERR | Libc.EPOLLHUP)) == 0)
                return;
            int error = Libc.TakeSocketError(visitor.Descriptor);
            if (error != 0)
            {
                Broken(visitor, $"not connected: {Libc.ToSocketError(error)}");
                return;
            }

            Connected(visitor);
        }

        if ((ready & (Libc.EPOLLIN | Libc.EPOLLRDHUP | Libc.EPOLLERR | Libc.EPOLLHUP)) != 0)
            Receive(visitor);
    }

    private void Receive(Visitor visitor)
    {
        int generation = visitor.Generation;
        while (visitor.Generation == generation && visitor.Descriptor >= 0)
        {
            nint count = Libc.recv(visitor.Descriptor, _buffer, ReadBufferSize, 0);
            if (count < 0 && Libc.LastError is int error)
            {
                if (error is not (Libc.EAGAIN or Libc.EINTR))
                    Broken(visitor, $"lost: {Libc.ToSocketError(error)}");
                return;
            }

            if (count == 0)
            {
                Broken(visitor, "ended without a close");
                return;
            }

            Take(visitor, generation, new ReadOnlySpan<byte>(_buffer, (int)count));
        }
    }

    private void Take(Visitor visitor, int generation, ReadOnlySpan<byte> data)
    {
        if (visitor.State == VisitorState.Asking && !TakeHead(visitor, ref data))
            return;
        try
        {
            while (visitor.State == VisitorState.Open && visitor.Generation == generation
                && visitor.Frames.Next(ref data, out Control control, out int index, out int of, out long number))
            {
                if (control == Control.None)
                {
                    Echoed(visitor, index, of, number);
                }
                else if (control == Control.Ping)
                {
                    _ = SendFrame(visitor, 10, visitor.Frames.ControlPayload());
                }
                else
                {
                    byte[] payload = visitor.Frames.ControlPayload();
                    _ = SendFrame(visitor, 8, payload);
                    Broken(visitor, payload.Length < 2 ? "closed" : $"closed {(payload[0] << 8) | payload[1]} {System.Text.Encoding.UTF8.GetString(payload.AsSpan(2))}");
                }
            }
        }
        catch (InvalidDataException e)
        {
            throw new LoadException(e.Message);
        }
    }

    /// <summary>Whether the head of the answer is whole, and taken off what came.</summary>
    private bool TakeHead(Visitor visitor, ref ReadOnlySpan<byte> data)
    {
        byte[] head = [.. visitor.Head, .. data];
        int end = head.AsSpan().IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            visitor.Head = head.Length <= LongestHead ? head : throw new LoadException($"an answer's head is longer than {LongestHead} bytes");
            return false;
        }

        data = data[(end + 4 - visitor.Head.Length)..];
        visitor.Head = [];
        Answered(visitor, System.Text.Encoding.Latin1.GetString(head, 0, end));
        return true;
    }
}
