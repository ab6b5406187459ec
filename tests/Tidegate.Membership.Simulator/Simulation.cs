using Tidegate.Membership.Protocol;

namespace Tidegate.Membership.Simulator;

/// <summary>
/// A cluster in virtual time: an event heap, a network, and the members. Nothing depends on the real time, so a seed is a run.
/// </summary>
internal sealed partial class Simulation
{
    private readonly PriorityQueue<SimulationEvent, (long Time, long Order)> _events = new();
    private readonly Random _random;
    private readonly SimulatedMember?[] _running;
    private readonly bool[] _refuses;
    private long _order;
    private int _processes;

    internal Simulation(SimulationOptions options)
    {
        Options = options;
        _random = new Random(options.Seed);
        Network = new SimulatedNetwork(options, new Random(_random.Next()));
        _running = new SimulatedMember?[options.Members];
        _refuses = new bool[options.Members];
        Truth = new Truth(this);
    }

    internal SimulationOptions Options { get; }

    internal SimulatedNetwork Network { get; }

    internal Truth Truth { get; }

    /// <summary>Microseconds since the beginning.</summary>
    internal long Time { get; private set; }

    internal long Events { get; private set; }

    /// <summary>Whoever writes down what is sent; null where nobody does.</summary>
    internal Recording? Recording { get; set; }

    internal int Count => _running.Length;

    internal Random Random => _random;

    /// <summary>The process that runs under that index; null where none does.</summary>
    internal SimulatedMember? this[int index] => _running[index];

    /// <summary>Starts a new process.</summary>
    /// <param name="index">Its name and address.</param>
    /// <param name="seeds">Whom it asks.</param>
    internal SimulatedMember Start(int index, params int[] seeds)
    {
        SimulatedMember member = new(this, index, ++_processes, _random, Options);
        _running[index] = member;
        Truth.Started(member);
        member.Core.Start(member.Local(Time), [.. seeds.Select(SimulatedMember.AddressOf)]);
        Rearm(member);
        return member;
    }

    /// <summary>Ends a process at once.</summary>
    /// <param name="index">Which.</param>
    /// <param name="refuses">True where its host goes on and refuses connections; false where everything falls silent.</param>
    internal void Kill(int index, bool refuses)
    {
        _refuses[index] = refuses;
        _running[index] = null;
        Truth.Ended(index, left: false);
    }

    /// <summary>Lets a member leave, and ends its process a second after the announcement.</summary>
    internal void Leave(int index)
    {
        SimulatedMember member = _running[index]!;
        Truth.Ended(index, left: true);
        member.Core.Leave(member.Local(Time));
        Rearm(member);
        EndWhenLeft(member);
    }

    private void EndWhenLeft(SimulatedMember member) => After(1_000_000, () =>
    {
        if (!member.HasLeft)
        {
            EndWhenLeft(member);
        }
        else if (_running[member.Index] == member)
        {
            _refuses[member.Index] = true;
            _running[member.Index] = null;
        }
    });

    internal void After(long microseconds, Action action) =>
        _events.Enqueue(new SimulationEvent(null, -1, null, action), (Time + microseconds, _order++));

    /// <summary>Runs for that long, or until something is so.</summary>
    /// <returns>True where it is so; always where nothing was asked for.</returns>
    internal bool Run(long microseconds, Func<bool>? until = null)
    {
        long end = Time + microseconds;
        if (until?.Invoke() == true)
        {
            return true;
        }

        while (_events.TryPeek(out SimulationEvent next, out (long Time, long Order) at) && at.Time <= end)
        {
            _events.Dequeue();
            Time = at.Time;
            Events++;
            Take(next);
            if (until?.Invoke() == true)
            {
                return true;
            }
        }

        Time = end;
        return until is null;
    }

    private void Take(in SimulationEvent happening)
    {
        SimulatedMember? member = happening.Member;
        if (member is null)
        {
            happening.Action!();
            return;
        }

        if (_running[member.Index] != member)
        {
            return;
        }

        bool isWake = happening.From < 0 && happening.Action is null;
        if (isWake)
        {
            if (member.WakeAt != Time)
            {
                return;
            }

            member.WakeAt = long.MaxValue;
        }

        if (member.IsPaused)
        {
            if (!isWake)
            {
                member.Hold(happening);
            }

            return;
        }

        Deliver(happening);
        if (isWake)
        {
            Truth.CheckBounds(member);
        }

        Rearm(member);
    }

    /// <summary>Gives a member what waited for it.</summary>
    internal void Deliver(in SimulationEvent happening)
    {
        SimulatedMember member = happening.Member!;
        if (happening.Messages is { } messages)
        {
            MemberAddress from = SimulatedMember.AddressOf(happening.From);
            long now = member.Local(Time);
            foreach (byte[] message in messages)
            {
                member.Core.OnMessage(now, from, message);
            }
        }
        else if (happening.Action is { } action)
        {
            action();
        }
        else
        {
            member.Core.Advance(member.Local(Time));
        }
    }

    /// <summary>Sees to it that a member is woken when it wants to be.</summary>
    internal void Rearm(SimulatedMember member)
    {
        long wanted = Math.Max(Time, member.True(member.Core.NextCall));
        if (wanted < member.WakeAt)
        {
            member.WakeAt = wanted;
            _events.Enqueue(new SimulationEvent(member, -1, null, null), (wanted, _order++));
        }
    }

    internal void SendPacket(SimulatedMember from, int to, byte[][] messages)
    {
        Recording?.Add(from.Index, to, messages);
        if (to < _running.Length && _running[to] is { } receiver && Network.Passes(from.Index, to) && !Network.Loses())
        {
            _events.Enqueue(new SimulationEvent(receiver, from.Index, messages, null), (Time + Network.Latency(), _order++));
        }
    }

    /// <summary>A recorded push/pull comes again, and its answer goes nowhere.</summary>
    internal void Repeat(int from, int to, ClusterState state)
    {
        if (_running[to] is { } target)
        {
            To(target, 0, () => target.Core.OnPushPullRequest(target.Local(Time), SimulatedMember.AddressOf(from), state));
        }
    }

    /// <summary>A recorded packet comes again.</summary>
    internal void Repeat(int from, int to, byte[][] messages)
    {
        if (_running[to] is { } target)
        {
            _events.Enqueue(new SimulationEvent(target, from, messages, null), (Time, _order++));
        }
    }

    private void To(SimulatedMember member, long delay, Action action) =>
        _events.Enqueue(new SimulationEvent(member, -1, null, action), (Time + delay, _order++));

    /// <summary>Something that must not be so.</summary>
    internal void Violated(string what)
    {
        Truth.Violations++;
        if (Options.Strict)
        {
            throw new InvariantViolation($"seed {Options.Seed}, {Options.Members} members, after {Time / 1e6:F3} s: {what}");
        }
    }
}
