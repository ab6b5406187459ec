using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>What a member is told at start. Times are in milliseconds.</summary>
internal sealed record ProtocolOptions
{
    /// <summary>Versions of a cluster that Serf agents can join.</summary>
    internal static readonly RawBytes SerfVersions = RawBytes.CopyOf([1, 5, 2, 2, 5, 5]);

    /// <summary>Versions of a cluster with other users of memberlist. The two never share a cluster.</summary>
    internal static readonly RawBytes PlainVersions = RawBytes.CopyOf([1, 5, 2, 0, 0, 0]);

    /// <summary>This member's name; nobody else in the cluster may have it.</summary>
    public required string Name { get; init; }

    /// <summary>Where others reach this member.</summary>
    public required MemberAddress Address { get; init; }

    /// <summary>This member's metadata, at most 512 bytes.</summary>
    public RawBytes Meta { get; init; } = RawBytes.Nil;

    /// <summary><see cref="SerfVersions"/> or <see cref="PlainVersions"/>.</summary>
    public RawBytes Versions { get; init; } = SerfVersions;

    /// <summary>The first incarnation, 1 or more: seconds since 1970, so that a restarted member outbids what it was before.</summary>
    public uint InitialIncarnation { get; init; } = 1;

    /// <summary>Between two probes. Lower finds failures sooner and costs packets.</summary>
    public int ProbeInterval { get; init; } = 200;

    /// <summary>How long a ping may take before others are asked to help. Above the round trip of a busy network.</summary>
    public int ProbeTimeout { get; init; } = 60;

    /// <summary>Members asked to ping one that does not answer.</summary>
    public int Helpers { get; init; } = 3;

    /// <summary>Between two rounds of gossip.</summary>
    public int GossipInterval { get; init; } = 100;

    /// <summary>The least time between two rounds while there are news that nobody has been sent yet.</summary>
    public int EarlyGossipInterval { get; init; } = 20;

    /// <summary>Members each round of gossip goes to.</summary>
    public int GossipFanOut { get; init; } = 3;

    /// <summary>How long dead members are still told, so that they can refute.</summary>
    public int GossipToDead { get; init; } = 30_000;

    /// <summary>Each message is sent at most this often, times ceil(log10(n + 1)).</summary>
    public int RetransmitMultiplier { get; init; } = 4;

    /// <summary>The shortest suspicion, in probe intervals times log10 n.</summary>
    public int SuspicionMultiplier { get; init; } = 4;

    /// <summary>The longest suspicion, in shortest ones.</summary>
    public int SuspicionMaximumMultiplier { get; init; } = 6;

    /// <summary>Between two push/pulls, in clusters up to 32.</summary>
    public int PushPullInterval { get; init; } = 15_000;

    /// <summary>How often a failed member or a seed is tried again.</summary>
    public int ReconnectInterval { get; init; } = 1_000;

    /// <summary>How long dead and left members are remembered.</summary>
    public long Retention { get; init; } = 24 * 60 * 60 * 1_000;

    /// <summary>How long leaving waits for its announcement to spread.</summary>
    public int LeaveTimeout { get; init; } = 5_000;

    /// <summary>How long after its return from a cut a member keeps its verdicts to itself.</summary>
    public int Quarantine { get; init; } = 2_000;

    /// <summary>True where a dead member's name may be taken at another address at once. Serf does not.</summary>
    public bool ReclaimDeadNames { get; init; }

    /// <summary>Bytes for messages in one packet: 1,400 less what compound, seal and CRC take (specification, section 1).</summary>
    public int PacketRoom { get; init; } = 1_400 - 2 - 29 - 5;

    /// <summary>Entries in the table; alive messages of more members are counted and dropped.</summary>
    public int MaximumMembers { get; init; } = 10_000;

    /// <summary>Names that are tried at addresses before they are believed, at a time.</summary>
    public int MaximumIntroductions { get; init; } = 1_024;

    /// <summary>Pings under way on behalf of others.</summary>
    public int MaximumRelays { get; init; } = 1_024;

    /// <summary>Push/pulls of its own that a member has under way (specification, section 7).</summary>
    public int MaximumExchanges { get; init; } = 128;

    /// <summary>Names of forgotten members whose incarnation is remembered.</summary>
    public int MaximumTombstones { get; init; } = 4_096;

    /// <summary>Messages waiting in one tier of the gossip queue; the most often sent goes first when there are more.</summary>
    public int MaximumBroadcasts { get; init; } = 16_384;

    /// <summary>The additions that are on.</summary>
    public Additions Additions { get; init; } = Additions.All;

    /// <summary>The first incarnation of a member that starts at that time, whatever its clock shows.</summary>
    internal static uint IncarnationAt(DateTimeOffset time) =>
        (uint)Math.Clamp(time.ToUnixTimeSeconds(), 1, ProtocolCore.MaximumIncarnation);

    internal bool Has(Additions addition) => (Additions & addition) != 0;

    /// <exception cref="ArgumentException">A value is one that peers or this member could not live with; the text says which.</exception>
    internal void Validate()
    {
        if (Name.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(Name) > WireLimits.Name)
        {
            throw new ArgumentException($"A member's name must have 1 to {WireLimits.Name} bytes; this one is '{Name}'.");
        }

        if (!Address.IsUsable)
        {
            throw new ArgumentException($"The member '{Name}' needs an address and a port that others can reach, not {Address}.");
        }

        if (Meta.Length > WireLimits.Meta)
        {
            throw new ArgumentException($"The member '{Name}' has {Meta.Length} bytes of metadata; {WireLimits.Meta} are allowed.");
        }

        if (InitialIncarnation is 0 or > ProtocolCore.MaximumIncarnation)
        {
            throw new ArgumentException($"The first incarnation must be from 1 to {ProtocolCore.MaximumIncarnation}, not {InitialIncarnation}.");
        }

        if (ProbeTimeout <= 0 || ProbeInterval <= ProbeTimeout)
        {
            throw new ArgumentException($"A probe's time-out must be above 0 and below the interval; they are {ProbeTimeout} ms and {ProbeInterval} ms.");
        }
    }
}
