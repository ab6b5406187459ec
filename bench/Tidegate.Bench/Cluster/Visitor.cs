using System.Net;

namespace Tidegate.Bench.Cluster;

internal enum VisitorState
{
    /// <summary>Has no connection, and will try again at its deadline.</summary>
    Away,
    Connecting,

    /// <summary>Has sent a handshake and waits for the answer.</summary>
    Asking,
    Open,

    /// <summary>A newcomer that has its answer, or a visitor that was sent away: never connects again.</summary>
    Done,
}

/// <summary>
/// One client of the crowd. It keeps a WebSocket for as long as it can, comes back when it has lost it, and counts the messages that it
/// sends, each of which is to come back once and in its turn.
/// </summary>
/// <param name="index">Its place in the crowd.</param>
/// <param name="isRedirected">Whether it asks for the path where balancers redirect; otherwise they relay it.</param>
/// <param name="isNewcomer">Whether it only asks where it is sent to, and goes.</param>
internal sealed class Visitor(int index, bool isRedirected, bool isNewcomer)
{
    /// <summary>The echo as a stream of bytes; a field, since it is a structure that changes in place.</summary>
    internal EchoedFrames Frames;

    internal int Index { get; } = index;

    internal bool IsRedirected { get; } = isRedirected;

    internal bool IsNewcomer { get; } = isNewcomer;

    internal VisitorState State { get; set; } = VisitorState.Away;

    internal int Descriptor { get; set; } = -1;

    /// <summary>The number of its connection among all of the crowd: what belongs to an earlier one is told apart by it.</summary>
    internal int Generation { get; set; }

    /// <summary>Which balancer it asks next; they take turns.</summary>
    internal int Turn { get; set; }

    /// <summary>How many balancers have not served it since it began to look for one.</summary>
    internal int Tried { get; set; }

    /// <summary>The socket that it is connected to.</summary>
    internal IPEndPoint? At { get; set; }

    /// <summary>Where a balancer has sent it, as an authority and a path; null while it talks to a balancer.</summary>
    internal (string Authority, string Path)? SentTo { get; set; }

    /// <summary>The member that serves it, by the subprotocol which that member speaks.</summary>
    internal string Node { get; set; } = "";

    /// <summary>When it gives up waiting for what it waits for, or tries again, in milliseconds.</summary>
    internal long Deadline { get; set; }

    /// <summary>When it began to ask, in milliseconds.</summary>
    internal long Asked { get; set; }

    /// <summary>When it noticed that its session was gone, in milliseconds; -1 where none was.</summary>
    internal long Noticed { get; set; } = -1;

    internal long Sent { get; set; }

    internal long Echoed { get; set; }

    /// <summary>Since when nothing has come although something is owed, in milliseconds.</summary>
    internal long OwedSince { get; set; }

    internal long NextMessage { get; set; }

    /// <summary>How often it has come back since the mark.</summary>
    internal int Returns { get; set; }

    /// <summary>How often it has come back since the last round began.</summary>
    internal int ReturnsInRound { get; set; }

    /// <summary>The beginning of an answer's head that came in pieces.</summary>
    internal byte[] Head { get; set; } = [];
}
