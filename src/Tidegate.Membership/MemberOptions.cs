using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Tidegate.Membership;

/// <summary>How a member takes part in a cluster. Immutable.</summary>
public sealed record MemberOptions
{
    /// <summary>How many places <see cref="AdditionalListens"/> may have.</summary>
    public const int MaximumAdditionalListens = 63;

    /// <summary>The cluster's name. Members that give another one are refused; guests that give none, such as Serf agents, are welcome.</summary>
    public required string ClusterName { get; init; }

    /// <summary>Where this member listens, by UDP and TCP, and where others reach it. One address of this machine; port 0 takes any.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>
    /// Where it listens besides, so that it is found there, too: the other addresses of an interface, say, or those of the other family. At most
    /// <see cref="MaximumAdditionalListens"/>, each an address of this machine, and none twice; port 0 takes any. The others are told of
    /// <see cref="Listen"/> alone, which each of them must be able to reach, and packets come from there where that can be.
    /// </summary>
    public IReadOnlyList<IPEndPoint> AdditionalListens { get; init; } = [];

    /// <summary>This member's name, 1 to 512 bytes in UTF-8, which nobody else in the cluster may have. Null: its address and port.</summary>
    public string? Name { get; init; }

    /// <summary>
    /// Where others may be found: any number of <c>tcp://host:port</c>, members that are asked for all the others, of which one
    /// live one is enough; and one <c>udp://host:port</c>, with a multicast group in which members call each other, or with a
    /// name to each of whose addresses they send word. Names are resolved again and again, and all is tried for ever. Empty: this
    /// member waits to be found.
    /// </summary>
    public IReadOnlyList<string> Discovery { get; init; } = [];

    /// <summary>Routers that a call in a multicast group may pass, plus one; 1 to 255. Default 1: none.</summary>
    public int MulticastTimeToLive { get; init; } = 1;

    /// <summary>
    /// Keys of 16, 24 or 32 bytes in base64. The first seals all that this member says, each opens what others say. Empty: nothing
    /// is encrypted, and anybody who can send packets here can take part.
    /// </summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>What this member says about itself, seen by all; 512 bytes at most with their names. <c>cn</c> and <c>tg</c> are taken.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>Whom the cluster is shared with.</summary>
    public MemberMode Mode { get; init; }

    /// <summary>
    /// A label in front of all that is said, up to 255 bytes in UTF-8, which other clusters do not have. Debian's Serf knows none.
    /// </summary>
    public string Label { get; init; } = "";

    /// <summary>How long between two probes, 20 ms to a minute. Failures are noticed in one to a few of them. Default 200 ms.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long the answer to a ping may take before others are asked to help, less than the interval. Default 60 ms.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromMilliseconds(60);

    /// <summary>How long members that failed or left are remembered, a second to a year. Default a day.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Where lines for operators go. Default nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Time and timers.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
