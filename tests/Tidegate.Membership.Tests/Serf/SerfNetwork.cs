using Tidegate.Membership.Serf;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>
/// Several members in one process and in virtual time. Broadcasts go to random others each round, a bounded number of times, as gossip does; direct
/// messages take one round. Packets are lost at random, from a seed. Who is up is told by the network, since there is no protocol core here.
/// </summary>
internal sealed class SerfNetwork
{
    private const int RoundMilliseconds = 100;
    private const int FanOut = 3;
    private const int Transmits = 8;

    private readonly Random _random;
    private readonly double _loss;
    private readonly List<(MemberAddress To, byte[] Message)> _underWay = [];
    private readonly Dictionary<SerfTestHost, List<Queued>> _queues = [];
    private readonly HashSet<string> _gone = [];
    private readonly Dictionary<string, SerfPeer> _peers = [];

    internal SerfNetwork(int members, int seed, double loss = 0, bool registry = false, Func<IKeyOperations>? keys = null)
    {
        _random = new Random(seed);
        _loss = loss;
        for (int i = 1; i <= members; i++)
        {
            SerfTestHost host = new($"m{i}", keys: keys?.Invoke(), registry: registry, seed: seed + i);
            host.Deliver = (to, message) => _underWay.Add((to, message));
            Hosts.Add(host);
            _queues.Add(host, []);
            RawBytes meta = registry ? SerfTestHost.Meta(("tg", "1"), ("n", $"{i}")) : SerfTestHost.Meta(("n", $"{i}"));
            _peers.Add($"m{i}", new SerfPeer($"m{i}", SerfTestHost.Address(i), meta, SerfTestHost.SerfVersions, true));
        }

        foreach (SerfTestHost host in Hosts)
        {
            foreach (SerfPeer peer in _peers.Values)
            {
                host.Put(peer);
                host.Layer.MemberUp(peer);
            }
        }
    }

    internal List<SerfTestHost> Hosts { get; } = [];

    internal IEnumerable<SerfTestHost> Live => Hosts.Where(host => !_gone.Contains(host.Layer.Name));

    /// <summary>Where answers to that member are lost, so that only relays can bring them.</summary>
    internal Func<string, MemberAddress, bool> Lost { get; set; } = (_, _) => false;

    /// <summary>The member is gone, and the others notice.</summary>
    internal void Kill(SerfTestHost gone)
    {
        _gone.Add(gone.Layer.Name);
        foreach (SerfTestHost host in Live)
        {
            host.Down(gone.Layer.Name);
        }
    }

    /// <summary>Two members tell each other all they know.</summary>
    internal static void PushPull(SerfTestHost one, SerfTestHost other)
    {
        byte[] state = one.Layer.WriteState();
        Assert.True(one.Layer.MergeState(other.Layer.WriteState(), joining: false));
        Assert.True(other.Layer.MergeState(state, joining: false));
    }

    internal void Run(int milliseconds)
    {
        for (int left = milliseconds / RoundMilliseconds; left > 0; left--)
        {
            Round();
        }
    }

    private void Round()
    {
        (MemberAddress To, byte[] Message)[] arriving = [.. _underWay];
        _underWay.Clear();
        foreach ((MemberAddress to, byte[] message) in arriving)
        {
            Hand(to, message);
        }

        foreach (SerfTestHost host in Live.ToArray())
        {
            host.Pass(RoundMilliseconds);
            Gossip(host);
            CompareDigests(host);
        }
    }

    /// <summary>A ping of another member, whose ack carries the digest of its registry; and the push/pull that a difference asks for.</summary>
    private void CompareDigests(SerfTestHost host)
    {
        SerfTestHost[] others = [.. Live.Where(other => other != host)];
        if (host.Registry is null || others.Length == 0)
        {
            return;
        }

        SerfTestHost pinged = others[_random.Next(others.Length)];
        host.Registry.AckReceived(pinged.Layer.Name, pinged.Registry!.AckPayload().Span);
        foreach (string name in host.PushPulls)
        {
            PushPull(host, Hosts.Single(other => other.Layer.Name == name));
        }

        host.PushPulls.Clear();
    }

    private void Gossip(SerfTestHost host)
    {
        List<Queued> queue = _queues[host];
        foreach ((SerfTier _, byte[] message, Action? sent) in host.Broadcasts)
        {
            queue.Add(new Queued(message, sent));
        }

        host.Broadcasts.Clear();
        SerfTestHost[] others = [.. Live.Where(other => other != host)];
        _random.Shuffle(others);
        foreach (SerfTestHost other in others.Take(FanOut))
        {
            foreach (Queued queued in queue)
            {
                queued.Times++;
                _underWay.Add((SerfTestHost.Address(Hosts.IndexOf(other) + 1), queued.Message));
            }
        }

        foreach (Queued done in queue.Where(queued => queued.Times >= Transmits).ToArray())
        {
            queue.Remove(done);
            done.Sent?.Invoke();
        }
    }

    private void Hand(MemberAddress to, byte[] message)
    {
        SerfTestHost? target = Live.FirstOrDefault(host => _peers[host.Layer.Name].Address == to);
        if (target is not null && _random.NextDouble() >= _loss && !IsLost(message, to))
        {
            target.Layer.UserMessageReceived(message);
        }
    }

    // A direct answer says who sent it; a relayed one begins with the head of the relay on its first way, and comes from the relay on its second.
    private bool IsLost(byte[] message, MemberAddress to) =>
        Membership.Serf.Messages.SerfFields.TryRead(message, out Membership.Serf.Messages.QueryAnswerMessage answer) && Lost(answer.From, to);

    private sealed class Queued(byte[] message, Action? sent)
    {
        internal byte[] Message { get; } = message;

        internal Action? Sent { get; } = sent;

        internal int Times { get; set; }
    }
}
