namespace Tidegate.Engine.Emulation;

/// <summary>Limits and times of one event stream. Immutable.</summary>
public sealed record EventStreamOptions
{
    /// <summary>Where a client of the old kind comes back to: a path, in ASCII without control characters.</summary>
    public required string Location { get; init; }

    /// <summary>Where such a client begins anew when it is sent away: a path, in ASCII without control characters.</summary>
    public required string Beginning { get; init; }

    /// <summary>How long a client waits before it comes back. Zero or more.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>After how long a silence the client, and whatever is on the way to it, is shown that somebody is there. More than zero. Default 15 s.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the session waits for a client to come back. More than zero. Default 60 s.</summary>
    public TimeSpan ReconnectTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a client may take to fetch what is left when the session closes. More than zero. Default 5 s.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes of events that are kept for a client that has not got all it was sent. At least 0. Default 16 KiB.</summary>
    public int History { get; init; } = 16 * 1024;

    /// <summary>Bytes of a message that is gathered because it comes in parts; more close the session. At least 1. Default 1 MiB.</summary>
    public int MaximumGathered { get; init; } = 1024 * 1024;

    /// <summary>Bytes that may wait for the client beyond what the handler wants to be told of; more end the session. At least 1. Default 4 MiB.</summary>
    /// <remarks>Handlers that heed <c>OnCongested</c> never come near it. One message more than that may wait.</remarks>
    public int MaximumPending { get; init; } = 4 * 1024 * 1024;

    /// <summary>Called on the loop when a bound has ended the session, before anybody else hears of it; or null.</summary>
    public Action<Sessions.Session, SessionBound>? Reached { get; init; }
}
