using System.Buffers;
using Tidegate.Membership.Registry;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>
/// Serf's layer above the protocol core (specification, section 3, annexes A6 and A7): tags, intents to join and leave, user events, queries, and the
/// state that goes with a push/pull. It does no I/O and has no thread; whoever calls it sees to it that one call ends before the next begins.
/// </summary>
internal sealed partial class SerfLayer
{
    private readonly ISerfHost _host;
    private readonly SerfOptions _options;
    private readonly RecordRegistry? _registry;
    private readonly StatusTable _table;
    private readonly LamportClock _clock = new();
    private readonly LamportClock _eventClock = new();
    private readonly LamportClock _queryClock = new();

    /// <param name="host">Whoever runs this.</param>
    /// <param name="options">Settings.</param>
    /// <param name="keys">The keyring; null where encryption is off.</param>
    /// <param name="registry">The records of gateways; null where this member has none.</param>
    internal SerfLayer(ISerfHost host, SerfOptions options, IKeyOperations? keys = null, RecordRegistry? registry = null)
    {
        _host = host;
        _options = options;
        _keys = keys;
        _registry = registry;
        _table = new StatusTable(Milliseconds(options.IntentAge), host.StatusChanged, host.Forget);
        _coalescer = new EventCoalescer(Milliseconds(options.CoalescePeriod), Milliseconds(options.CoalesceQuiet));
    }

    internal string Name => _options.Name;

    internal SerfCounters Counters { get; } = new();

    /// <summary>Everyone known, down or up.</summary>
    internal IReadOnlyCollection<SerfMember> Members => _table.Members;

    internal SerfMember? Find(string name) => _table.Find(name);

    /// <summary>Intents about members that are not known yet.</summary>
    internal int BufferedIntents => _table.BufferedIntents;

    /// <summary>True where <see cref="Tick"/> may have something to do, now or later. Nothing else needs the time to pass.</summary>
    internal bool HasWork =>
        _coalescer.Count > 0 || _ownQueries.Count > 0 || _leaveSpread is not null || _registry is { Pending: > 0 };

    /// <summary>Does what is due. To be called every 100 ms or so while <see cref="HasWork"/>.</summary>
    internal void Tick()
    {
        foreach (SerfEvent due in _coalescer.TakeDue(_host.Now))
        {
            _host.EventReceived(due);
        }

        CloseOverdueQueries();
        GiveUpLeaving();
        _registry?.Tick();
    }

    /// <summary>A user message, by packet or stream.</summary>
    /// <param name="message">What followed the byte <c>08</c>.</param>
    internal void UserMessageReceived(ReadOnlySpan<byte> message)
    {
        SerfMessageType type = message.IsEmpty ? SerfMessageType.State : (SerfMessageType)message[0];
        if (type == SerfMessageType.Records && _registry is not null)
        {
            _registry.Received(message[1..]);
            return;
        }

        if (message.Length > SerfLimits.Message)
        {
            Counters.Unreadable++;
            return;
        }

        switch (type)
        {
            case SerfMessageType.Leave:
                ReceiveLeave(message);
                break;
            case SerfMessageType.Join:
                ReceiveJoin(message);
                break;
            case SerfMessageType.UserEvent:
                ReceiveEvent(message);
                break;
            case SerfMessageType.Query:
                ReceiveQuery(message);
                break;
            case SerfMessageType.QueryAnswer:
                ReceiveAnswer(message);
                break;
            case SerfMessageType.Relay:
                ReceiveRelay(message);
                break;
            default:
                Counters.UnknownType++;
                break;
        }
    }

    /// <summary>The user state of a push/pull, for the other side.</summary>
    internal byte[] WriteState()
    {
        Dictionary<string, ulong> times = new(_table.Members.Count);
        List<string> left = [];
        foreach (SerfMember member in _table.Members)
        {
            // A member that is about to leave is not listed: readers would take its time for that of a join, and its intent to leave for an old one.
            if (member.Status != SerfStatus.Leaving)
            {
                times.Add(member.Name, member.StatusTime);
            }

            if (member.Status == SerfStatus.Left)
            {
                left.Add(member.Name);
            }
        }

        SerfState state = new()
        {
            Time = _clock.Time,
            StatusTimes = times,
            LeftMembers = left,
            EventTime = _eventClock.Time,
            Events = _events.ToList(),
            QueryTime = _queryClock.Time,
            Records = _registry?.WriteAll() ?? RawBytes.Nil,
        };
        ArrayBufferWriter<byte> output = new();
        state.Write(output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Merges the user state of the other side of a push/pull, after the core has merged its members.</summary>
    /// <param name="bytes">The user state; empty where the other side has no layer above the core.</param>
    /// <param name="joining">
    /// True where this member began the push/pull in order to join, or knew nobody before: what was said earlier is not meant for it.
    /// </param>
    /// <returns>False where it could not be read; nothing is merged then.</returns>
    internal bool MergeState(ReadOnlySpan<byte> bytes, bool joining)
    {
        if (bytes.IsEmpty)
        {
            return true;
        }

        if (bytes.Length > SerfLimits.State || !SerfFields.TryRead(bytes, out SerfState state))
        {
            Counters.Unreadable++;
            return false;
        }

        _clock.WitnessClock(state.Time);
        _eventClock.WitnessClock(state.EventTime);
        _queryClock.WitnessClock(state.QueryTime);
        MergeIntents(state);
        if (joining && !_options.ReplayEvents)
        {
            _leastEventTime = Math.Max(_leastEventTime, state.EventTime);
            _leastQueryTime = Math.Max(_leastQueryTime, state.QueryTime);
        }

        foreach (EventsOfOneTime? slot in state.Events)
        {
            foreach ((string name, RawBytes payload) in slot?.Events ?? [])
            {
                TakeEvent(new UserEventMessage(slot!.Time, name, payload, false));
            }
        }

        if (!state.Records.IsNil)
        {
            _registry?.Received(state.Records.Span);
        }

        return true;
    }

    /// <summary>What of a message is the message, for passing it on: not what a stranger put after it.</summary>
    private static byte[] Trimmed(ReadOnlySpan<byte> message, int length) => message[..length].ToArray();

    private static long Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;

    private int CountUp()
    {
        int up = 0;
        foreach (SerfPeer peer in _host.Peers)
        {
            up += peer.Up ? 1 : 0;
        }

        return up;
    }
}
