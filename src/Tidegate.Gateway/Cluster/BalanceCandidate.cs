namespace Tidegate.Gateway.Cluster;

/// <summary>A target of a member, as balancers choose among them: they also know whom they have just sent there.</summary>
/// <param name="member">The member's name.</param>
/// <param name="target">What it offers, by its newest word.</param>
/// <param name="time">The clock.</param>
internal sealed class BalanceCandidate(string member, BalanceTarget target, TimeProvider time)
{
    // The member's own count has those who were sent there by then, or they never came.
    private static readonly TimeSpan s_unheard = TimeSpan.FromSeconds(2);
    private readonly Lock _gate = new();
    private long _since;
    private int _sent;

    internal string Member => member;

    internal BalanceTarget Target => target;

    /// <summary>The sessions it has, those counted in whom this gateway has just sent there.</summary>
    internal int Load
    {
        get
        {
            lock (_gate)
            {
                return target.Sessions + (_sent == 0 || time.GetElapsedTime(_since) > s_unheard ? 0 : _sent);
            }
        }
    }

    /// <summary>Notes that a client is being sent there.</summary>
    internal void Sent()
    {
        lock (_gate)
        {
            if (_sent == 0 || time.GetElapsedTime(_since) > s_unheard)
            {
                _since = time.GetTimestamp();
                _sent = 0;
            }

            _sent++;
        }
    }
}
