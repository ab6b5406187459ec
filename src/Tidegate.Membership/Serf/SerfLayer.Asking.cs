using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>Queries of one's own.</summary>
internal sealed partial class SerfLayer
{
    /// <summary>A query waits for this many rounds of gossip, for each digit of the cluster's size.</summary>
    private const int RoundsToWait = 16;

    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMilliseconds(LongestWait);

    private readonly Dictionary<(ulong Time, uint Id), OwnQuery> _ownQueries = [];

    /// <summary>How long a query waits unless it says so itself: 16 rounds of gossip, times the digits of the members that are up.</summary>
    internal TimeSpan DefaultTimeout => _options.GossipInterval * RoundsToWait * Math.Max(1, (int)Math.Ceiling(Math.Log10(CountUp() + 1)));

    /// <summary>Asks all members, oneself included.</summary>
    /// <param name="request">What to ask.</param>
    /// <param name="observer">Who wants to know what comes back.</param>
    /// <exception cref="ArgumentException">The query is longer than one may be, or its time-out is not between 0 and an hour.</exception>
    /// <exception cref="InvalidOperationException">Too many queries wait already, or the core does not know this member yet.</exception>
    internal OwnQuery Ask(QueryRequest request, IQueryObserver observer)
    {
        TimeSpan timeout = request.Timeout ?? DefaultTimeout;
        if (timeout <= TimeSpan.Zero || timeout > LongestTimeout)
        {
            throw new ArgumentException($"A query waits for more than nothing and at most an hour, not {timeout}.", nameof(request));
        }

        if (_ownQueries.Count >= SerfLimits.OwnQueries)
        {
            throw new InvalidOperationException($"{SerfLimits.OwnQueries} queries wait for answers already. Ask again when one of them is over.");
        }

        SerfPeer self = _host.Find(Name) ?? throw new InvalidOperationException($"{Name} is not a member yet, so it cannot be answered.");
        QueryMessage message = new()
        {
            Time = _queryClock.Time,
            Id = (uint)_host.Random.NextInt64(1L << 32),
            Asker = self.Address,
            SourceNode = Name,
            Filters = request.Filters.Count > 0 ? request.Filters : null,
            Flags = request.WantsAcks ? QueryMessage.AckFlag : 0,
            RelayFactor = request.RelayFactor,
            TimeoutNanoseconds = timeout.Ticks * TimeSpan.NanosecondsPerTick,
            Name = request.Name,
            Payload = request.Payload,
        };
        byte[] bytes = message.ToBytes();
        if (bytes.Length > SerfLimits.Query)
        {
            throw new ArgumentException(
                $"The query takes {bytes.Length} bytes with its name and filters, and a query may take {SerfLimits.Query}. Ask for less.", nameof(request));
        }

        OwnQuery query = new(observer, message.Time, message.Id, _host.Now + Milliseconds(timeout), CountUp());
        _ownQueries[(query.Time, query.Id)] = query;
        _queryClock.Witness(message.Time);
        _queries.TryAdd(_queryClock.Time, message.Time, message.Id);
        _host.QueueBroadcast(SerfTier.Queries, about: null, bytes, sent: null);
        TakeQuery(message, own: true);
        return query;
    }

    /// <summary>Adds a key to the keyrings of all members.</summary>
    internal OwnQuery InstallKey(ReadOnlySpan<byte> key, Action<KeyOutcome> done) => AskKeys(KeyQueries.Install, key, done);

    /// <summary>Has all members seal with an installed key.</summary>
    internal OwnQuery UseKey(ReadOnlySpan<byte> key, Action<KeyOutcome> done) => AskKeys(KeyQueries.Use, key, done);

    /// <summary>Removes a key from the keyrings of all members.</summary>
    internal OwnQuery RemoveKey(ReadOnlySpan<byte> key, Action<KeyOutcome> done) => AskKeys(KeyQueries.Remove, key, done);

    /// <summary>Lists which keys how many members have.</summary>
    internal OwnQuery ListKeys(Action<KeyOutcome> done) => AskKeys(KeyQueries.List, default, done);

    private OwnQuery AskKeys(string name, ReadOnlySpan<byte> key, Action<KeyOutcome> done)
    {
        KeyRequestMessage request = new(RawBytes.CopyOf(key));
        return Ask(new QueryRequest(name, RawBytes.CopyOf(request.ToBytes())), new KeyCall(done));
    }

    private void ReceiveAnswer(ReadOnlySpan<byte> bytes)
    {
        if (SerfFields.TryRead(bytes, out QueryAnswerMessage answer))
        {
            TakeAnswer(answer);
        }
        else
        {
            Counters.Unreadable++;
        }
    }

    private void TakeAnswer(in QueryAnswerMessage answer)
    {
        // Only members count, so that made-up names cannot fill the memory, or outvote those who are there.
        if (_ownQueries.TryGetValue((answer.Time, answer.Id), out OwnQuery? query) && !IsOver(query.Deadline) && _table.Find(answer.From) is not null)
        {
            query.Take(answer);
        }
        else
        {
            Counters.UnexpectedAnswers++;
        }
    }

    private void CloseOverdueQueries()
    {
        if (_ownQueries.Count == 0)
        {
            return;
        }

        foreach (OwnQuery query in _ownQueries.Values.ToArray())
        {
            if (query.IsClosed || IsOver(query.Deadline))
            {
                _ownQueries.Remove((query.Time, query.Id));
                query.Close();
            }
        }
    }
}
