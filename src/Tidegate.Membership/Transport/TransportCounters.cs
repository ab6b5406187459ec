namespace Tidegate.Membership.Transport;

/// <summary>What went over the packet socket since the start. UDP payload only. Any thread.</summary>
internal sealed class TransportCounters
{
    private long _packetsReceived;
    private long _bytesReceived;
    private long _packetsSent;
    private long _bytesSent;
    private long _packetsNotSent;
    private long _handlerFailures;

    internal long PacketsReceived => Volatile.Read(ref _packetsReceived);

    internal long BytesReceived => Volatile.Read(ref _bytesReceived);

    internal long PacketsSent => Volatile.Read(ref _packetsSent);

    internal long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>Packets that the system did not take: no route, a full buffer, an address of the other family.</summary>
    internal long PacketsNotSent => Volatile.Read(ref _packetsNotSent);

    /// <summary>Packets and streams on which the handler threw, which is a mistake of ours and not of the peer.</summary>
    internal long HandlerFailures => Volatile.Read(ref _handlerFailures);

    internal long HandlerFailed() => Interlocked.Increment(ref _handlerFailures);

    internal void Received(int bytes)
    {
        Interlocked.Increment(ref _packetsReceived);
        Interlocked.Add(ref _bytesReceived, bytes);
    }

    internal void Sent(int bytes)
    {
        Interlocked.Increment(ref _packetsSent);
        Interlocked.Add(ref _bytesSent, bytes);
    }

    internal void NotSent() => Interlocked.Increment(ref _packetsNotSent);
}
