namespace Tidegate.Engine.Emulation;

/// <summary>What has ended a session that has no connection of its own.</summary>
public enum SessionBound
{
    /// <summary>The client fetched nothing for too long.</summary>
    Reconnect,

    /// <summary>A message that came in parts was too long.</summary>
    Gathered,

    /// <summary>Too much waited for the client.</summary>
    Pending,
}
