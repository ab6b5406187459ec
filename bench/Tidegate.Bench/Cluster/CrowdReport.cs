namespace Tidegate.Bench.Cluster;

/// <summary>How a crowd is, and what has happened to it since the last mark; times are in milliseconds since that mark.</summary>
internal sealed record CrowdReport
{
    /// <summary>When this was written.</summary>
    public long At { get; init; }

    /// <summary>How many visitors there are.</summary>
    public int Visitors { get; init; }

    /// <summary>How many of them are served: the handshake granted, and an echo received.</summary>
    public int Served { get; init; }

    /// <summary>How many of those by each member.</summary>
    public SortedDictionary<string, int> Nodes { get; init; } = [];

    /// <summary>Echoes received since the beginning.</summary>
    public long Echoes { get; init; }

    /// <summary>Messages that did not come back although later ones did on the same session, since the beginning.</summary>
    public long Lost { get; init; }

    /// <summary>Messages that came back again, since the beginning.</summary>
    public long Duplicated { get; init; }

    /// <summary>Messages that came back to somebody else, since the beginning.</summary>
    public long Strange { get; init; }

    /// <summary>Sessions that ended and had to do with nobody who is gone.</summary>
    public int Disturbed { get; init; }

    /// <summary>Some of the reasons for that.</summary>
    public List<string> Disturbances { get; init; } = [];

    /// <summary>Sessions that ended and had to do with somebody who is gone.</summary>
    public int Ended { get; init; }

    /// <summary>When the last visitor noticed that its session was gone; -1 if none did.</summary>
    public long LastNoticed { get; init; } = -1;

    /// <summary>When the last visitor was back; -1 if none was.</summary>
    public long LastBack { get; init; } = -1;

    /// <summary>From noticing to being served again, for the visitors that are back: the median; -1 if none is.</summary>
    public long MedianReturn { get; init; } = -1;

    /// <summary>The longest of these; -1 if none is.</summary>
    public long LongestReturn { get; init; } = -1;

    /// <summary>How often the visitor that had to come back most often did.</summary>
    public int MostReturns { get; init; }

    /// <summary>The same, between the beginnings of two rounds.</summary>
    public int MostReturnsInRound { get; init; }

    /// <summary>How often a visitor came back that had come back in the same round before.</summary>
    public int AgainInRound { get; init; }

    /// <summary>How often a visitor has asked all balancers in turn and was served by none.</summary>
    public int RefusedByAll { get; init; }

    /// <summary>How often a redirect led to somebody who is gone.</summary>
    public int SentToGone { get; init; }

    /// <summary>When the last such redirect came; -1 if none did.</summary>
    public long LastSentToGone { get; init; } = -1;

    /// <summary>Newcomers that have their answer.</summary>
    public int Newcomers { get; init; }

    /// <summary>Those of them that no balancer served.</summary>
    public int NewcomersRefused { get; init; }

    /// <summary>The longest wait for an answer of those who got one.</summary>
    public long LongestAnswer { get; init; } = -1;

    /// <summary>The median of these.</summary>
    public long MedianAnswer { get; init; } = -1;
}
