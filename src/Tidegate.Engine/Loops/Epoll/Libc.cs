using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tidegate.Engine.Loops.Epoll;

/// <summary>The Linux system calls that an event loop makes, without marshalling: every parameter is blittable.</summary>
/// <remarks>A call that fails returns -1 and leaves its reason in <see cref="LastError"/>, which must be read at once.</remarks>
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;
    internal const int EPOLL_CTL_MOD = 3;
    internal const int EPOLL_CLOEXEC = 0x80000;

    internal const uint EPOLLIN = 0x001;
    internal const uint EPOLLOUT = 0x004;
    internal const uint EPOLLERR = 0x008;
    internal const uint EPOLLHUP = 0x010;
    internal const uint EPOLLRDHUP = 0x2000;
    internal const uint EPOLLET = 1u << 31;

    internal const int AF_INET = 2;
    internal const int AF_INET6 = 10;
    internal const int SOCK_STREAM = 1;
    internal const int SOCK_NONBLOCK = 0x800;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int SOL_SOCKET = 1;
    internal const int SO_REUSEADDR = 2;
    internal const int SO_ERROR = 4;
    internal const int SO_LINGER = 13;
    internal const int IPPROTO_TCP = 6;
    internal const int TCP_NODELAY = 1;
    internal const int TCP_NOTSENT_LOWAT = 25;
    internal const int IPPROTO_IP = 0;
    internal const int IP_BIND_ADDRESS_NO_PORT = 24;
    internal const int IPPROTO_IPV6 = 41;
    internal const int IPV6_V6ONLY = 26;
    internal const int MSG_PEEK = 2;
    internal const int MSG_NOSIGNAL = 0x4000;
    internal const int SHUT_WR = 1;
    internal const int EFD_NONBLOCK = 0x800;
    internal const int EFD_CLOEXEC = 0x80000;

    internal const int F_DUPFD_CLOEXEC = 1030;
    internal const int RLIMIT_NOFILE = 7;

    internal const int EINTR = 4;
    internal const int EAGAIN = 11;
    internal const int ENFILE = 23;
    internal const int EMFILE = 24;
    internal const int ENOBUFS = 105;
    internal const int ENOMEM = 12;
    internal const int EINPROGRESS = 115;

    /// <summary>The size in bytes of a <c>sockaddr_in6</c>, the longest address used here.</summary>
    internal const int MaximumAddressLength = 28;

    internal static int LastError => Marshal.GetLastSystemError();

    [LibraryImport(Library)] internal static partial int epoll_create1(int flags);
    [LibraryImport(Library)] internal static partial int epoll_ctl(int epoll, int operation, int descriptor, byte* change);
    [LibraryImport(Library)] internal static partial int epoll_wait(int epoll, byte* events, int capacity, int timeoutMilliseconds);
    [LibraryImport(Library)] internal static partial int eventfd(uint initial, int flags);
    [LibraryImport(Library)] internal static partial int socket(int domain, int type, int protocol);
    [LibraryImport(Library)] internal static partial int bind(int descriptor, byte* address, uint length);
    [LibraryImport(Library)] internal static partial int listen(int descriptor, int backlog);
    [LibraryImport(Library)] internal static partial int accept4(int descriptor, byte* address, uint* length, int flags);
    [LibraryImport(Library)] internal static partial int connect(int descriptor, byte* address, uint length);
    [LibraryImport(Library)] internal static partial int setsockopt(int descriptor, int level, int option, void* value, uint length);
    [LibraryImport(Library)] internal static partial int getsockopt(int descriptor, int level, int option, void* value, uint* length);
    [LibraryImport(Library)] internal static partial int getsockname(int descriptor, byte* address, uint* length);
    [LibraryImport(Library)] internal static partial int getpeername(int descriptor, byte* address, uint* length);
    [LibraryImport(Library)] internal static partial nint recv(int descriptor, byte* buffer, nuint length, int flags);
    [LibraryImport(Library)] internal static partial nint send(int descriptor, byte* buffer, nuint length, int flags);
    [LibraryImport(Library)] internal static partial nint read(int descriptor, void* buffer, nuint length);
    [LibraryImport(Library)] internal static partial nint write(int descriptor, void* buffer, nuint length);
    [LibraryImport(Library)] internal static partial int shutdown(int descriptor, int how);
    [LibraryImport(Library)] internal static partial int close(int descriptor);
    [LibraryImport(Library)] internal static partial int fcntl(int descriptor, int command, int argument);
    [LibraryImport(Library)] internal static partial int getrlimit(int resource, ulong* limit);

    // The library's own recv and send are cancellation points: in a process of several threads each call pays for switching that
    // on and off. Under small messages that was two fifths of all the time spent outside of the kernel.
    private static readonly (nint Receive, nint Send)? Direct = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => (45, 44),
        Architecture.Arm64 => (207, 206),
        _ => null,
    };

    /// <summary>As recv(2) without flags.</summary>
    internal static nint Receive(int descriptor, byte* buffer, nuint length) =>
        Direct is { } direct ? syscall(direct.Receive, descriptor, buffer, length, 0, null, 0) : recv(descriptor, buffer, length, 0);

    /// <summary>As send(2), raising no signal where the peer is gone.</summary>
    internal static nint Send(int descriptor, byte* buffer, nuint length) =>
        Direct is { } direct ? syscall(direct.Send, descriptor, buffer, length, MSG_NOSIGNAL, null, 0) : send(descriptor, buffer, length, MSG_NOSIGNAL);

    [LibraryImport(Library)] private static partial nint syscall(nint number, nint descriptor, byte* buffer, nuint length, nint flags, void* address, nint addressLength);

    /// <summary>Sets an integer socket option.</summary>
    internal static int SetOption(int descriptor, int level, int option, int value) =>
        setsockopt(descriptor, level, option, &value, sizeof(int));

    /// <summary>Binds a socket that is to connect. Returns 0 or a Linux error number.</summary>
    internal static int BindToConnect(int descriptor, IPEndPoint local)
    {
        // Without this a free port is taken that nobody else may have, and 28,000 connections use up all of them.
        _ = local.Port == 0
            ? SetOption(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            : SetOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
        byte* address = stackalloc byte[MaximumAddressLength];
        uint length = WriteAddress(local, address);
        return bind(descriptor, address, length) == 0 ? 0 : LastError;
    }

    /// <summary>The error that waits on a socket (<c>SO_ERROR</c>), which reading clears; 0 where there is none.</summary>
    internal static int TakeSocketError(int descriptor)
    {
        int error = 0;
        uint length = sizeof(int);
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : LastError;
    }

    /// <summary>Writes <paramref name="endPoint"/> as a <c>sockaddr</c> and returns its length in bytes.</summary>
    internal static uint WriteAddress(IPEndPoint endPoint, byte* target)
    {
        SocketAddress address = endPoint.Serialize();
        address.Buffer.Span[..address.Size].CopyTo(new Span<byte>(target, MaximumAddressLength));
        return (uint)address.Size;
    }

    /// <summary>Reads a <c>sockaddr</c> that the kernel wrote.</summary>
    internal static IPEndPoint ReadAddress(byte* source, uint length)
    {
        bool v6 = *(ushort*)source == AF_INET6;
        var address = new SocketAddress(v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, (int)length);
        new ReadOnlySpan<byte>(source, (int)length).CopyTo(address.Buffer.Span);
        return (IPEndPoint)new IPEndPoint(v6 ? IPAddress.IPv6Any : IPAddress.Any, 0).Create(address);
    }

    /// <summary>The portable name of a Linux error number, for those that sockets give.</summary>
    internal static SocketError ToSocketError(int error) => error switch
    {
        0 => SocketError.Success,
        1 or 13 => SocketError.AccessDenied,
        9 => SocketError.OperationAborted,
        EAGAIN => SocketError.WouldBlock,
        EMFILE or ENFILE => SocketError.TooManyOpenSockets,
        32 => SocketError.Shutdown,
        97 => SocketError.AddressFamilyNotSupported,
        98 => SocketError.AddressAlreadyInUse,
        99 => SocketError.AddressNotAvailable,
        100 => SocketError.NetworkDown,
        101 => SocketError.NetworkUnreachable,
        103 => SocketError.ConnectionAborted,
        104 => SocketError.ConnectionReset,
        ENOBUFS or ENOMEM => SocketError.NoBufferSpaceAvailable,
        110 => SocketError.TimedOut,
        111 => SocketError.ConnectionRefused,
        112 => SocketError.HostDown,
        113 => SocketError.HostUnreachable,
        _ => SocketError.SocketError,
    };
}

/// <summary>An array of <c>struct epoll_event</c> in native memory. The kernel packs that structure on x86-64 and nowhere else.</summary>
internal unsafe sealed class EpollEvents : IDisposable
{
    private static readonly bool Packed = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86;
    private static readonly int Stride = Packed ? 12 : 16;
    private static readonly int DataOffset = Packed ? 4 : 8;
    private byte* _memory;

    internal EpollEvents(int capacity)
    {
        Capacity = capacity;
        _memory = (byte*)NativeMemory.AllocZeroed((nuint)(capacity * 16));
    }

    internal int Capacity { get; }

    internal byte* Pointer => _memory;

    internal uint Mask(int index) => *(uint*)(_memory + (index * Stride));

    internal ulong Data(int index) => *(ulong*)(_memory + (index * Stride) + DataOffset);

    /// <summary>Registers or changes what <paramref name="descriptor"/> is watched for; returns 0 or a Linux error number.</summary>
    internal static int Control(int epoll, int operation, int descriptor, uint mask, ulong data)
    {
        byte* change = stackalloc byte[16];
        *(uint*)change = mask;
        *(ulong*)(change + DataOffset) = data;
        return Libc.epoll_ctl(epoll, operation, descriptor, change) == 0 ? 0 : Libc.LastError;
    }

    public void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
    }
}
