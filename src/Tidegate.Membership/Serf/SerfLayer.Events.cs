using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>User events.</summary>
internal sealed partial class SerfLayer
{
    private readonly EventRing _events = new();
    private readonly EventCoalescer _coalescer;

    /// <summary>Events before this time were fired before one joined.</summary>
    private ulong _leastEventTime;

    /// <summary>Fires an event for all members, oneself included.</summary>
    /// <param name="name">What kind of event it is.</param>
    /// <param name="payload">What it says.</param>
    /// <param name="coalesce">True where a newer event of this name makes an older one superfluous.</param>
    /// <exception cref="ArgumentException">It is longer than the options allow.</exception>
    internal void Fire(string name, RawBytes payload, bool coalesce)
    {
        UserEventMessage message = new(_eventClock.Time, name, payload, coalesce);
        byte[] bytes = message.ToBytes();
        int maximum = Math.Min(_options.EventLength, SerfLimits.Message);
        if (bytes.Length > maximum)
        {
            throw new ArgumentException(
                $"The event takes {bytes.Length} bytes with its name, and an event may take {maximum}. Send less, or say where the rest is found.", nameof(payload));
        }

        if (TakeEvent(message))
        {
            _host.QueueBroadcast(SerfTier.Events, about: null, bytes, sent: null);
        }
    }

    private void ReceiveEvent(ReadOnlySpan<byte> bytes)
    {
        if (!SerfFields.TryRead(bytes, out UserEventMessage message, out int length))
        {
            Counters.Unreadable++;
        }
        else if (TakeEvent(message))
        {
            _host.QueueBroadcast(SerfTier.Events, about: null, Trimmed(bytes, length), sent: null);
        }
    }

    /// <summary>Delivers an event that is new, and says whether it was.</summary>
    private bool TakeEvent(in UserEventMessage message)
    {
        _eventClock.Witness(message.Time);
        if (message.Time < _leastEventTime || !IsNew(_events.TryAdd(_eventClock.Time, message)))
        {
            return false;
        }

        SerfEvent received = new(message.Time, message.Name, message.Payload, message.Coalesce);
        if (!_coalescer.TryHold(received, _host.Now))
        {
            _host.EventReceived(received);
        }

        return true;
    }

    private bool IsNew(RingResult result)
    {
        Counters.TooOld += result == RingResult.TooOld ? 1 : 0;
        Counters.NoRoom += result == RingResult.NoRoom ? 1 : 0;
        return result == RingResult.New;
    }
}
