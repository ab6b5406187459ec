using System.Net;
using System.Runtime.InteropServices;
using Tidegate.Engine.Loops.Epoll;

namespace Tidegate.Bench;

/// <summary>Sockets as the load generator and the back-ends want them: non-blocking, without Nagle's delay.</summary>
internal static unsafe partial class Sockets
{
    internal const int SIGTERM = 15;
    private const int CLOCK_MONOTONIC = 1;
    private const int TFD_NONBLOCK = 0x800;
    private const int TFD_CLOEXEC = 0x80000;

    // System calls that a gateway has no use for, and Libc therefore does not name.
    [LibraryImport("libc")] private static partial int timerfd_create(int clock, int flags);
    [LibraryImport("libc")] private static partial int timerfd_settime(int descriptor, int flags, long* change, long* previous);
    [LibraryImport("libc")] internal static partial int kill(int process, int signal);

    internal static int Listen(IPEndPoint at)
    {
        int descriptor = Stream();
        Libc.SetOption(descriptor, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);
        Bind(descriptor, at);
        if (Libc.listen(descriptor, 4096) != 0)
            throw Failure($"listen on {at}");
        return descriptor;
    }

    /// <summary>Begins to connect; the descriptor becomes writable when that is decided.</summary>
    internal static int Connect(IPEndPoint to, IPEndPoint? from)
    {
        int descriptor = Stream();
        Libc.SetOption(descriptor, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
        if (from is not null)
            Bind(descriptor, from);
        byte* address = stackalloc byte[Libc.MaximumAddressLength];
        uint length = Libc.WriteAddress(to, address);
        if (Libc.connect(descriptor, address, length) != 0 && Libc.LastError is int error && error != Libc.EINPROGRESS)
            throw new IOException($"connect to {to}: {Libc.ToSocketError(error)}");
        return descriptor;
    }

    /// <summary>Closes with a reset, which leaves no port waiting: tens of thousands of connections a run would exhaust them.</summary>
    internal static void CloseWithReset(int descriptor)
    {
        long onWithoutDelay = 1;
        _ = Libc.setsockopt(descriptor, Libc.SOL_SOCKET, Libc.SO_LINGER, &onWithoutDelay, sizeof(long));
        _ = Libc.close(descriptor);
    }

    /// <summary>A descriptor that becomes readable every <paramref name="interval"/>: epoll's own timeout is too coarse for pacing.</summary>
    internal static int Ticker(TimeSpan interval)
    {
        int descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        long* change = stackalloc long[4];
        change[0] = change[2] = (long)interval.TotalSeconds;
        change[1] = change[3] = interval.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick;
        if (descriptor < 0 || timerfd_settime(descriptor, 0, change, null) != 0)
            throw Failure("timerfd");
        return descriptor;
    }

    internal static IOException Failure(string what) => new($"{what}: error {Libc.LastError}");

    private static int Stream()
    {
        int descriptor = Libc.socket(Libc.AF_INET, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0);
        return descriptor >= 0 ? descriptor : throw Failure("socket");
    }

    private static void Bind(int descriptor, IPEndPoint at)
    {
        byte* address = stackalloc byte[Libc.MaximumAddressLength];
        uint length = Libc.WriteAddress(at, address);
        if (Libc.bind(descriptor, address, length) != 0)
            throw Failure($"bind to {at}");
    }
}
