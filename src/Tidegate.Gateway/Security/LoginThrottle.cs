using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tidegate.Gateway.Security;

/// <summary>
/// Slows those down who guess: an address, or a user's name, behind which logins keep failing, gets one try in a while. Memory is bounded:
/// it is a table of a fixed size, keyed by a random hash, and two who share a place in it share what is counted there.
/// </summary>
internal sealed class LoginThrottle
{
    /// <summary>Failures of an address, or of a name, that have no effect yet.</summary>
    internal const int Free = 10;

    /// <summary>The time between tries beyond that, and the time in which one failure is forgotten.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>The longest that a try waits for its turn; beyond it is turned away.</summary>
    internal static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    /// <summary>How long it is remembered from where somebody has logged in.</summary>
    internal static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    private const int Places = 8192;

    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly TimeSpan[] _debts = new TimeSpan[2 * Places];
    private readonly long[] _counted = new long[2 * Places];
    private readonly (ulong Pair, long Since)[] _friends = new (ulong, long)[Places];
    private readonly HashCodeKey _key = HashCodeKey.Random();
    private readonly LoginTurns _turns = new(2 * Places);

    internal LoginThrottle(TimeProvider time) => _time = time;

    /// <summary>
    /// What a name is counted by: in one realm, and without what directories do not tell names apart by, which are case and further spaces (RFC 4518).
    /// </summary>
    internal static string NameIn(string realm, string user) =>
        $"{realm}\n{string.Join(' ', user.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ToUpperInvariant()}";

    /// <summary>Waits until a try may be made beside the others of its address and its name.</summary>
    /// <returns>What ends the try when it is disposed of; null where there are too many.</returns>
    internal async ValueTask<IDisposable?> BeginAsync(IPAddress? address, string? user, CancellationToken cancellation)
    {
        IDisposable? ofAddress = await _turns.TakeAsync(PlaceOf(address), LongestWait, cancellation).ConfigureAwait(false);
        if (ofAddress is null || CountedNameOf(address, user) is not { } name)
        {
            return ofAddress;
        }

        IDisposable? ofName = null;
        try
        {
            ofName = await _turns.TakeAsync(name, LongestWait, cancellation).ConfigureAwait(false);
        }
        finally
        {
            if (ofName is null)
            {
                ofAddress.Dispose();
            }
        }

        return ofName is null ? null : new Try(ofAddress, ofName);
    }

    /// <summary>How long a try has to wait before it is made.</summary>
    /// <param name="address">Where it comes from.</param>
    /// <param name="user">Whom it is about, or null.</param>
    /// <param name="wait">The time, zero for most; the turn is taken then.</param>
    /// <returns>False where it would be too long.</returns>
    internal bool TryEnter(IPAddress? address, string? user, out TimeSpan wait)
    {
        lock (_gate)
        {
            TimeSpan debt = DebtOf(PlaceOf(address));
            int? name = CountedNameOf(address, user);
            if (name is { } place && DebtOf(place) is var other && other > debt)
            {
                debt = other;
            }

            TimeSpan beyond = debt - (Free * Interval);
            wait = beyond > TimeSpan.Zero ? beyond : TimeSpan.Zero;
            if (wait > LongestWait)
            {
                return false;
            }

            if (wait > TimeSpan.Zero)
            {
                // Those who come beside it wait behind it.
                Charge(PlaceOf(address));
                if (name is { } shared)
                {
                    Charge(shared);
                }
            }

            return true;
        }
    }

    /// <summary>
    /// Notes a try that succeeded: whoever guesses at a name elsewhere does not keep its owner out, where they have come from before.
    /// </summary>
    internal void Succeeded(IPAddress? address, string? user)
    {
        if (user is null)
        {
            return;
        }

        lock (_gate)
        {
            ulong pair = PairOf(address, user);
            _friends[pair % Places] = (pair, _time.GetTimestamp());
        }
    }

    /// <summary>Notes a try that failed.</summary>
    internal void Failed(IPAddress? address, string? user)
    {
        lock (_gate)
        {
            Charge(PlaceOf(address));
            if (user is not null)
            {
                Charge(PlaceOf(user));
            }
        }
    }

    private void Charge(int place)
    {
        // Beyond the bound nothing need be known, and who stops is let in again after a short while.
        TimeSpan most = (Free * Interval) + LongestWait + Interval;
        TimeSpan debt = DebtOf(place) + Interval;
        _debts[place] = debt < most ? debt : most;
    }

    /// <summary>What is not forgotten yet.</summary>
    private TimeSpan DebtOf(int place)
    {
        long now = _time.GetTimestamp();
        TimeSpan left = _debts[place] - _time.GetElapsedTime(_counted[place], now);
        (_debts[place], _counted[place]) = (left > TimeSpan.Zero ? left : TimeSpan.Zero, now);
        return _debts[place];
    }

    /// <summary>Where tries about a name are counted; null where there is none, or its owner has come from here before.</summary>
    private int? CountedNameOf(IPAddress? address, string? user)
    {
        if (user is null)
        {
            return null;
        }

        lock (_gate)
        {
            return IsFriend(address, user) ? null : PlaceOf(user);
        }
    }

    private bool IsFriend(IPAddress? address, string user)
    {
        ulong pair = PairOf(address, user);
        (ulong known, long since) = _friends[pair % Places];
        return known == pair && since != 0 && _time.GetElapsedTime(since) < Memory;
    }

    private int PlaceOf(IPAddress? address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return (int)(_key.Of(bytes[..Write(address, bytes)]) % Places);
    }

    private int PlaceOf(string user) => Places + (int)(_key.Of(MemoryMarshal.AsBytes(user.AsSpan())) % Places);

    private ulong PairOf(IPAddress? address, string user)
    {
        byte[] bytes = new byte[1 + 16 + (2 * user.Length)];
        bytes[0] = (byte)Write(address, bytes.AsSpan(1, 16));
        bytes.AsSpan(1 + bytes[0], 16 - bytes[0]).Clear();
        MemoryMarshal.AsBytes(user.AsSpan()).CopyTo(bytes.AsSpan(17));
        return _key.Of(bytes);
    }

    /// <summary>What tells addresses apart: of IPv6 the first half, since the other one is whatever the client likes.</summary>
    private static int Write(IPAddress? address, Span<byte> bytes)
    {
        int length = 0;
        if (address is { IsIPv4MappedToIPv6: true })
        {
            address = address.MapToIPv4();
        }

        _ = address?.TryWriteBytes(bytes, out length);
        return address?.AddressFamily == AddressFamily.InterNetworkV6 ? 8 : length;
    }

    /// <summary>A try that is under way.</summary>
    private sealed record Try(IDisposable OfAddress, IDisposable OfName) : IDisposable
    {
        public void Dispose()
        {
            OfName.Dispose();
            OfAddress.Dispose();
        }
    }
}
