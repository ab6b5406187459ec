using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>Queries that others ask, and relaying.</summary>
internal sealed partial class SerfLayer
{
    private const string InternalPrefix = "_serf_";
    private const string Ping = "_serf_ping";

    /// <summary>An hour is longer than anyone waits, and a bound on what a stranger's number can do.</summary>
    private const long LongestWait = 3_600_000;

    private readonly QueryRing _queries = new();

    /// <summary>Queries before this time were asked before one joined.</summary>
    private ulong _leastQueryTime;

    private readonly IKeyOperations? _keys;

    internal bool IsOver(long deadline) => _host.Now >= deadline;

    /// <summary>Sends an ack or an answer to the asker: directly, and by as many relays as it wants.</summary>
    internal void SendAnswer(QueryMessage query, bool own, byte[] answer)
    {
        if (own)
        {
            if (SerfFields.TryRead(answer, out QueryAnswerMessage message))
            {
                TakeAnswer(message);
            }

            return;
        }

        _host.SendUserMessage(query.Asker, answer, stream: false);
        if (query.RelayFactor == 0 || _table.Members.Count < query.RelayFactor + 1)
        {
            return;
        }

        byte[] relayed = [.. new RelayMessage(query.Asker, query.SourceNode).ToBytes(), .. answer];
        foreach (SerfPeer relay in ChooseRelays(query))
        {
            _host.SendUserMessage(relay.Address, relayed, stream: false);
        }
    }

    private IEnumerable<SerfPeer> ChooseRelays(QueryMessage query)
    {
        SerfPeer[] able = [.. _host.Peers.Where(peer =>
            peer.Up && peer.Relays && peer.Name != Name && peer.Name != query.SourceNode && peer.Address != query.Asker)];
        _host.Random.Shuffle(able);
        return able.Take(query.RelayFactor);
    }

    private void ReceiveQuery(ReadOnlySpan<byte> bytes)
    {
        if (!SerfFields.TryRead(bytes, out QueryMessage query, out int length))
        {
            Counters.Unreadable++;
            return;
        }

        _queryClock.Witness(query.Time);
        if (query.Time < _leastQueryTime)
        {
            // Asked before this member joined: a recorded one most likely, and what it asks for may be to use an old key.
            Counters.TooOld++;
            return;
        }

        if (!IsNew(_queries.TryAdd(_queryClock.Time, query.Time, query.Id)))
        {
            return;
        }

        if ((query.Flags & QueryMessage.NoPassingOnFlag) == 0)
        {
            _host.QueueBroadcast(SerfTier.Queries, about: null, Trimmed(bytes, length), sent: null);
        }

        // Without an address to answer to, or with one that is many, nobody could be told anything.
        if (IsOneHost(query.Asker))
        {
            TakeQuery(query, own: false);
        }
        else
        {
            Counters.Unreadable++;
        }
    }

    private void TakeQuery(QueryMessage query, bool own)
    {
        if (_host.Find(Name) is not SerfPeer self || !IsMeant(query, self))
        {
            return;
        }

        long wait = Math.Clamp(query.TimeoutNanoseconds / 1_000_000, 0, LongestWait);
        IncomingQuery incoming = new(this, query, own, _host.Now + wait);
        if (query.WantsAck)
        {
            incoming.Acknowledge();
        }

        if (!query.Name.StartsWith(InternalPrefix, StringComparison.Ordinal))
        {
            _host.QueryReceived(incoming);
            return;
        }

        switch (query.Name)
        {
            // The ack is all that is wanted.
            case Ping:
                break;
            case ConflictVote.Query:
                AnswerConflict(incoming);
                break;
            case KeyQueries.Install or KeyQueries.Use or KeyQueries.Remove or KeyQueries.List:
                incoming.Answer(RawBytes.CopyOf(KeyQueries.Answer(incoming, _keys).ToBytes()));
                break;
            default:
                Counters.UnknownType++;
                break;
        }
    }

    private bool IsMeant(QueryMessage query, SerfPeer self)
    {
        if (query.Filters is not { Count: > 0 } filters)
        {
            return true;
        }

        Tags.TryRead(self.Meta, out IReadOnlyDictionary<string, string> tags);
        return filters.All(filter => QueryFilter.Matches(filter, Name, tags));
    }

    /// <summary>Says at which address a name is known here. Whoever bears the name is a party to the quarrel and has no vote.</summary>
    private void AnswerConflict(IncomingQuery query)
    {
        string name = System.Text.Encoding.UTF8.GetString(query.Payload.Span);
        if (name == Name)
        {
            return;
        }

        ConflictAnswerMessage answer = _table.Find(name) is SerfMember member
            ? new()
            {
                Known = true,
                Name = member.Name,
                Address = member.Address,
                Tags = member.Tags,
                Status = member.Status,
                Versions = member.Versions,
            }
            : ConflictAnswerMessage.Unknown;
        query.Answer(RawBytes.CopyOf(answer.ToBytes()));
    }

    private void ReceiveRelay(ReadOnlySpan<byte> bytes)
    {
        if (!SerfFields.TryRead(bytes, out RelayMessage relay, out int length) || length == bytes.Length)
        {
            Counters.Unreadable++;
            return;
        }

        // Only to where a member is: whoever sends what strangers ask for to any address becomes their weapon.
        SerfPeer? destination = _host.Find(relay.Name);
        if (destination is null || !ConflictVote.SamePlace(destination.Address, relay.Destination))
        {
            destination = _host.Peers.FirstOrDefault(peer => ConflictVote.SamePlace(peer.Address, relay.Destination));
        }

        if (destination is null)
        {
            Counters.RelaysRefused++;
            return;
        }

        _host.SendUserMessage(relay.Destination, bytes[length..], stream: false);
    }

    private static bool IsOneHost(MemberAddress address)
    {
        if (!ConflictVote.IsWhole(address))
        {
            return false;
        }

        byte[] bytes = address.ToEndPoint().Address.GetAddressBytes();
        return bytes.Length == WireLimits.Address4 ? bytes[0] is > 0 and < 224 : bytes[0] != 0xff && bytes.AsSpan().ContainsAnyExcept((byte)0);
    }
}
