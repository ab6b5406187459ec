using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Gateway.Security;

/// <summary>
/// What is good once, and has been used: each is remembered until it is good no more in any case. This gateway refuses a second use for certain;
/// what other members of its cluster tell of is a help beside that (<see cref="Learn"/>). Only hashes are kept. Safe to use from any thread.
/// </summary>
internal sealed class UsedOnce(TimeProvider time)
{
    /// <summary>As many as are remembered of this gateway's own; one more is refused for as long. Of the others' as many again.</summary>
    internal const int Maximum = 65_536;

    /// <summary>The longest that something may be good that is to be good once.</summary>
    internal static readonly TimeSpan LongestLife = TimeSpan.FromDays(1);

    // What counts is the wall's clock, which may be set back a little.
    private static readonly TimeSpan s_margin = TimeSpan.FromMinutes(1);
    private static readonly object s_used = new();

    private readonly ExpiringState<object> _own = new(time, Maximum);
    private readonly ExpiringState<object> _others = new(time, Maximum);

    /// <summary>Told of each use: the hash, and how long it is remembered. It must not block.</summary>
    internal event Action<UsedHash, TimeSpan>? Used;

    /// <summary>Uses something.</summary>
    /// <param name="kind">What kind of thing, so that no two kinds have names in common.</param>
    /// <param name="name">Its name.</param>
    /// <param name="life">How long it is good; at most <see cref="LongestLife"/>.</param>
    /// <returns>False where it has been used before.</returns>
    /// <exception cref="LoginUnavailableException">As many are remembered as may be.</exception>
    internal bool TryUse(string kind, string name, TimeSpan life)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(life, LongestLife);
        UsedHash hash = UsedHash.Of($"{kind}:{name}");
        if (_others.TryGet(hash.Key, out _) || !_own.TryAdd(hash.Key, s_used, life + s_margin))
        {
            return false;
        }

        Used?.Invoke(hash, life + s_margin);
        return true;
    }

    /// <summary>Remembers what was used at another member. Where there is no room, it is not.</summary>
    internal void Learn(UsedHash hash, TimeSpan life)
    {
        if (life <= TimeSpan.Zero)
        {
            return;
        }

        try
        {
            _others.TryAdd(hash.Key, s_used, life < LongestLife + s_margin ? life : LongestLife + s_margin);
        }
        catch (LoginUnavailableException)
        {
            // Best effort: what others tell keeps nobody out who has not come twice here.
        }
    }
}

/// <summary>What is remembered in place of a name: half of its SHA-256, in base64.</summary>
/// <param name="Key">24 characters.</param>
internal readonly record struct UsedHash(string Key)
{
    /// <summary>Bytes of one.</summary>
    internal const int Length = 16;

    internal static UsedHash Of(string name) => Of(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, Length));

    /// <summary>One of its bytes.</summary>
    internal static UsedHash Of(ReadOnlySpan<byte> bytes) => new(Convert.ToBase64String(bytes));
}
