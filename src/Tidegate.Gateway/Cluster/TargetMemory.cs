namespace Tidegate.Gateway.Cluster;

/// <summary>
/// What this gateway remembers of a target from one word of its member to the next: whom it has sent there. Each counts until the
/// number of sessions that the member tells includes it, or until it can be taken for not having come. Safe to use from any thread.
/// </summary>
internal sealed class TargetMemory(TimeProvider time)
{
    /// <summary>
    /// A client that was sent this long before the member's word arrived is in it, if the word was not late; a later one is not. It takes
    /// a client some milliseconds to get there, and the word some to come here; on busy machines a redirected client needs some hundred. Rounded to slots.
    /// </summary>
    /// <remarks>
    /// Too long is better than too short: who is counted twice for a moment slows down the evening out, and who is not counted at all has
    /// several balancers overshoot together. <c>BalanceSimulation</c> has the figures.
    /// </remarks>
    internal static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(160);

    /// <summary>How long a client counts of which the member says nothing: it never came, or has gone again.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_slot = TimeSpan.FromMilliseconds(20);
    private static readonly int s_settlingSlots = (int)(Settling / s_slot);

    private readonly Lock _gate = new();
    private readonly long _began = time.GetTimestamp();

    // Clients sent in each of the last slots of time, a ring; those that are known to have been told are taken out.
    private readonly int[] _slots = new int[(int)(Patience / s_slot)];
    private long _slot;
    private int _unheard;
    private long _sent;

    /// <summary>Clients sent there of which the member has not told yet.</summary>
    internal int Unheard
    {
        get
        {
            lock (_gate)
            {
                Advance();
                return _unheard;
            }
        }
    }

    /// <summary>
    /// By the member's newest word: how many sessions have begun there, whoever sent them; and how many clients this gateway had sent
    /// there by then. Both only grow, but for a member that starts anew.
    /// </summary>
    internal (long Begun, long Sent) Settled { get; private set; }

    /// <summary>Notes that a client is being sent there.</summary>
    internal void Add()
    {
        lock (_gate)
        {
            Advance();
            _slots[_slot % _slots.Length]++;
            _unheard++;
            _sent++;
        }
    }

    /// <summary>Notes that the member has told its numbers.</summary>
    /// <param name="begun">Sessions that have begun there since it was started.</param>
    /// <param name="late">How much longer than usual the word took to come here, up to <see cref="Patience"/>.</param>
    internal void Heard(long begun, TimeSpan late = default)
    {
        lock (_gate)
        {
            Advance();
            for (long slot = Math.Max(0, _slot - _slots.Length + 1); slot <= _slot - s_settlingSlots - (late.Ticks / s_slot.Ticks); slot++)
            {
                Clear(slot);
            }

            Settled = (begun, _sent - _unheard);
        }
    }

    private void Advance()
    {
        long now = time.GetElapsedTime(_began).Ticks / s_slot.Ticks;
        for (long slot = Math.Max(_slot + 1, now - _slots.Length + 1); slot <= now; slot++)
        {
            // Its place in the ring was that of a slot that has become too old.
            Clear(slot);
        }

        _slot = Math.Max(_slot, now);
    }

    private void Clear(long slot)
    {
        ref int place = ref _slots[slot % _slots.Length];
        _unheard -= place;
        place = 0;
    }
}
