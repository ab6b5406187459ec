using Tidegate.Membership.Serf.Messages;

namespace Tidegate.Membership.Serf;

/// <summary>A query of one's own that waits for acks and answers.</summary>
internal sealed class OwnQuery
{
    private readonly IQueryObserver _observer;
    private readonly HashSet<string> _acked = [];
    private readonly HashSet<string> _answered = [];

    internal OwnQuery(IQueryObserver observer, ulong time, uint id, long deadline, int members)
    {
        _observer = observer;
        Time = time;
        Id = id;
        Deadline = deadline;
        Members = members;
    }

    internal ulong Time { get; }

    internal uint Id { get; }

    /// <summary>When it is over, by the host's clock.</summary>
    internal long Deadline { get; }

    /// <summary>How many members were up when it was asked, oneself included.</summary>
    internal int Members { get; }

    internal bool IsClosed { get; private set; }

    /// <summary>Takes the first ack and the first answer of each member, however many ways they come.</summary>
    internal void Take(in QueryAnswerMessage answer)
    {
        if (IsClosed)
        {
            return;
        }

        if (answer.IsAck)
        {
            if (_acked.Add(answer.From))
            {
                _observer.Acked(this, answer.From);
            }
        }
        else if (_answered.Add(answer.From))
        {
            _observer.Answered(this, answer.From, answer.Payload);
        }
    }

    /// <summary>Stops waiting.</summary>
    internal void Close()
    {
        if (!IsClosed)
        {
            IsClosed = true;
            _observer.Finished(this);
        }
    }
}
