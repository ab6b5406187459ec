namespace Tidegate.Membership.Protocol;

/// <summary>What is to happen when. There is no cancelling: whoever is called looks whether it still matters.</summary>
internal sealed class TimerQueue
{
    private readonly PriorityQueue<(Action<object?> Call, object? State), (long Due, long Order)> _queue = new();
    private long _order;

    internal int Count => _queue.Count;

    /// <summary>When the next one is due; <see cref="long.MaxValue"/> for none.</summary>
    internal long Next => _queue.TryPeek(out _, out (long Due, long Order) priority) ? priority.Due : long.MaxValue;

    internal void Add(long due, Action<object?> call, object? state = null) => _queue.Enqueue((call, state), (due, _order++));

    internal void Fire(long now)
    {
        while (Next <= now)
        {
            (Action<object?> call, object? state) = _queue.Dequeue();
            call(state);
        }
    }
}
