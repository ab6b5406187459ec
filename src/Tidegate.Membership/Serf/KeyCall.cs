using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>What all members together say to an operation on keys.</summary>
/// <param name="Members">How many members were up.</param>
/// <param name="Answers">How many have answered.</param>
/// <param name="Failures">How many of them could not do it.</param>
/// <param name="Messages">What members have to say, by their names.</param>
/// <param name="Keys">How many members have each key, by its base64.</param>
/// <param name="PrimaryKeys">How many members seal with each key, by its base64.</param>
internal sealed record KeyOutcome(
    int Members,
    int Answers,
    int Failures,
    IReadOnlyDictionary<string, string> Messages,
    IReadOnlyDictionary<string, int> Keys,
    IReadOnlyDictionary<string, int> PrimaryKeys)
{
    /// <summary>True where every member that was up has done it. Anything less leaves members behind that cannot read the others.</summary>
    internal bool Succeeded => Answers >= Members && Failures == 0;
}

/// <summary>Counts the answers to an operation on keys.</summary>
internal sealed class KeyCall(Action<KeyOutcome> done) : IQueryObserver
{
    private readonly Dictionary<string, string> _messages = [];
    private readonly Dictionary<string, int> _keys = [];
    private readonly Dictionary<string, int> _primaryKeys = [];
    private int _answers;
    private int _failures;

    public void Acked(OwnQuery query, string from)
    {
    }

    public void Answered(OwnQuery query, string from, RawBytes payload)
    {
        _answers++;
        bool read = SerfFields.TryRead(payload.Span, out KeyAnswerMessage answer);
        string message = read ? answer.Message : "The answer could not be read.";
        if (!read || !answer.Result)
        {
            _failures++;
        }

        if (message.Length > 0)
        {
            _messages[from] = message;
        }

        // Each member counts once for a key, and one answer holds at most as many keys as fit it, which bounds all of this.
        foreach (string key in (answer.Keys ?? []).Distinct())
        {
            _keys[key] = _keys.GetValueOrDefault(key) + 1;
        }

        if (answer.PrimaryKey.Length > 0)
        {
            _primaryKeys[answer.PrimaryKey] = _primaryKeys.GetValueOrDefault(answer.PrimaryKey) + 1;
        }

        if (_answers >= query.Members)
        {
            query.Close();
        }
    }

    public void Finished(OwnQuery query) => done(new KeyOutcome(query.Members, _answers, _failures, _messages, _keys, _primaryKeys));
}
