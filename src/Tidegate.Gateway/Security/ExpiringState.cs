using System.Diagnostics.CodeAnalysis;

namespace Tidegate.Gateway.Security;

/// <summary>
/// Remembers things for so long, and a bounded number of them. It refuses one more rather than forget one: what is forgotten too early would be
/// good a second time. Safe to use from any thread.
/// </summary>
/// <param name="time">Tells how late it is.</param>
/// <param name="maximum">As many as are remembered.</param>
/// <param name="expired">Gets what nobody has taken in its time, when that is noticed; quick, and throws nothing. Null where nobody wants to know.</param>
internal sealed class ExpiringState<T>(TimeProvider time, int maximum, Action<T>? expired = null)
    where T : class
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (T Value, long Until)> _entries = new(StringComparer.Ordinal);

    // Also of what has been removed since, which therefore counts until its time has come.
    private readonly PriorityQueue<string, long> _ends = new();

    /// <summary>Remembers something that is not remembered yet.</summary>
    /// <param name="key">Its name.</param>
    /// <param name="value">The thing.</param>
    /// <param name="life">How long it is remembered; positive.</param>
    /// <returns>False where the name is taken already.</returns>
    /// <exception cref="LoginUnavailableException">As many are remembered as may be.</exception>
    internal bool TryAdd(string key, T value, TimeSpan life)
    {
        lock (_gate)
        {
            Forget();
            if (_entries.ContainsKey(key))
            {
                return false;
            }

            if (_ends.Count >= maximum)
            {
                throw new LoginUnavailableException($"{maximum} things are remembered for logins, and one more would be too many");
            }

            long until = Now + life.Ticks;
            _entries.Add(key, (value, until));
            _ends.Enqueue(key, until);
            return true;
        }
    }

    /// <summary>Finds what is remembered by a name.</summary>
    internal bool TryGet(string key, [NotNullWhen(true)] out T? value)
    {
        lock (_gate)
        {
            Forget();
            bool isThere = _entries.TryGetValue(key, out (T Value, long Until) entry);
            value = isThere ? entry.Value : null;
            return isThere;
        }
    }

    /// <summary>Forgets one, if it is remembered.</summary>
    /// <returns>Whether it was, so that of several who take it one has it.</returns>
    internal bool Remove(string key)
    {
        lock (_gate)
        {
            Forget();
            return _entries.Remove(key);
        }
    }

    private long Now => time.GetElapsedTime(0).Ticks;

    private void Forget()
    {
        long now = Now;
        while (_ends.TryPeek(out string? key, out long until) && until <= now)
        {
            _ends.Dequeue();
            // Under the same name there may be a later one.
            if (_entries.TryGetValue(key, out (T Value, long Until) entry) && entry.Until <= now)
            {
                _entries.Remove(key);
                expired?.Invoke(entry.Value);
            }
        }
    }
}
