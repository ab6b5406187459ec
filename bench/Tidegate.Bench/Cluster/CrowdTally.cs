using System.Net;

namespace Tidegate.Bench.Cluster;

/// <summary>Counts what happens to a crowd.</summary>
internal sealed class CrowdTally
{
    private const int MostReasons = 10;
    private readonly List<long> _returns = [];
    private readonly List<long> _answers = [];
    private readonly List<string> _disturbances = [];
    private readonly HashSet<string> _goneNodes = [];
    private readonly HashSet<IPAddress> _goneAddresses = [];
    private long _mark;
    private long _echoes;
    private long _lost;
    private long _duplicated;
    private long _strange;
    private long _lastNoticed = -1;
    private long _lastBack = -1;
    private long _lastSentToGone = -1;
    private int _disturbed;
    private int _ended;
    private int _refusedByAll;
    private int _sentToGone;
    private int _newcomers;
    private int _newcomersRefused;
    private int _mostReturnsInRound;
    private int _againInRound;

    /// <summary>Forgets what is counted since the mark, which is now.</summary>
    internal void Mark(long now, IEnumerable<Visitor> visitors)
    {
        _mark = now;
        _returns.Clear();
        _answers.Clear();
        _disturbances.Clear();
        _goneNodes.Clear();
        _goneAddresses.Clear();
        _lastNoticed = _lastBack = _lastSentToGone = -1;
        _disturbed = _ended = _refusedByAll = _sentToGone = _newcomers = _newcomersRefused = _mostReturnsInRound = _againInRound = 0;
        foreach (Visitor visitor in visitors)
            visitor.Returns = visitor.ReturnsInRound = 0;
    }

    /// <summary>Returns are counted from here for each visitor, too: one member more is restarted.</summary>
    internal static void BeginRound(IEnumerable<Visitor> visitors)
    {
        foreach (Visitor visitor in visitors)
            visitor.ReturnsInRound = 0;
    }

    /// <summary>From now on this member is gone, which serves and balances at that address.</summary>
    internal void Gone(string node, IPAddress address)
    {
        _goneNodes.Add(node);
        _goneAddresses.Add(address);
    }

    /// <summary>A message came back.</summary>
    internal void Echoed(Visitor visitor, int index, int generation, long number)
    {
        _echoes++;
        if (index != visitor.Index || generation != visitor.Generation || number >= visitor.Sent)
        {
            _strange++;
        }
        else if (number < visitor.Echoed)
        {
            _duplicated++;
        }
        else
        {
            _lost += number - visitor.Echoed;
            visitor.Echoed = number + 1;
        }
    }

    /// <summary>A session that had been served is no more.</summary>
    internal void Ended(Visitor visitor, string reason, long now)
    {
        _lastNoticed = now;
        if (_goneNodes.Contains(visitor.Node) || (visitor.At is { } at && _goneAddresses.Contains(at.Address)))
        {
            _ended++;
            return;
        }

        _disturbed++;
        if (_disturbances.Count < MostReasons)
            _disturbances.Add($"{(visitor.IsRedirected ? "redirected" : "relayed")} by {visitor.At} to {visitor.Node}: {reason}");
    }

    /// <summary>A visitor that had lost its session is served again.</summary>
    internal void Back(Visitor visitor, long now)
    {
        visitor.Returns++;
        _mostReturnsInRound = Math.Max(_mostReturnsInRound, ++visitor.ReturnsInRound);
        if (visitor.ReturnsInRound > 1)
            _againInRound++;
        _lastBack = now;
        _returns.Add(now - visitor.Noticed);
    }

    internal void RefusedByAll() => _refusedByAll++;

    internal void SentTo(IPAddress address, long now)
    {
        if (!_goneAddresses.Contains(address))
            return;
        _sentToGone++;
        _lastSentToGone = now;
    }

    /// <summary>A newcomer has its answer, or has been refused by all.</summary>
    internal void Answered(Visitor newcomer, bool isServed, long now)
    {
        // Who came before the mark is another matter.
        if (newcomer.Asked < _mark)
            return;
        _newcomers++;
        if (isServed)
            _answers.Add(now - newcomer.Asked);
        else
            _newcomersRefused++;
    }

    internal CrowdReport Report(long now, IReadOnlyCollection<Visitor> visitors)
    {
        var nodes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        int served = 0;
        foreach (Visitor visitor in visitors)
        {
            if (visitor is { State: VisitorState.Open, Echoed: > 0 })
            {
                served++;
                nodes[visitor.Node] = nodes.GetValueOrDefault(visitor.Node) + 1;
            }
        }

        _returns.Sort();
        _answers.Sort();
        return new CrowdReport
        {
            At = now - _mark,
            Visitors = visitors.Count,
            Served = served,
            Nodes = nodes,
            Echoes = _echoes,
            Lost = _lost,
            Duplicated = _duplicated,
            Strange = _strange,
            Disturbed = _disturbed,
            Disturbances = [.. _disturbances],
            Ended = _ended,
            LastNoticed = Since(_lastNoticed),
            LastBack = Since(_lastBack),
            MedianReturn = _returns.Count == 0 ? -1 : _returns[_returns.Count / 2],
            LongestReturn = _returns.Count == 0 ? -1 : _returns[^1],
            MostReturns = visitors.Count == 0 ? 0 : visitors.Max(visitor => visitor.Returns),
            MostReturnsInRound = _mostReturnsInRound,
            AgainInRound = _againInRound,
            RefusedByAll = _refusedByAll,
            SentToGone = _sentToGone,
            LastSentToGone = Since(_lastSentToGone),
            Newcomers = _newcomers,
            NewcomersRefused = _newcomersRefused,
            LongestAnswer = _answers.Count == 0 ? -1 : _answers[^1],
            MedianAnswer = _answers.Count == 0 ? -1 : _answers[_answers.Count / 2],
        };
    }

    private long Since(long time) => time < 0 ? -1 : time - _mark;
}
