using Tidegate.Engine.Sessions;

namespace Tidegate.Engine.Fanout;

/// <summary>What becomes of a subscriber that takes messages more slowly than they come.</summary>
public enum SlowSubscriber
{
    /// <summary>Its session is closed.</summary>
    Close,

    /// <summary>It misses the oldest of the messages that wait for it.</summary>
    DropOldest,
}

/// <summary>Bounds of a <see cref="FanoutHub"/>, and who is told of what it does about them.</summary>
public sealed record FanoutOptions
{
    /// <summary>How many bytes of messages may wait for one subscriber, from 1. Those that wait are there once for all subscribers of a loop.</summary>
    public int MaximumPendingBytes { get; init; } = 1024 * 1024;

    /// <summary>What becomes of one for which more wait.</summary>
    public SlowSubscriber SlowSubscriber { get; init; }

    /// <summary>
    /// How many bytes of messages may be published that have not been offered to every subscriber, before <see cref="FanoutHub.IsBehind"/>
    /// asks publishers to wait. From 1.
    /// </summary>
    public int MaximumBacklogBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Told, before it happens, that a subscriber is closed for being slow, and how many bytes waited for it. On the subscriber's loop.</summary>
    public Action<Session, long>? Closing { get; init; }

    /// <summary>Told how many messages a subscriber has just missed. On the subscriber's loop.</summary>
    public Action<Session, int>? Dropped { get; init; }

    /// <summary>Told that publishers may go on after <see cref="FanoutHub.IsBehind"/>. On any loop.</summary>
    public Action? CaughtUp { get; init; }
}
