using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>What became of an answer to a query.</summary>
internal enum AnswerResult
{
    Sent,

    /// <summary>The asker does not wait any more.</summary>
    TooLate,

    AlreadyAnswered,

    /// <summary>It does not fit the 1,024 bytes that an answer may have with its head.</summary>
    TooLong,
}

/// <summary>A query that somebody asks, oneself included.</summary>
internal sealed class IncomingQuery
{
    private readonly SerfLayer _layer;
    private readonly QueryMessage _message;
    private readonly bool _own;
    private bool _answered;

    internal IncomingQuery(SerfLayer layer, QueryMessage message, bool own, long deadline)
    {
        _layer = layer;
        _message = message;
        _own = own;
        Deadline = deadline;
    }

    internal string Name => _message.Name;

    internal RawBytes Payload => _message.Payload;

    /// <summary>The member that asks; empty where an old one does.</summary>
    internal string SourceNode => _message.SourceNode;

    /// <summary>Until when answers are taken, by the host's clock.</summary>
    internal long Deadline { get; }

    /// <summary>Answers, once.</summary>
    internal AnswerResult Answer(RawBytes payload)
    {
        if (_answered)
        {
            return AnswerResult.AlreadyAnswered;
        }

        if (_layer.IsOver(Deadline))
        {
            return AnswerResult.TooLate;
        }

        byte[] answer = MakeAnswer(payload).ToBytes();
        if (answer.Length > SerfLimits.Query)
        {
            return AnswerResult.TooLong;
        }

        _answered = true;
        _layer.SendAnswer(_message, _own, answer);
        return AnswerResult.Sent;
    }

    /// <summary>True where an answer of this payload has no more bytes than an answer may have.</summary>
    internal bool Fits(RawBytes payload) => MakeAnswer(payload).ToBytes().Length <= SerfLimits.Query;

    /// <summary>Says that the query was received.</summary>
    internal void Acknowledge() =>
        _layer.SendAnswer(_message, _own, new QueryAnswerMessage(_message.Time, _message.Id, _layer.Name, QueryAnswerMessage.AckFlag, RawBytes.Nil).ToBytes());

    private QueryAnswerMessage MakeAnswer(RawBytes payload) => new(_message.Time, _message.Id, _layer.Name, 0, payload);
}
