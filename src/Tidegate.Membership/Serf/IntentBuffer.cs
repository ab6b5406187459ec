using Tidegate.Membership.Serf.Messages;

namespace Tidegate.Membership.Serf;

/// <summary>
/// Intents about members that are not known yet: for each name the one of the highest time, for five minutes (annex A6). An intent may overtake the
/// news of the member.
/// </summary>
internal sealed class IntentBuffer
{
    private readonly Dictionary<string, Intent> _intents = [];
    private readonly long _age;

    /// <summary>When the first of a full buffer's intents comes of age; earlier than that where some have gone since.</summary>
    private long _nextSweep = long.MinValue;

    /// <param name="age">Milliseconds that an intent is kept.</param>
    internal IntentBuffer(long age) => _age = age;

    internal int Count => _intents.Count;

    /// <summary>Keeps an intent.</summary>
    /// <returns>False where it is not newer than the one that is kept already, or where there is no room.</returns>
    internal bool TryKeep(string name, bool leave, ulong time, long now)
    {
        if (_intents.TryGetValue(name, out Intent kept) && now - kept.Since < _age)
        {
            if (time <= kept.Time)
            {
                return false;
            }
        }
        else if (!HasRoom(now))
        {
            return false;
        }

        _intents[name] = new Intent(leave, time, now);
        return true;
    }

    /// <summary>
    /// Remembers the intent that a member was pruned by, so that a late copy of it is not taken for news. It says nothing about a member of this name
    /// that comes later.
    /// </summary>
    internal void Remember(string name, ulong time, long now)
    {
        if (HasRoom(now))
        {
            _intents[name] = new Intent(false, time, now);
        }
    }

    /// <summary>Takes the intent about a member that has appeared.</summary>
    internal bool TryTake(string name, long now, out bool leave, out ulong time)
    {
        bool kept = _intents.Remove(name, out Intent intent) && now - intent.Since < _age;
        leave = kept && intent.Leave;
        time = kept ? intent.Time : 0;
        return kept;
    }

    private bool HasRoom(long now)
    {
        if (_intents.Count < SerfLimits.BufferedIntents)
        {
            return true;
        }

        // While nothing can have come of age, looking again would cost a pass over all of them for each message of a flood.
        if (now < _nextSweep)
        {
            return false;
        }

        _nextSweep = long.MaxValue;
        foreach ((string name, Intent intent) in _intents)
        {
            if (now - intent.Since >= _age)
            {
                _intents.Remove(name);
            }
            else
            {
                _nextSweep = Math.Min(_nextSweep, intent.Since + _age);
            }
        }

        _nextSweep = _intents.Count == 0 ? long.MinValue : _nextSweep;
        return _intents.Count < SerfLimits.BufferedIntents;
    }

    private readonly record struct Intent(bool Leave, ulong Time, long Since);
}
