namespace Tidegate.Engine.Loops.Epoll;

/// <summary>
/// The last descriptors of the process, which connections do not get. The runtime opens files as it goes, to load code, and ends
/// the process where it can not: without a reserve, whoever opens connections enough could end the gateway.
/// </summary>
/// <remarks>
/// The kernel gives out the lowest free number, so a number near the limit says that few are left. The limit is asked for each
/// time, as an administrator may change it (prlimit).
/// </remarks>
internal static unsafe class DescriptorReserve
{
    /// <summary>The most that are kept back; of a low limit, an eighth.</summary>
    internal const int Most = 128;

    /// <summary>True where a connection with this descriptor should be the last one accepted for now.</summary>
    internal static bool EndsAccepting(int descriptor) => Limit() is var limit && descriptor >= limit - Size(limit);

    /// <summary>True where no connection to a back-end may take this descriptor. Those get half of what new clients do not get.</summary>
    internal static bool EndsConnecting(int descriptor) => Limit() is var limit && descriptor >= limit - (Size(limit) / 2);

    /// <summary>True where clients may be accepted again.</summary>
    /// <param name="any">Any open descriptor.</param>
    internal static bool AllowsAccepting(int any)
    {
        int lowest = Libc.fcntl(any, Libc.F_DUPFD_CLOEXEC, 0);
        if (lowest < 0)
        {
            return false;
        }

        _ = Libc.close(lowest);
        return !EndsAccepting(lowest);
    }

    private static long Size(long limit) => Math.Min(Most, limit / 8);

    private static long Limit()
    {
        // struct rlimit { soft, hard }
        ulong* limit = stackalloc ulong[2];
        return Libc.getrlimit(Libc.RLIMIT_NOFILE, limit) == 0 ? (long)Math.Min(limit[0], int.MaxValue) : int.MaxValue;
    }
}
