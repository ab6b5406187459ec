namespace Tidegate.Membership;

/// <summary>How a query is asked.</summary>
public sealed record QueryOptions
{
    /// <summary>How long to wait for answers, up to an hour. Null: what suits the cluster's size, some seconds.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Only members of these names answer; null for all.</summary>
    public IReadOnlyList<string>? Names { get; init; }

    /// <summary>Only members whose tags match these regular expressions answer, all of them; null for all.</summary>
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>True where members are to say that they have received the query.</summary>
    public bool WantsAcknowledgements { get; init; }

    /// <summary>By how many members answers take another way, besides the direct one; for networks that lose much. 0 to 255.</summary>
    public byte RelayFactor { get; init; }
}

/// <summary>What came back.</summary>
/// <param name="Acknowledged">Members that have received the query, where that was asked for.</param>
/// <param name="Answers">What members answered, by their names.</param>
public sealed record QueryResult(IReadOnlyCollection<string> Acknowledged, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Answers);

/// <summary>A query that a member asks, this one included.</summary>
public sealed class MemberQuery
{
    private readonly Func<ReadOnlyMemory<byte>, bool> _answer;

    internal MemberQuery(string name, ReadOnlyMemory<byte> payload, string from, Func<ReadOnlyMemory<byte>, bool> answer)
    {
        Name = name;
        Payload = payload;
        From = from;
        _answer = answer;
    }

    /// <summary>What is asked.</summary>
    public string Name { get; }

    /// <summary>What goes with it.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Who asks; empty where an old agent does not say.</summary>
    public string From { get; }

    /// <summary>Answers, once and in time. An answer may have about 1,000 bytes.</summary>
    /// <returns>False where it came too late, was given before, or is too long.</returns>
    public bool Answer(ReadOnlyMemory<byte> payload) => _answer(payload);
}
