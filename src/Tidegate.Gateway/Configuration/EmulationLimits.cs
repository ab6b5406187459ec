namespace Tidegate.Gateway.Configuration;

/// <summary>
/// <c>wse.*</c> of accept-options: times and bounds of sessions that have no connection of their own, which are emulated WebSockets and event
/// streams. A new instance holds the documented defaults.
/// </summary>
public sealed record EmulationLimits
{
    // The shortest idle time that follows from ws.inactivity.timeout (docs/spec/compat.md, chapter 3.6). A longer one than usual does not: what is on
    // the way to the client forgets a connection that is quiet for minutes.
    private static readonly TimeSpan s_shortestIdle = TimeSpan.FromSeconds(5), s_usualIdle = TimeSpan.FromSeconds(60);

    /// <summary><c>wse.idle.timeout</c>: after how long a silence a client of an emulated WebSocket gives up; at least a second. Null where the file does not say.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary><c>wse.reconnect.timeout</c>: how long a session waits for a response to write to; at least a second.</summary>
    public TimeSpan ReconnectTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary><c>wse.specification</c>: whether a client must say its version and number its requests, and gets no first frame that says nothing.</summary>
    public bool Specification { get; init; }

    /// <summary><c>wse.maximum.sessions</c>: sessions of a service; 1 to 10,000,000.</summary>
    public int MaximumSessions { get; init; } = 100_000;

    /// <summary><c>wse.maximum.sessions.per.address</c>: those of them that one address may have; 1 to 10,000,000.</summary>
    public int MaximumSessionsPerAddress { get; init; } = 2_000;

    /// <summary><c>wse.maximum.gathered.bytes</c>: bytes of a message to the client that comes in parts; 1 to 2147483647.</summary>
    public int MaximumGathered { get; init; } = 1024 * 1024;

    /// <summary><c>wse.maximum.pending.bytes</c>: bytes that may wait for a client beyond what the service lets wait; 1 to 2147483647.</summary>
    public int MaximumPending { get; init; } = 4 * 1024 * 1024;

    /// <summary>The idle time that holds. Without one it is a minute, or follows from the time after which a silent client is given up.</summary>
    internal TimeSpan IdleTimeoutBeside(TimeSpan inactivity) =>
        IdleTimeout ?? (inactivity == TimeSpan.Zero || inactivity > s_usualIdle ? s_usualIdle : inactivity < s_shortestIdle ? s_shortestIdle : inactivity);
}
