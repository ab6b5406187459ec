using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Gateway.Security;

/// <summary>
/// Remembers for a minute which passwords were right, so that a client with many requests does not have each hashed. Keeps only keyed
/// hashes, and a bounded number of them. Safe to use from any thread.
/// </summary>
internal sealed class VerifiedPasswords(TimeProvider time)
{
    /// <summary>How long one is remembered.</summary>
    internal static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    /// <summary>As many as are remembered; one more, and all are checked again.</summary>
    internal const int Maximum = 4096;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly Lock _gate = new();
    private readonly Dictionary<Entry, long> _entries = [];

    /// <summary>Whether a password was right a short while ago.</summary>
    /// <param name="file">The users then; with others nothing is known.</param>
    /// <param name="user">The user's name.</param>
    /// <param name="password">The password.</param>
    internal bool Knows(JaasFile file, string user, string password)
    {
        Entry entry = EntryOf(file, user, password);
        lock (_gate)
        {
            if (!_entries.TryGetValue(entry, out long since))
            {
                return false;
            }

            if (time.GetElapsedTime(since) < Lifetime)
            {
                return true;
            }

            _entries.Remove(entry);
            return false;
        }
    }

    /// <summary>Remembers one that was right.</summary>
    internal void Add(JaasFile file, string user, string password)
    {
        Entry entry = EntryOf(file, user, password);
        lock (_gate)
        {
            if (_entries.Count >= Maximum)
            {
                _entries.Clear();
            }

            _entries[entry] = time.GetTimestamp();
        }
    }

    private Entry EntryOf(JaasFile file, string user, string password)
    {
        // The length in front, so that no name and password look like another two.
        byte[] text = Encoding.UTF8.GetBytes($"{user.Length}:{user}{password}");
        byte[] hash = HMACSHA256.HashData(_key, text);
        return new Entry(file, BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash, 8), BitConverter.ToUInt64(hash, 16), BitConverter.ToUInt64(hash, 24));
    }

    private readonly record struct Entry(JaasFile File, ulong First, ulong Second, ulong Third, ulong Fourth);
}
