using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Tidegate.Membership.Security;

/// <summary>
/// The keys of a cluster: the first seals, every one opens. Keys are changed while members talk, so readers take a
/// snapshot and changes replace it; any thread may do either. A cluster without encryption has no keyring at all.
/// </summary>
internal sealed class Keyring
{
    /// <summary>How many keys there may be. Each costs an attempt on every packet that nobody here can open.</summary>
    internal const int MaximumKeys = 16;

    private readonly Lock _changing = new();
    private ImmutableArray<SealingKey> _keys;

    /// <param name="keys">At least one; the first is the primary. A key that is given twice counts once.</param>
    /// <exception cref="ArgumentException">No key, or more than <see cref="MaximumKeys"/>.</exception>
    internal Keyring(params IEnumerable<SealingKey> keys)
    {
        _keys = [.. keys.Distinct()];
        if (_keys.Length is 0 or > MaximumKeys)
        {
            throw new ArgumentException($"A keyring has 1 to {MaximumKeys} keys, not {_keys.Length}.", nameof(keys));
        }
    }

    /// <summary>All keys, the primary first, as they are now.</summary>
    internal ImmutableArray<SealingKey> Keys
    {
        get
        {
            lock (_changing)
            {
                return _keys;
            }
        }
    }

    /// <summary>The key that seals.</summary>
    internal SealingKey Primary => Keys[0];

    /// <summary>Adds a key, which opens from now on. One that is there already is no error.</summary>
    internal bool TryInstall(SealingKey key, [NotNullWhen(false)] out string? error)
    {
        lock (_changing)
        {
            error = null;
            if (_keys.Contains(key))
            {
                return true;
            }

            if (_keys.Length == MaximumKeys)
            {
                error = $"There are {MaximumKeys} keys already, which is the most. Remove one first.";
                return false;
            }

            _keys = _keys.Add(key);
            return true;
        }
    }

    /// <summary>Makes an installed key the one that seals.</summary>
    internal bool TryUse(SealingKey key, [NotNullWhen(false)] out string? error)
    {
        lock (_changing)
        {
            error = null;
            if (!_keys.Contains(key))
            {
                error = "This key is not installed here. Install it on all members first.";
                return false;
            }

            _keys = _keys.Remove(key).Insert(0, key);
            return true;
        }
    }

    /// <summary>Replaces all keys at once, so that nothing is ever sealed or opened by half of a change.</summary>
    /// <param name="keys">At least one; the first seals. A key that is given twice counts once.</param>
    /// <exception cref="ArgumentException">No key, or more than <see cref="MaximumKeys"/>.</exception>
    internal void Replace(IEnumerable<SealingKey> keys)
    {
        var others = new Keyring(keys);
        lock (_changing)
        {
            _keys = others._keys;
        }
    }

    /// <summary>Takes a key off. One that is not there is no error; the primary cannot be removed.</summary>
    internal bool TryRemove(SealingKey key, [NotNullWhen(false)] out string? error)
    {
        lock (_changing)
        {
            error = null;
            if (key.Equals(_keys[0]))
            {
                error = "This is the primary key, with which messages are sealed. Use another one first.";
                return false;
            }

            _keys = _keys.Remove(key);
            return true;
        }
    }
}
