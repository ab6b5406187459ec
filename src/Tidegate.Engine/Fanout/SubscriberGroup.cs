using System.Collections.Concurrent;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Fanout;

/// <summary>The subscribers of one loop, and the messages that the slowest of them has not had yet.</summary>
internal sealed class SubscriberGroup
{
    // Subscribers that get their messages in one go, a millisecond or two, before the loop looks after its other connections.
    private const int ServedAtOnce = 256;

    private readonly FanoutHub _hub;
    private readonly Action<object?> _run;
    private readonly ConcurrentQueue<LoggedMessage> _incoming = new();
    private readonly List<Subscriber> _subscribers = [];

    // Those before this place have not been served in the present round, which goes from the last one to the first: whoever is moved when
    // another one leaves comes from the end, and can not be passed over.
    private int _unserved;
    private LoggedMessage _roundUntil;
    private bool _roundAgain;
    private int _scheduled;
    private int _count;
    private long _offered;

    internal SubscriberGroup(FanoutHub hub, EventLoop loop)
    {
        _hub = hub;
        Loop = loop;
        _run = _ => Run();
        Tail = _roundUntil = new LoggedMessage(null, 0);
    }

    internal EventLoop Loop { get; }

    internal FanoutOptions Options => _hub.Options;

    /// <summary>The last message.</summary>
    internal LoggedMessage Tail { get; private set; }

    /// <summary>Bytes of messages that have been offered to all subscribers.</summary>
    internal long Offered => Volatile.Read(ref _offered);

    internal int Count => Volatile.Read(ref _count);

    /// <summary>Takes a message from the publisher's thread.</summary>
    internal void Enqueue(SharedMessage message, long end)
    {
        _incoming.Enqueue(new LoggedMessage(message, end));
        Schedule();
    }

    internal void Add(Session session, ISubscriberInput? received)
    {
        // What was published before is not for it.
        TakeIncoming();
        var subscriber = new Subscriber(this, session, received, Tail) { Index = _subscribers.Count };
        _subscribers.Add(subscriber);
        Volatile.Write(ref _count, _subscribers.Count);
        subscriber.Begin();
    }

    internal void Remove(Subscriber subscriber)
    {
        int index = subscriber.Index;
        if (index < 0)
        {
            return;
        }

        Subscriber last = _subscribers[^1];
        _subscribers[index] = last;
        last.Index = index;
        subscriber.Index = -1;
        _subscribers.RemoveAt(_subscribers.Count - 1);
        _unserved = Math.Min(_unserved, _subscribers.Count);
        Volatile.Write(ref _count, _subscribers.Count);
    }

    internal void CloseAll(CloseStatus status, string reason)
    {
        TakeIncoming();
        foreach (Subscriber subscriber in _subscribers.ToArray())
        {
            subscriber.Close(status, reason);
        }
    }

    /// <summary>Has a round follow, for a subscriber that would take more.</summary>
    internal void ServeAgain()
    {
        _roundAgain = true;
        Schedule();
    }

    private void Schedule()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
        {
            Loop.Post(_run, null);
        }
    }

    private void TakeIncoming()
    {
        while (_incoming.TryDequeue(out LoggedMessage? message))
        {
            Tail.Next = message;
            Tail = message;
        }
    }

    private void Run()
    {
        Interlocked.Exchange(ref _scheduled, 0);
        TakeIncoming();
        if (_unserved == 0)
        {
            _unserved = _subscribers.Count;
            _roundUntil = Tail;
            _roundAgain = false;
        }

        for (int left = ServedAtOnce; left > 0 && _unserved > 0; left--)
        {
            _unserved--;
            _roundAgain |= _subscribers[_unserved].Serve();
        }

        if (_unserved == 0)
        {
            Volatile.Write(ref _offered, _roundUntil.End);
            _hub.TellOfCatchingUp();
        }

        if (_unserved > 0 || _roundAgain || !ReferenceEquals(_roundUntil, Tail))
        {
            Schedule();
        }
    }
}
