namespace Tidegate.Membership.Serf.Messages;

/// <summary>The first byte of a user message, of a push/pull's user state and of some payloads (specification, section 3 and annex A7).</summary>
internal enum SerfMessageType : byte
{
    Leave = 0,
    Join = 1,

    /// <summary>Only as the user state of a push/pull.</summary>
    State = 2,
    UserEvent = 3,
    Query = 4,
    QueryAnswer = 5,

    /// <summary>This and the next two: only inside the payloads of queries and their answers.</summary>
    ConflictAnswer = 6,
    KeyRequest = 7,
    KeyAnswer = 8,
    Relay = 9,

    /// <summary>Tidegate's own: records of the registry (specification, section 4).</summary>
    Records = 200,
}
