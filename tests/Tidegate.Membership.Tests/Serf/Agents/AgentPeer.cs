using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tidegate.Membership.Serf;
using Tidegate.Membership.Tests.Peers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Tests.Serf.Agents;

/// <summary>
/// Just enough of a member around Serf's layer for agents to take it for one: answers pings, takes gossip, sends its own a few times to everyone, and
/// does push/pulls both ways. It accuses nobody.
/// </summary>
internal sealed class AgentPeer : IAsyncDisposable
{
    private const int Transmits = 4;

    /// <summary>On a slow machine an agent may take its time: a query waits for a minute unless all have answered, and so does leaving.</summary>
    private static readonly SerfOptions Patient = new() { Name = "", GossipInterval = TimeSpan.FromSeconds(4), LeaveTimeout = TimeSpan.FromSeconds(60) };

    private readonly CancellationTokenSource _end = new();
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<(byte[] Message, Action? Sent, int[] Times)> _gossip = [];
    /// <summary>What others said last: a higher one than theirs would bring back who has failed.</summary>
    private readonly Dictionary<string, uint> _incarnations = [];
    private readonly Task _loops;
    private uint _incarnation = 1;

    internal AgentPeer(string name, params (string Name, string Value)[] tags)
    {
        IPAddress address = new([127, (byte)Random.Shared.Next(1, 255), (byte)Random.Shared.Next(256), (byte)Random.Shared.Next(1, 255)]);
        _tcp.Bind(new IPEndPoint(address, 0));
        _tcp.Listen();
        _udp.Bind(_tcp.LocalEndPoint!);
        Name = name;
        Host = new SerfTestHost(name, Patient, registry: true) { Now = Environment.TickCount64 };
        Host.Deliver = (to, message) => SendUser(to, message);
        SerfPeer self = new(name, MemberAddress.From((IPEndPoint)_tcp.LocalEndPoint!), SerfTestHost.Meta(tags), SerfTestHost.SerfVersions, true);
        Host.Put(self);
        Host.Layer.MemberUp(self);
        _loops = Task.WhenAll(ReceiveAsync(), AcceptAsync(), TickAsync());
    }

    internal string Name { get; }

    internal SerfTestHost Host { get; }

    internal MemberAddress Address => Host.Find(Name)!.Address;

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
        using TcpClient client = new();
        await client.ConnectAsync(agent.Address.ToEndPoint(), _end.Token);
        NetworkStream stream = client.GetStream();
        await PushPullStream.WriteAsync(stream, Do(_ => State(join: true)));
        SideState? answer = await PushPullStream.ReadAsync(stream, []);
        Assert.NotNull(answer);
        Assert.True(answer.Join);
        Do(host =>
        {
            Merge(answer, joining: true);
            host.Layer.AnnounceJoin();
        });
    }

    /// <summary>Says what a core says of itself once the intent to leave has spread.</summary>
    internal void SayGone() => Do(host =>
    {
        DeadMessage dead = new(_incarnation, Name, Name);
        ArrayBufferWriter<byte> output = new();
        dead.Write(output);
        foreach (SerfPeer peer in host.Peers.Where(peer => peer.Name != Name))
        {
            _udp.SendTo(output.WrittenSpan, peer.Address.ToEndPoint());
        }
    });

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _udp.Dispose();
        _tcp.Dispose();
        try
        {
            await _loops;
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The way in which sockets say that they are closed.
        }

        _end.Dispose();
    }

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
                    foreach (SerfPeer peer in host.Peers.Where(peer => peer.Name != Name && peer.Up))
                    {
                        SendUser(peer.Address, message);
                    }

                    if (++times[0] == Transmits)
                    {
                        sent?.Invoke();
                    }
                }

                _gossip.RemoveAll(queued => queued.Times[0] == Transmits);
            });
        }
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[65_536];
        while (true)
        {
            SocketReceiveFromResult received = await _udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _end.Token);
            Do(_ => Take(buffer.AsSpan(0, received.ReceivedBytes), received.RemoteEndPoint));
        }
    }

    private void Take(ReadOnlySpan<byte> message, EndPoint from)
    {
        MessagePackReader reader = new(message[1..]);
        switch ((MessageType)message[0])
        {
            case MessageType.Ping when PingMessage.TryRead(ref reader, out PingMessage ping) && ping.Node == Name:
                _udp.SendTo(Ack(ping.SeqNo), from);
                break;
            case MessageType.Compound:
                int count = message[1];
                int at = 2 + (2 * count);
                for (int i = 0; i < count; i++)
                {
                    int length = (message[2 + (2 * i)] << 8) | message[3 + (2 * i)];
                    Take(message.Slice(at, length), from);
                    at += length;
                }

                break;
            case MessageType.Crc:
                Take(message[5..], from);
                break;
            case MessageType.User:
                Host.Layer.UserMessageReceived(message[1..]);
                break;
            case MessageType.Alive when AliveMessage.TryRead(ref reader, out AliveMessage alive):
                Up(new StateEntry(alive.Node, MemberAddress.From(alive.Address, alive.Port), alive.Meta, alive.Incarnation, 0, alive.Versions));
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
        AliveMessage alive = new(_incarnation, Name, RawBytes.CopyOf(self.Address.Bytes), self.Address.Port, self.Meta, self.Versions);
        ArrayBufferWriter<byte> output = new();
        alive.Write(output);
        foreach (SerfPeer peer in Host.Peers.Where(peer => peer.Name != Name && peer.Up))
        {
            _udp.SendTo(output.WrittenSpan, peer.Address.ToEndPoint());
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            using Socket accepted = await _tcp.AcceptAsync(_end.Token);
            using NetworkStream stream = new(accepted);
            byte[] first = new byte[1];
            if (await stream.ReadAsync(first, _end.Token) == 0)
            {
                continue;
            }

            SideState? asked = await PushPullStream.ReadAsync(stream, first);
            if (asked is not null)
            {
                await PushPullStream.WriteAsync(stream, Do(_ => State(asked.Join)));
                Do(_ => Merge(asked, joining: false));
            }
        }
    }

    private SideState State(bool join) => new(
        join,
        [.. Host.Peers.Where(peer => peer.Up).Select(peer => new StateEntry(
            peer.Name, peer.Address, peer.Meta, peer.Name == Name ? _incarnation : _incarnations.GetValueOrDefault(peer.Name, 1u), 0, peer.Versions))],
        Host.Layer.WriteState());

    private void Merge(SideState state, bool joining)
    {
        foreach (StateEntry entry in state.Entries)
        {
            if (entry.State == 0)
            {
                Up(entry);
            }
            else if (entry.State >= 2 && entry.Name != Name && Host.Find(entry.Name) is { Up: true })
            {
                // The packet that said so got lost.
                Host.Down(entry.Name);
            }
        }

        Assert.True(Host.Layer.MergeState(state.UserState, joining));
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

    private void SendUser(MemberAddress to, byte[] message) => _udp.SendTo([(byte)MessageType.User, .. message], to.ToEndPoint());

    private static byte[] Ack(uint seqNo)
    {
        ArrayBufferWriter<byte> output = new();
        new AckMessage(seqNo, RawBytes.Nil).Write(output);
        return output.WrittenSpan.ToArray();
    }
}
