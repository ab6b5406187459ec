using System.Net;
using Tidegate.Membership.Security;
using Tidegate.Membership.Serf;
using Tidegate.Membership.Streams;
using Tidegate.Membership.Tests.Peers;
using Tidegate.Membership.Tests.Wire;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Tests.Serf.Agents;

/// <summary>
/// Just enough of a member around Serf's layer for agents to take it for one: takes gossip, sends its own a few times to everyone, and merges
/// states. It accuses nobody.
/// </summary>
internal sealed class AgentPeer : LoneMember
{
    private const int Transmits = 4;

    /// <summary>On a slow machine an agent may take its time: a query waits for a minute unless all have answered, and so does leaving.</summary>
    private static readonly SerfOptions Patient = new() { Name = "", GossipInterval = TimeSpan.FromSeconds(4), LeaveTimeout = TimeSpan.FromSeconds(60) };

    private readonly CancellationTokenSource _end = new();
    private readonly List<(byte[] Message, Action? Sent, int[] Times)> _gossip = [];

    /// <summary>What others said last: a higher one than theirs would bring back who has failed.</summary>
    private readonly Dictionary<string, uint> _incarnations = [];
    private readonly Task _ticks;
    private uint _incarnation = 1;

    internal AgentPeer(string name, params (string Name, string Value)[] tags)
        : base(name, SerfAgent.OwnAddress(), Envelope.Plain, start: false)
    {
        Host = new SerfTestHost(name, Patient, registry: true) { Now = Environment.TickCount64 };
        Host.Deliver = SendUser;
        SerfPeer self = new(name, Address, SerfTestHost.Meta(tags), SerfTestHost.SerfVersions, true);
        Host.Put(self);
        Host.Layer.MemberUp(self);
        Start();
        _ticks = TickAsync();
    }

    internal SerfTestHost Host { get; }

    /// <summary>Does something with the layer, which takes one call at a time.</summary>
    internal T Do<T>(Func<SerfTestHost, T> what)
    {
        lock (Host)
        {
            Host.Now = Environment.TickCount64;
            return what(Host);
        }
    }

    internal void Do(Action<SerfTestHost> what) => Do(host =>
    {
        what(host);
        return true;
    });

    /// <summary>Joins by a push/pull, as a command would.</summary>
    internal async Task JoinAsync(SerfAgent agent)
    {
        StreamOutcome outcome = await Client.ExchangeAsync(agent.Address, () => State(join: true), _end.Token);
        Assert.True(outcome.IsDone, outcome.Describe());
        ClusterState answer = Assert.IsType<ClusterState>(outcome.Answer);
        Assert.True(answer.Join);
        Merge(answer, joining: true);
        Do(host => host.Layer.AnnounceJoin());
    }

    /// <summary>Says what a core says of itself once the intent to leave has spread.</summary>
    internal void SayGone() => Do(_ => Tell(WireBytes.Written(new DeadMessage(_incarnation, Name, Name))));

    internal override ClusterState State(bool join) => Do(host => new ClusterState(
        join,
        [.. host.Peers.Where(peer => peer.Up).Select(peer => new StateEntry(
            peer.Name, peer.Address, peer.Meta, peer.Name == Name ? _incarnation : _incarnations.GetValueOrDefault(peer.Name, 1u), MemberStatus.Alive, peer.Versions))],
        host.Layer.WriteState()));

    public override async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        try
        {
            await _ticks;
        }
        catch (OperationCanceledException)
        {
            // The way in which a timer says that it has ended.
        }

        await base.DisposeAsync();
        _end.Dispose();
    }

    protected override void Took(MessageType type, ReadOnlySpan<byte> body)
    {
        byte[] copy = body.ToArray();
        Do(_ => Take(type, copy));
    }

    protected override void Merge(ClusterState state, bool joining) => Do(host =>
    {
        foreach (StateEntry entry in state.Entries)
        {
            if (entry.Status == MemberStatus.Alive)
            {
                Up(entry);
            }
            else if (entry.Status is MemberStatus.Dead or MemberStatus.Left && entry.Name != Name && host.Find(entry.Name) is { Up: true })
            {
                // The packet that said so got lost.
                host.Down(entry.Name);
            }
        }

        Assert.True(host.Layer.MergeState(state.UserState.Span, joining));
    });

    private async Task TickAsync()
    {
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(50));
        while (await timer.WaitForNextTickAsync(_end.Token))
        {
            Do(host =>
            {
                host.Layer.Tick();

                // Agents are sent nothing of the registry.
                _gossip.AddRange(host.Broadcasts.Where(broadcast => broadcast.Tier != SerfTier.Records).Select(broadcast => (broadcast.Message, broadcast.Sent, new int[1])));
                host.Broadcasts.Clear();
                foreach ((byte[] message, Action? sent, int[] times) in _gossip.ToArray())
                {
                    Tell([(byte)MessageType.User, .. message]);
                    if (++times[0] == Transmits)
                    {
                        sent?.Invoke();
                    }
                }

                _gossip.RemoveAll(queued => queued.Times[0] == Transmits);
            });
        }
    }

    private void Take(MessageType type, ReadOnlySpan<byte> body)
    {
        MessagePackReader reader = new(body);
        switch (type)
        {
            case MessageType.User:
                Host.Layer.UserMessageReceived(body);
                break;
            case MessageType.Alive when AliveMessage.TryRead(ref reader, out AliveMessage alive):
                Up(new StateEntry(alive.Node, MemberAddress.From(alive.Address, alive.Port), alive.Meta, alive.Incarnation, MemberStatus.Alive, alive.Versions));
                break;
            case MessageType.Suspect when SuspectMessage.TryRead(ref reader, out SuspectMessage suspect) && suspect.Node == Name:
                Refute(suspect.Incarnation);
                break;
            case MessageType.Dead when DeadMessage.TryRead(ref reader, out DeadMessage dead) && Host.Find(dead.Node) is { Up: true } && dead.Node != Name:
                Host.Down(dead.Node);
                break;
            default:
                break;
        }
    }

    /// <summary>A slow machine may have answered a ping too late.</summary>
    private void Refute(uint accused)
    {
        _incarnation = Math.Max(_incarnation, accused) + 1;
        SerfPeer self = Host.Find(Name)!;
        Tell(WireBytes.Written(new AliveMessage(_incarnation, Name, self.Address.Raw, self.Address.Port, self.Meta, self.Versions)));
    }

    private void Up(StateEntry entry)
    {
        _incarnations[entry.Name] = entry.Incarnation;
        SerfPeer peer = new(entry.Name, entry.Address, entry.Meta, entry.Versions, true);
        if (entry.Name != Name && Host.Find(entry.Name) != peer)
        {
            Host.Put(peer);
            Host.Layer.MemberUp(peer);
        }
    }

    private void Tell(byte[] message)
    {
        foreach (SerfPeer peer in Host.Peers.Where(peer => peer.Name != Name && peer.Up))
        {
            Send(peer.Address, false, message);
        }
    }

    private void SendUser(MemberAddress to, byte[] message) => Send(to, false, [(byte)MessageType.User, .. message]);
}
