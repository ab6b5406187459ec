using Tidegate.Membership.Protocol;

namespace Tidegate.Membership.Simulator;

/// <summary>What is really so, compared with what members report. Knows who is running, and who could reach whom lately.</summary>
internal sealed class Truth
{
    /// <summary>How long after the end of a cut or a pause a report that was due in it may still come, in microseconds.</summary>
    internal const long Grace = 500_000;

    private readonly Simulation _simulation;
    private readonly int _count;
    private readonly bool[] _isUp;
    private readonly bool[] _hasLeft;
    private readonly bool[,] _sees;
    private readonly long[] _disturbed;
    private readonly long[] _returned;
    private readonly long[] _leftAt;
    private readonly int[] _formerSide;
    private readonly bool[] _isExcused;
    private long _reunited = long.MinValue / 2;

    internal Truth(Simulation simulation)
    {
        _simulation = simulation;
        _count = simulation.Options.Members;
        _isUp = new bool[_count];
        _hasLeft = new bool[_count];
        _sees = new bool[_count, _count];
        _disturbed = new long[_count];
        _formerSide = new int[_count];
        _isExcused = new bool[_count];
        _returned = new long[_count];
        _leftAt = new long[_count];
        Array.Fill(_disturbed, long.MinValue / 2);
        Array.Fill(_returned, long.MinValue / 2);
    }

    /// <summary>Pairs of which the one's view of the other is wrong; 0 is one view everywhere.</summary>
    internal int WrongViews { get; private set; }

    /// <summary>Live, reachable members that were reported down.</summary>
    internal int WrongDowns { get; private set; }

    internal int Violations { get; set; }

    /// <summary>What members reported to their users, except that somebody is suspected.</summary>
    internal int Reports { get; private set; }

    internal void Started(SimulatedMember member)
    {
        int wrong = WrongWith(member.Index);
        for (int subject = 0; subject < _count; subject++)
        {
            _sees[member.Index, subject] = false;
        }

        _isUp[member.Index] = true;
        _hasLeft[member.Index] = false;
        _disturbed[member.Index] = _simulation.Time;
        WrongViews += WrongWith(member.Index) - wrong;
    }

    internal void Ended(int index, bool left)
    {
        int wrong = WrongWith(index);
        _isUp[index] = false;
        _hasLeft[index] = left;
        _leftAt[index] = _simulation.Time;
        WrongViews += WrongWith(index) - wrong;
    }

    /// <summary>Its process stands still or its link is bad: others may well report it down until this ends.</summary>
    internal void Excuse(int index, bool excused)
    {
        _isExcused[index] = excused;
        _disturbed[index] = _simulation.Time;
    }

    /// <summary>It has been cut off alone and is back, from now. What it was about to report may still come.</summary>
    internal void Returned(int index)
    {
        _returned[index] = _simulation.Time;
        _disturbed[index] = _simulation.Time;
    }

    /// <summary>The sides are one network again, from now.</summary>
    internal void Reunited(int[] formerSides)
    {
        formerSides.CopyTo(_formerSide, 0);
        _reunited = _simulation.Time;
    }

    internal void Reported(SimulatedMember observer, int subject, MemberChange change)
    {
        Reports += change == MemberChange.Suspected ? 0 : 1;
        bool up = change is MemberChange.Up or MemberChange.Updated or MemberChange.Suspected;
        if (change == MemberChange.Down)
        {
            Judge(observer.Index, subject);
        }

        if (change == MemberChange.Forgotten || _sees[observer.Index, subject] == up)
        {
            return;
        }

        bool wasWrong = IsWrong(observer.Index, subject);
        _sees[observer.Index, subject] = up;
        WrongViews += (IsWrong(observer.Index, subject) ? 1 : 0) - (wasWrong ? 1 : 0);
    }

    private bool IsWrong(int observer, int subject) => observer != subject && _isUp[observer] && _sees[observer, subject] != _isUp[subject];

    // The wrong views of that member, and those that others have of it.
    private int WrongWith(int index)
    {
        int wrong = 0;
        for (int other = 0; other < _count; other++)
        {
            wrong += (IsWrong(index, other) ? 1 : 0) + (IsWrong(other, index) ? 1 : 0);
        }

        return wrong;
    }

    private void Judge(int observer, int subject)
    {
        string who = $"{SimulatedMember.NameOf(observer)} reports {SimulatedMember.NameOf(subject)}";
        if (_hasLeft[subject])
        {
            if (!CouldKnow(observer, subject))
            {
                return;
            }

            _simulation.Violated($"{who} failed, but it left");
            return;
        }

        long now = _simulation.Time;
        bool together = _simulation.Network.SideOf(observer) == _simulation.Network.SideOf(subject)
            && (_formerSide[observer] == _formerSide[subject] || now - _reunited > Grace)
            && now - _returned[observer] > Grace;
        if (_isUp[subject] && together && !_isExcused[subject] && now - _disturbed[subject] > Grace)
        {
            WrongDowns++;
            _simulation.Violated($"{who} down, but it is alive and reachable");
        }
    }

    /// <summary>True where the observer has been there, and reachable, since that one left.</summary>
    private bool CouldKnow(int observer, int subject) =>
        !_isExcused[observer] && _simulation.Network.SideOf(observer) == _simulation.Network.SideOf(subject)
        && _disturbed[observer] < _leftAt[subject] && _returned[observer] < _leftAt[subject];

    /// <summary>Nothing that a member holds grows without a bound.</summary>
    internal void CheckBounds(SimulatedMember member)
    {
        ProtocolCore core = member.Core;
        if (core.Gossip.Count > (2 * _count) + 64 || core.PendingTimers > (24 * _count) + 256 || core.OpenExchanges > _count + 64)
        {
            _simulation.Violated(
                $"{member.Name} holds {core.Gossip.Count} broadcasts, {core.PendingTimers} timers and {core.OpenExchanges} open push/pulls");
        }
    }
}
