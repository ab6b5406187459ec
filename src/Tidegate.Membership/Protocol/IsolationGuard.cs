namespace Tidegate.Membership.Protocol;

/// <summary>
/// Whether this member is cut off: in most of its last probes it reached nobody, neither the one that was meant nor anybody who
/// was asked about it. Then it is more likely that it cannot be reached than that all the others failed, so it keeps what it
/// finds to itself, until it has exchanged states with somebody and has reached the others again for a while.
/// </summary>
internal sealed class IsolationGuard(int quarantine)
{
    /// <summary>Probes that are looked back on; fewer where there are fewer others.</summary>
    internal const int Window = 8;

    /// <summary>As many failures in a row are enough.</summary>
    internal const int InARow = 3;

    private readonly Queue<bool> _results = new();
    private int _failures;
    private int _inARow;
    private long _healed = MemberRecord.Never;

    internal bool IsIsolated { get; private set; }

    /// <summary>Notes a finished probe.</summary>
    /// <param name="reached">Whether anybody answered while it ran.</param>
    /// <param name="others">How many others there are.</param>
    /// <param name="now">The time.</param>
    /// <returns>True where <see cref="IsIsolated"/> has changed.</returns>
    internal bool Probed(bool reached, int others, long now)
    {
        _results.Enqueue(reached);
        _failures += reached ? 0 : 1;
        _inARow = reached ? 0 : _inARow + 1;
        int window = Math.Clamp(others, 1, Window);
        while (_results.Count > window)
        {
            _failures -= _results.Dequeue() ? 0 : 1;
        }

        bool bad = _inARow >= Math.Min(InARow, window) || (_results.Count == window && 2 * _failures > window);
        if (bad)
        {
            _healed = MemberRecord.Never;
            bool changed = !IsIsolated;
            IsIsolated = true;
            return changed;
        }

        if (IsIsolated && reached && _healed != MemberRecord.Never && now - _healed >= quarantine)
        {
            IsIsolated = false;
            return true;
        }

        return false;
    }

    /// <summary>States were exchanged with a member that others reach.</summary>
    internal void Exchanged(long now)
    {
        if (IsIsolated && _healed == MemberRecord.Never)
        {
            _healed = now;
            _results.Clear();
            _failures = 0;
            _inARow = 0;
        }
    }
}
