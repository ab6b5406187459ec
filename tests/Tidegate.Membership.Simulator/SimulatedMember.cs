using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Simulator;

/// <summary>One process: the protocol, its clock, and its sockets, which lead into the simulated network.</summary>
internal sealed class SimulatedMember : IProtocolHost
{
    private static readonly RawBytes GatewayMeta = RawBytes.CopyOf([0xff, 0x81, 0xa2, (byte)'t', (byte)'g', 0xa1, (byte)'1']);

    private readonly Simulation _simulation;
    private readonly double _rate;
    private readonly long _offset;
    private readonly Queue<SimulationEvent> _inbox = new();
    private bool _isLearning;
    private int _exchange;

    internal SimulatedMember(Simulation simulation, int index, int process, Random random, SimulationOptions options)
    {
        _simulation = simulation;
        Index = index;
        Process = process;
        Name = NameOf(index);
        Address = AddressOf(index);
        _rate = 1 + ((random.NextDouble() - 0.5) * 2 * options.Skew);
        _offset = random.Next(1_000_000);
        Core = new ProtocolCore(
            new ProtocolOptions
            {
                Name = Name,
                Address = Address,
                Meta = GatewayMeta,

                // As seconds since 1970 would be: later processes have higher ones.
                InitialIncarnation = (options.Without & Additions.Replay) != 0 ? 1 : 1_800_000_000 + (uint)(simulation.Time / 1_000_000),
                Additions = Additions.All & ~options.Without,
            },
            this,
            new Random(random.Next()));
    }

    internal int Index { get; }

    /// <summary>Which process of that name it is; each start is a new one.</summary>
    internal int Process { get; }

    internal string Name { get; }

    internal MemberAddress Address { get; }

    internal ProtocolCore Core { get; }

    internal bool IsPaused { get; private set; }

    internal bool HasLeft { get; private set; }

    internal long PacketsSent { get; private set; }

    /// <summary>Payload of packets as it would be sealed, in bytes.</summary>
    internal long PacketBytes { get; private set; }

    internal long StreamBytes { get; set; }

    /// <summary>When it is next woken, in true microseconds.</summary>
    internal long WakeAt { get; set; } = long.MaxValue;

    internal static string NameOf(int index) => $"gateway-{index:D4}";

    internal static MemberAddress AddressOf(int index) =>
        MemberAddress.From(RawBytes.CopyOf([10, 0, (byte)(index >> 8), (byte)index]), 7946);

    internal static int IndexOf(in MemberAddress address) => (address.Bytes[2] << 8) | address.Bytes[3];

    internal static int IndexOf(string name) => int.Parse(name.AsSpan(name.LastIndexOf('-') + 1), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>What this member's clock shows, in milliseconds.</summary>
    internal long Local(long time) => (long)(time * _rate / 1_000) + _offset;

    /// <summary>When this member's clock shows that, in true microseconds.</summary>
    internal long True(long local)
    {
        if (local == long.MaxValue)
        {
            return long.MaxValue;
        }

        long time = (long)Math.Ceiling((local - _offset) * 1_000 / _rate);
        return Local(time) < local ? time + 1 : time;
    }

    /// <summary>Stops the process without a word; its sockets still receive.</summary>
    internal void Pause() => IsPaused = true;

    /// <summary>Lets it run again. Its timers are looked at first, which is the worst order.</summary>
    internal void Resume()
    {
        IsPaused = false;
        Core.Advance(Local(_simulation.Time));
        while (_inbox.TryDequeue(out SimulationEvent waiting))
        {
            _simulation.Deliver(waiting);
        }

        _simulation.Rearm(this);
    }

    /// <summary>Knows that state as if it had joined long ago: it has nothing to ask, and nothing to tell.</summary>
    internal void Learn(ClusterState state)
    {
        long now = Local(_simulation.Time);
        _isLearning = true;
        Core.Join(now, AddressOf(Index == 0 ? 1 : 0));
        _isLearning = false;
        Core.OnPushPullAnswer(now, _exchange, state);
        List<byte[]> told = [];
        while (Core.Gossip.Count > 0)
        {
            told.Clear();
            Core.Gossip.Fill(told, Core.Self, int.MaxValue, limit: -1_000);
        }

        _simulation.Rearm(this);
    }

    /// <summary>What a paused process's sockets hold; packets beyond that are lost, as in the kernel.</summary>
    internal void Hold(in SimulationEvent waiting)
    {
        if (_inbox.Count < 512)
        {
            _inbox.Enqueue(waiting);
        }
    }

    public void SendPacket(in MemberAddress to, byte[][] messages, bool checksum)
    {
        int bytes = 29 + (checksum ? 5 : 0) + (messages.Length > 1 ? 2 + (2 * messages.Length) : 0);
        foreach (byte[] message in messages)
        {
            bytes += message.Length;
        }

        if (bytes > 1_400 && messages.Length > 1)
        {
            _simulation.Violated($"{Name} fills a packet with {bytes} bytes");
        }

        PacketsSent++;
        PacketBytes += bytes;
        _simulation.SendPacket(this, IndexOf(to), messages);
    }

    public void StartPushPull(int exchange, in MemberAddress to, bool join)
    {
        if (_isLearning)
        {
            _exchange = exchange;
        }
        else
        {
            _simulation.StartPushPull(this, exchange, IndexOf(to), join);
        }
    }

    public void StartStreamPing(uint seqNo, in MemberAddress to, string node, int timeout) => _simulation.StartStreamPing(this, seqNo, IndexOf(to), timeout);

    public void OnMemberChanged(MemberRecord member, MemberChange change) => _simulation.Truth.Reported(this, IndexOf(member.Name), change);

    public void OnIsolationChanged(bool isolated)
    {
    }

    public void OnNameConflict(MemberRecord holder, in MemberAddress claimant) => _simulation.Violated($"{Name} sees a conflict about {holder.Name}");

    public void OnPushPullRefused(string reason)
    {
        if (!reason.EndsWith("is leaving", StringComparison.Ordinal))
        {
            _simulation.Violated($"{Name}: {reason}");
        }
    }

    public void OnLeaveAnnounced(LeaveOutcome outcome) => HasLeft = true;

    public string? Refuse(string name, in MemberAddress address, RawBytes meta) => null;

    public bool IsGateway(RawBytes meta) => meta == GatewayMeta;

    public RawBytes AckPayload() => RawBytes.CopyOf([0x54, 0, 0, 0, 0, 0, 0, 0, 0]);

    public void OnAckPayload(MemberRecord from, ReadOnlySpan<byte> payload)
    {
    }

    public void OnUserMessage(in MemberAddress from, ReadOnlySpan<byte> message)
    {
    }

    public ReadOnlyMemory<byte> UserState(bool join) => default;

    public void MergeUserState(ReadOnlyMemory<byte> state, bool join)
    {
    }
}
