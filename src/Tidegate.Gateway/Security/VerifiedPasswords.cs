using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Gateway.Security;

/// <summary>
/// Remembers for a while which passwords were right, so that a client with many requests does not have each checked. Keeps only keyed
/// hashes, and a bounded number of them. Safe to use from any thread.
/// </summary>
/// <typeparam name="T">What is remembered of each.</typeparam>
/// <param name="lifetime">How long one is remembered.</param>
/// <param name="time">Tells how late it is.</param>
internal sealed class VerifiedPasswords<T>(TimeSpan lifetime, TimeProvider time)
    where T : class
{
    /// <summary>As many as are remembered; one more, and all are checked again.</summary>
    internal const int Maximum = 4096;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly Lock _gate = new();
    private readonly Dictionary<Entry, (T Value, long Since)> _entries = [];

    /// <summary>What is known of a password that was right a short while ago.</summary>
    /// <param name="user">The user's name.</param>
    /// <param name="password">The password.</param>
    /// <param name="value">What was remembered.</param>
    internal bool TryGet(string user, string password, [NotNullWhen(true)] out T? value)
    {
        Entry entry = EntryOf(user, password);
        lock (_gate)
        {
            value = null;
            if (!_entries.TryGetValue(entry, out (T Value, long Since) known))
            {
                return false;
            }

            if (time.GetElapsedTime(known.Since) < lifetime)
            {
                value = known.Value;
                return true;
            }

            _entries.Remove(entry);
            return false;
        }
    }

    /// <summary>Remembers one that was right.</summary>
    internal void Add(string user, string password, T value)
    {
        Entry entry = EntryOf(user, password);
        lock (_gate)
        {
            if (_entries.Count >= Maximum)
            {
                _entries.Clear();
            }

            _entries[entry] = (value, time.GetTimestamp());
        }
    }

    private Entry EntryOf(string user, string password)
    {
        // The length in front, so that no name and password look like another two.
        byte[] text = Encoding.UTF8.GetBytes($"{user.Length}:{user}{password}");
        byte[] hash = HMACSHA256.HashData(_key, text);
        return new Entry(BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash, 8), BitConverter.ToUInt64(hash, 16), BitConverter.ToUInt64(hash, 24));
    }

    private readonly record struct Entry(ulong First, ulong Second, ulong Third, ulong Fourth);
}
