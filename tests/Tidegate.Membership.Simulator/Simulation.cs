using Tidegate.Membership.Protocol;

namespace Tidegate.Membership.Simulator;

/// <summary>
/// A cluster in virtual time: an event heap, a network, and the members. Nothing depends on the real time, so a seed is a run.
/// </summary>
internal sealed class Simulation
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
        if (to < _running.Length && _running[to] is { } receiver && Network.Passes(from.Index, to) && !Network.Loses())
        {
            _events.Enqueue(new SimulationEvent(receiver, from.Index, messages, null), (Time + Network.Latency(), _order++));
        }
    }

    private void To(SimulatedMember member, long delay, Action action) =>
        _events.Enqueue(new SimulationEvent(member, -1, null, action), (Time + delay, _order++));

    internal void StartStreamPing(SimulatedMember from, uint seqNo, int to, int timeout)
    {
        long limit = timeout * 1_000L;
        Connect(from, to, limit, onEnd: (result, elapsed) =>
        {
            if (result != StreamPingResult.Answered)
            {
                To(from, 0, () => from.Core.OnStreamPing(from.Local(Time), seqNo, result));
                return;
            }

            long request = Network.Segment(200_000);
            long answer = Network.Segment(200_000);
            SimulatedMember? target = _running[to];
            if (target is null || elapsed + request + answer > limit || !Open(from.Index, to))
            {
                To(from, Math.Max(0, limit - elapsed), () => from.Core.OnStreamPing(from.Local(Time), seqNo, StreamPingResult.Failed));
                return;
            }

            To(target, request, () => To(from, answer, () => from.Core.OnStreamPing(from.Local(Time), seqNo, StreamPingResult.Answered)));
        });
    }

    internal void StartPushPull(SimulatedMember from, int exchange, int to, bool join)
    {
        const long Limit = 10_000_000;
        Connect(from, to, Limit, onEnd: (result, _) =>
        {
            if (result != StreamPingResult.Answered)
            {
                To(from, 0, () => from.Core.OnPushPullFailed(from.Local(Time), exchange, null));
                return;
            }

            SimulatedMember? target = _running[to];
            ClusterState state = from.Core.LocalState(join);
            from.StreamBytes += PushPullBytes.Of(state);
            To(from, Limit, () => from.Core.OnPushPullFailed(from.Local(Time), exchange, null));
            if (target is null || !Open(from.Index, to))
            {
                return;
            }

            To(target, Network.Segment(200_000), () =>
            {
                PushPullAnswer answer = target.Core.OnPushPullRequest(target.Local(Time), from.Address, state);
                if (answer.State is not null)
                {
                    target.StreamBytes += PushPullBytes.Of(answer.State);
                }

                if (!Open(from.Index, to))
                {
                    return;
                }

                To(from, Network.Segment(200_000), () =>
                {
                    if (answer.State is { } merged)
                    {
                        from.Core.OnPushPullAnswer(from.Local(Time), exchange, merged);
                    }
                    else
                    {
                        from.Core.OnPushPullFailed(from.Local(Time), exchange, answer.Refusal);
                    }
                });
            });
        });
    }

    private bool Open(int from, int to) => Network.Passes(from, to) && Network.Passes(to, from);

    // The kernel answers for a paused process; it refuses for one that has ended on a host that goes on.
    private void Connect(SimulatedMember from, int to, long limit, Action<StreamPingResult, long> onEnd)
    {
        long delay = Network.Segment(1_000_000) + Network.Segment(1_000_000);
        bool answers = to < _running.Length && (_running[to] is not null || _refuses[to]) && Open(from.Index, to) && delay <= limit;
        long elapsed = answers ? delay : limit;
        To(from, elapsed, () =>
        {
            StreamPingResult result = !answers || !Open(from.Index, to) ? StreamPingResult.Failed
                : _running[to] is not null ? StreamPingResult.Answered
                : _refuses[to] ? StreamPingResult.Refused
                : StreamPingResult.Failed;
            onEnd(result, elapsed);
        });
    }

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
