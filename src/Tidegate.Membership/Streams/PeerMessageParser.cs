using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Streams;

/// <summary>
/// Reads one message from bytes that come bit by bit, because nothing says how long a plain push/pull is (annex A3).
/// Each part is read once when it is whole; only an item that is cut off, of bounded length, is tried again.
/// </summary>
internal sealed class PeerMessageParser
{
    private readonly List<StateEntry> _entries = [];
    private readonly StreamBudget.Share _share;
    private PushPullHeader? _header;
    private UserHeader? _user;

    internal PeerMessageParser(StreamBudget.Share share) => _share = share;

    /// <summary>The message, once it is whole.</summary>
    internal PeerMessage? Message { get; private set; }

    /// <summary>Bytes from the beginning that are done with.</summary>
    internal int Position { get; private set; }

    /// <summary>How many bytes from the beginning there must be before it is worth trying again.</summary>
    internal int Needed { get; private set; } = 1;

    /// <summary>Goes on with all bytes from the message's beginning, type byte first. Null message and no refusal: more are needed.</summary>
    internal StreamRefusal Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return StreamRefusal.None;
        }

        Position = Math.Max(Position, 1);
        return (MessageType)bytes[0] switch
        {
            MessageType.PushPull => ParsePushPull(bytes),
            MessageType.User => ParseUser(bytes),
            MessageType.Ping => ParseWhole<PingMessage>(bytes, static ping => new StreamPing(ping)),
            MessageType.Ack => ParseWhole<AckMessage>(bytes, static ack => new StreamAck(ack)),
            MessageType.Error => ParseWhole<ErrorMessage>(bytes, static error => new StreamError(error.Error)),
            _ => StreamRefusal.UnknownType,
        };
    }

    private StreamRefusal ParseWhole<T>(ReadOnlySpan<byte> bytes, Func<T, PeerMessage> make)
        where T : struct, IMessage<T>
    {
        StreamRefusal refusal = ParseItem(bytes, out T? item);
        if (refusal == StreamRefusal.None && item is { } whole)
        {
            Message = make(whole);
        }

        return refusal;
    }

    private StreamRefusal ParseItem<T>(ReadOnlySpan<byte> bytes, out T? item)
        where T : struct, IMessage<T>
    {
        MessagePackReader reader = new(bytes[Position..]);
        item = T.TryRead(ref reader, out T read) ? read : null;
        return Took(ref reader, bytes);
    }

    private StreamRefusal ParsePushPull(ReadOnlySpan<byte> bytes)
    {
        if (_header is null)
        {
            StreamRefusal refusal = ParseItem(bytes, out _header);
            if (refusal != StreamRefusal.None || _header is null)
            {
                return refusal;
            }
        }

        PushPullHeader header = _header.Value;
        while (_entries.Count < header.Nodes)
        {
            MessagePackReader reader = new(bytes[Position..]);
            bool read = StateEntry.TryRead(ref reader, out StateEntry? entry);
            StreamRefusal refusal = Took(ref reader, bytes);
            if (!read || refusal != StreamRefusal.None)
            {
                return refusal;
            }

            if (!_share.TryAdd(StreamLimits.EntryCost))
            {
                return StreamRefusal.TooMuchHeld;
            }

            _entries.Add(entry!);
        }

        return TakeBytes(bytes, header.UserStateLength, state => new ClusterState(header.Join, _entries, state));
    }

    private StreamRefusal ParseUser(ReadOnlySpan<byte> bytes)
    {
        if (_user is null)
        {
            StreamRefusal refusal = ParseItem(bytes, out _user);
            if (refusal != StreamRefusal.None || _user is null)
            {
                return refusal;
            }
        }

        return TakeBytes(bytes, _user.Value.Length, static body => new StreamUser(body));
    }

    // The last part of a message.
    private StreamRefusal TakeBytes(ReadOnlySpan<byte> bytes, int length, Func<byte[], PeerMessage> make)
    {
        if (bytes.Length - Position < length)
        {
            Needed = Position + length;
            return StreamRefusal.None;
        }

        if (!_share.TryAdd(length))
        {
            return StreamRefusal.TooMuchHeld;
        }

        Message = make(bytes.Slice(Position, length).ToArray());
        Position += length;
        return StreamRefusal.None;
    }

    private StreamRefusal Took(ref MessagePackReader reader, ReadOnlySpan<byte> bytes)
    {
        if (!reader.Failed)
        {
            Position += reader.Consumed;
            return reader.Consumed > StreamLimits.Item ? StreamRefusal.TooLarge : StreamRefusal.None;
        }

        if (reader.Failure != ReadFailure.Truncated)
        {
            return reader.Failure == ReadFailure.TooDeep ? StreamRefusal.TooDeep : StreamRefusal.Unreadable;
        }

        Needed = bytes.Length + 1;
        return bytes.Length - Position > StreamLimits.Item ? StreamRefusal.TooLarge : StreamRefusal.None;
    }
}
