using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>A query that one asks.</summary>
/// <param name="Name">What is asked.</param>
/// <param name="Payload">What goes with it.</param>
internal sealed record QueryRequest(string Name, RawBytes Payload)
{
    /// <summary>Whom it is meant for; all must match. Made by <see cref="QueryFilter"/>.</summary>
    internal IReadOnlyList<RawBytes> Filters { get; init; } = [];

    /// <summary>True where members are to say that they have received it.</summary>
    internal bool WantsAcks { get; init; }

    /// <summary>By how many members answers take another way, besides the direct one.</summary>
    internal byte RelayFactor { get; init; }

    /// <summary>How long to wait, up to an hour; null takes what suits the size of the cluster.</summary>
    internal TimeSpan? Timeout { get; init; }
}

/// <summary>Who wants to know what comes back. May be called before asking returns: one is asked oneself, too.</summary>
internal interface IQueryObserver
{
    /// <summary>A member has received the query. Once for each.</summary>
    void Acked(OwnQuery query, string from);

    /// <summary>A member answers. Once for each.</summary>
    void Answered(OwnQuery query, string from, RawBytes payload);

    /// <summary>Nothing more will come: the time is over, or the query was closed.</summary>
    void Finished(OwnQuery query);
}
