namespace Tidegate.Membership.Protocol;

/// <summary>
/// What is to happen when. Whoever is called looks whether it still matters; what certainly does not any more can be cancelled, so
/// that nobody is woken for it.
/// </summary>
internal sealed class TimerQueue
{
    private readonly PriorityQueue<PendingTimer, (long Due, long Order)> _queue = new();
    private long _order;

    /// <summary>Those that are to fire, and cancelled ones that are not due yet.</summary>
    internal int Count => _queue.Count;

    /// <summary>When the next one is due; <see cref="long.MaxValue"/> for none.</summary>
    internal long Next
    {
        get
        {
            while (_queue.TryPeek(out PendingTimer? timer, out (long Due, long Order) priority))
            {
                if (!timer.IsCancelled)
                {
                    return priority.Due;
                }

                _queue.Dequeue();
            }

            return long.MaxValue;
        }
    }

    internal PendingTimer Add(long due, Action<object?> call, object? state = null)
    {
        PendingTimer timer = new(call, state);
        _queue.Enqueue(timer, (due, _order++));
        return timer;
    }

    internal void Fire(long now)
    {
        while (Next <= now)
        {
            _queue.Dequeue().Fire();
        }
    }
}

/// <summary>Something that is to happen.</summary>
internal sealed class PendingTimer(Action<object?> call, object? state)
{
    internal bool IsCancelled { get; private set; }

    /// <summary>Has it not happen. Too late is no error.</summary>
    internal void Cancel() => IsCancelled = true;

    internal void Fire() => call(state);
}
