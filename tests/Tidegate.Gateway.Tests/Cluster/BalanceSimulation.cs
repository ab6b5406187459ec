using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Services.Balancer;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>
/// Balancers that send clients to members in virtual time. Each has a map and a choice of its own, as in a gateway; members tell their
/// numbers as often as gateways do, and the word takes as long as in a cluster. A seed is a run.
/// </summary>
internal sealed class BalanceSimulation
{
    private const string Key = "ws://balancer.example:80/echo";

    // Clients a second and balancer.
    private const int Rate = 1_500;

    private readonly Random _random;
    private readonly StandingTime _time = new();
    private readonly PriorityQueue<Action, (long Ticks, long Number)> _events = new();
    private readonly BalanceMap[] _maps;
    private readonly BalanceChoice[] _choices;
    private readonly int[] _weights;
    private readonly int[] _sessions;
    private readonly int[] _told;
    private readonly long[] _toldAt;
    private readonly int[] _clocks;
    private readonly (int Least, int Most) _delay;

    // Milliseconds until a client that was sent to a member has its session there.
    private readonly (int Least, int Most) _arrival;
    private long _now;
    private long _number;
    private int _toSend;

    /// <param name="seed">The run.</param>
    /// <param name="balancers">How many send clients, all at the same rate.</param>
    /// <param name="delay">Milliseconds that a member's word takes to a balancer.</param>
    /// <param name="policy">Their policy.</param>
    /// <param name="weights">The weight of each member.</param>
    internal BalanceSimulation(int seed, int balancers, (int Least, int Most) delay, BalancePolicy policy, params int[] weights)
        : this(seed, balancers, delay, (2, 30), policy, weights)
    {
    }

    /// <param name="seed">The run.</param>
    /// <param name="balancers">How many send clients, all at the same rate.</param>
    /// <param name="delay">Milliseconds that a member's word takes to a balancer.</param>
    /// <param name="arrival">Milliseconds until a client that was sent to a member has its session there.</param>
    /// <param name="policy">Their policy.</param>
    /// <param name="weights">The weight of each member.</param>
    internal BalanceSimulation(int seed, int balancers, (int Least, int Most) delay, (int Least, int Most) arrival, BalancePolicy policy, params int[] weights)
    {
        _arrival = arrival;
        _random = new Random(seed);
        _weights = weights;
        _sessions = new int[weights.Length];
        _delay = delay;
        _told = new int[weights.Length];
        _toldAt = new long[weights.Length];
        _clocks = [.. weights.Select(_ => _random.Next(1_000_000))];
        _maps = [.. Enumerable.Range(0, balancers).Select(_ => new BalanceMap(_time))];
        _choices = [.. _maps.Select(_ => new BalanceChoice(policy, _time, _random.Next))];
    }

    /// <summary>Sends so many clients, and has the last member come when some of them have been sent.</summary>
    /// <returns>How many sessions each member has in the end.</returns>
    internal int[] Run(int clients, int? lastMemberComesAfter = null)
    {
        _toSend = clients;
        for (int member = 0; member < _weights.Length; member++)
        {
            if (lastMemberComesAfter is null || member < _weights.Length - 1)
            {
                Join(member);
            }
        }

        // By then all have heard of all.
        for (int balancer = 0; balancer < _maps.Length; balancer++)
        {
            int own = balancer;
            At(TimeSpan.FromSeconds(1) + (_random.NextDouble() * TimeSpan.FromSeconds(1) / Rate), () => Send(own));
        }

        while (_events.TryDequeue(out Action? happens, out (long Ticks, long Number) at))
        {
            _time.Advance(TimeSpan.FromTicks(at.Ticks - _now));
            _now = at.Ticks;
            if (lastMemberComesAfter is { } after && clients - _toSend >= after)
            {
                lastMemberComesAfter = null;
                Join(_weights.Length - 1);
            }

            happens();
        }

        return _sessions;
    }

    private void Join(int member)
    {
        _told[member] = -1;
        Tell(member);
        At(_random.NextDouble() * OwnTargets.LookInterval, () => Tick(member));
    }

    private void Tick(int member)
    {
        if (_sessions[member] != _told[member] && OwnTargets.IsDue(_told[member], _sessions[member], TimeSpan.FromTicks(_now - _toldAt[member])))
        {
            Tell(member);
        }

        if (_toSend > 0)
        {
            At(OwnTargets.LookInterval, () => Tick(member));
        }
    }

    private void Tell(int member)
    {
        int sessions = _sessions[member];
        _told[member] = sessions;
        _toldAt[member] = _now;
        TimeSpan said = TimeSpan.FromTicks(_now) + TimeSpan.FromMilliseconds(_clocks[member]);
        foreach (BalanceMap map in _maps)
        {
            At(Between(_delay.Least, _delay.Most), () => map.Set(
                $"member {member}",
                [
                    new BalanceTarget
                    {
                        Uri = GatewayUri.Parse($"ws://{member}.example/", UriUse.Connect),
                        Balances = [Key],
                        Sessions = sessions,
                        Begun = sessions,
                        Weight = _weights[member],
                        SaidAt = said,
                    },
                ]));
        }
    }

    private void Send(int balancer)
    {
        if (_toSend == 0)
        {
            return;
        }

        _toSend--;
        BalanceCandidate chosen = _choices[balancer].Choose(_maps[balancer].For(Key))!;
        int member = int.Parse(chosen.Member.AsSpan("member ".Length), System.Globalization.CultureInfo.InvariantCulture);
        At(Between(_arrival.Least, _arrival.Most), () => _sessions[member]++);
        At(TimeSpan.FromSeconds(1) / Rate, () => Send(balancer));
    }

    private TimeSpan Between(int least, int most) => TimeSpan.FromMilliseconds(least + (_random.NextDouble() * (most - least)));

    private void At(TimeSpan later, Action happens) => _events.Enqueue(happens, (_now + later.Ticks, _number++));
}
