namespace Tidegate.Membership.Serf.Messages;

/// <summary>Bounds on what Serf's layer accepts and keeps. Lengths are in bytes.</summary>
internal static class SerfLimits
{
    /// <summary>A user message other than the registry's, its type byte included: what Serf allows an event at most (annex A6).</summary>
    internal const int Message = 9 * 1024;

    /// <summary>A user event as it is sent unless the options say otherwise.</summary>
    internal const int Event = 512;

    /// <summary>A query and an answer as they are sent.</summary>
    internal const int Query = 1024;

    /// <summary>A push/pull's user state (specification, section 7).</summary>
    internal const int State = 20 * 1024 * 1024;

    /// <summary>Names in a push/pull's user state (specification, section 7).</summary>
    internal const int StateNames = 1 << 20;

    /// <summary>Slots of the rings of events and queries; also how far a clock may be behind before what it dates is too old.</summary>
    internal const int RingSlots = 512;

    /// <summary>Events of one time. Two members that have not heard of each other date theirs alike, so it happens to few at once.</summary>
    internal const int EventsOfOneTime = 256;

    /// <summary>Queries of one time.</summary>
    internal const int QueriesOfOneTime = 256;

    /// <summary>Names and payloads of the events that are remembered.</summary>
    internal const int RememberedEventBytes = 8 * 1024 * 1024;

    /// <summary>Filters of a query: more than fit one that peers send.</summary>
    internal const int Filters = 32;

    /// <summary>Names in one filter, or keys in one answer: more than fit.</summary>
    internal const int ListItems = 1024;

    /// <summary>A tag filter's expression.</summary>
    internal const int Expression = 512;

    /// <summary>Tags of a member; 512 bytes of metadata hold no more than this.</summary>
    internal const int Tags = 256;

    /// <summary>Names that intents are kept for although no such member is known.</summary>
    internal const int BufferedIntents = 4096;

    /// <summary>One's own queries that wait for answers at the same time.</summary>
    internal const int OwnQueries = 256;

    /// <summary>Names of events that wait to be merged.</summary>
    internal const int CoalescedNames = 512;

    /// <summary>A key of the encryption: 32 bytes are the longest that is used, and longer ones are answered, not ignored.</summary>
    internal const int Key = 256;
}
