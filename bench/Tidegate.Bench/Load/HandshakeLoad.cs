using System.Diagnostics;

namespace Tidegate.Bench.Load;

/// <summary>Connections made anew, a few at a time: connect, upgrade, one message there and back, reset.</summary>
internal sealed class HandshakeLoad : ClientLoop
{
    private const int PatienceMilliseconds = 5000;
    private long _done;

    private HandshakeLoad(LoadOptions options)
        : base(options)
    {
    }

    internal static LoadResult Measure(LoadOptions options)
    {
        using var load = new HandshakeLoad(options);
        var clock = new Stopclock(options);
        foreach (ClientConnection connection in load.Connections)
            load.Connect(connection);
        load.RunFor(options.WarmSeconds);
        clock.Start(load._done);
        load.RunFor(options.Seconds);
        return clock.Stop(load._done);
    }

    protected override void Opened(ClientConnection connection) => Send(connection, 1);

    protected override void Returned(ClientConnection connection, int messages)
    {
        _done++;
        Close(connection);
        Connect(connection);
    }

    private void RunFor(double seconds)
    {
        long end = Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < end)
        {
            if (!Turn(PatienceMilliseconds))
                throw new LoadException($"no handshake was finished for {PatienceMilliseconds / 1000} s");
        }
    }
}
