using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.Proxy;

/// <summary>The properties of a <c>proxy</c> service. Its back-ends are the service's connects, wherever they were written.</summary>
public sealed record ProxyOptions : ServiceOptions
{
    /// <summary>
    /// <c>maximum.pending.bytes</c>: how many bytes may wait for one side before reading from the other stops, for each direction;
    /// reading goes on at half.
    /// </summary>
    public int MaximumPendingBytes { get; init; } = 64_000;

    /// <summary><c>maximum.recovery.interval</c>: the longest pause between attempts to reach a lost back-end; zero turns this off.</summary>
    public TimeSpan MaximumRecoveryInterval { get; init; }

    /// <summary>
    /// <c>prepared.connection.count</c>: back-end connections kept open in advance, 0 to 10000. Zero with
    /// <see cref="ConnectStrategy.Prepared"/> means one for each event loop.
    /// </summary>
    public int PreparedConnectionCount { get; init; }

    /// <summary><c>connect.strategy</c>: when the back-end connection of a client is opened.</summary>
    public ConnectStrategy ConnectStrategy { get; init; } = ConnectStrategy.Immediate;
}

/// <summary>When a proxy opens the back-end connection of a client.</summary>
public enum ConnectStrategy
{
    /// <summary>When the client has connected.</summary>
    Immediate,

    /// <summary>Before any client comes.</summary>
    Prepared,

    /// <summary>When the client's first message arrives.</summary>
    Deferred,
}
