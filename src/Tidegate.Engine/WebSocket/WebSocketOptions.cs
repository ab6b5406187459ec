namespace Tidegate.Engine.WebSocket;

/// <summary>Which end of the connection a session is: only clients mask (RFC 6455, section 5.1).</summary>
public enum WebSocketRole : byte
{
    /// <summary>Accepted the handshake: requires masks, sends none.</summary>
    Server,

    /// <summary>Began the handshake: sends masks, refuses them.</summary>
    Client,
}

/// <summary>Limits and times of WebSocket sessions. Immutable, shared by all sessions of a service.</summary>
public sealed record WebSocketOptions
{
    /// <summary>Largest message that is accepted, in bytes, after inflating; at least 1. Default 128 KiB. Larger ones close with 1009.</summary>
    public int MaximumMessageSize { get; init; } = 128 * 1024;

    /// <summary>
    /// A peer of which nothing was heard for half of this time is sent a ping; if the other half passes too, it is cut off.
    /// Zero: never. Default zero.
    /// </summary>
    public TimeSpan InactivityTimeout { get; init; }

    /// <summary>Bound on the closing handshake and on flushing what was sent before it. More than zero. Default 5 s.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
