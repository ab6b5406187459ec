using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>Leaving, after the intent of the layer above has spread (annex A6).</summary>
internal sealed partial class ProtocolCore
{
    private bool _leaving;
    private bool _leaveAnnounced;

    /// <summary>True from <see cref="Leave"/> on.</summary>
    internal bool IsLeaving => _leaving;

    /// <summary>
    /// Says that this member goes. <see cref="IProtocolHost.OnLeaveAnnounced"/> tells when that has been sent as often as the
    /// rules want, or that it was not in time. The host keeps calling for a second after that, so that pings are answered.
    /// </summary>
    internal void Leave(long now)
    {
        Observe(now);
        if (_leaving)
        {
            return;
        }

        _leaving = true;
        bool alone = _table.Live <= 1;
        _table.SetStatus(_self, MemberStatus.Left, Now);
        if (alone)
        {
            EndLeave(LeaveOutcome.Alone);
            return;
        }

        _timers.Add(Now + _options.LeaveTimeout, _ => EndLeave(LeaveOutcome.TimedOut));
        Queue(_self.Name, Encode(new DeadMessage(_self.Incarnation, _self.Name, _self.Name)), end =>
        {
            if (end == BroadcastEnd.Sent)
            {
                EndLeave(LeaveOutcome.Announced);
            }
        });
    }

    private void EndLeave(LeaveOutcome outcome)
    {
        if (!_leaveAnnounced)
        {
            _leaveAnnounced = true;
            _host.OnLeaveAnnounced(outcome);
        }
    }
}
