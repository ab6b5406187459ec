namespace Tidegate.Engine.Emulation;

/// <summary>Limits and times of one emulated WebSocket, and how it is written. Immutable.</summary>
public sealed record EmulationOptions
{
    /// <summary>How bytes to the client are written.</summary>
    public EmulationEncoding Encoding { get; init; }

    /// <summary>Whether the client tells text from bytes.</summary>
    public bool TellsText { get; init; }

    /// <summary>Whether the client answers pings.</summary>
    public bool AnswersPings { get; init; }

    /// <summary>Largest message that is accepted, in bytes; at least 1. Default 128 KiB.</summary>
    public int MaximumMessageSize { get; init; } = 128 * 1024;

    /// <summary>Bytes of a message to the client that is gathered because it comes in parts; more close the session. At least 1. Default 1 MiB.</summary>
    public int MaximumGathered { get; init; } = 1024 * 1024;

    /// <summary>Bytes that may wait for the client beyond what the handler wants to be told of; more end the session. At least 1. Default 4 MiB.</summary>
    /// <remarks>Handlers that heed <c>OnCongested</c> never come near it. One message more than that may wait.</remarks>
    public int MaximumPending { get; init; } = 4 * 1024 * 1024;

    /// <summary>Called on the loop when a bound has ended the session, before anybody else hears of it; or null.</summary>
    public Action<Sessions.Session, SessionBound>? Reached { get; init; }

    /// <summary>A client that answers pings is pinged when half of this has passed in silence, and given up after all of it. Zero: never. Default zero.</summary>
    public TimeSpan InactivityTimeout { get; init; }

    /// <summary>A client that hears nothing for so long gives up; it gets a frame that says nothing before that. More than zero. Default 60 s.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the session waits for a request that takes what is sent. More than zero. Default 60 s.</summary>
    public TimeSpan DownstreamTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Bound on the closing handshake. More than zero. Default 5 s.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The number of the request that opened the session, where it had one: later ones count on from it.</summary>
    public long? FirstSequence { get; init; }
}
