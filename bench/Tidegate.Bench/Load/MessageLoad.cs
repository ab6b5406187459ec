using System.Diagnostics;

namespace Tidegate.Bench.Load;

/// <summary>A closed loop: each connection keeps its window full, and sends as many messages as came back, in one send.</summary>
internal sealed class MessageLoad : ClientLoop
{
    private const int PatienceMilliseconds = 5000;

    /// <summary>A server that forks for each connection takes its time to open them.</summary>
    private const int OpeningMilliseconds = 20_000;
    private long _returned;
    private int _open;
    private bool _sending = true;

    private MessageLoad(LoadOptions options)
        : base(options)
    {
    }

    internal static LoadResult Measure(LoadOptions options)
    {
        using var load = new MessageLoad(options);
        var clock = new Stopclock(options);
        foreach (ClientConnection connection in load.Connections)
            load.Connect(connection);
        load.RunUntil(() => load._open == options.Connections, OpeningMilliseconds, "open");

        load.RunFor(options.WarmSeconds);
        clock.Start(load._returned);
        load.RunFor(options.Seconds);
        LoadResult result = clock.Stop(load._returned);

        // What is still under way is verified too; a connection that hangs is found here.
        load._sending = false;
        load.RunUntil(() => Array.TrueForAll(load.Connections, c => c.Outstanding == 0), PatienceMilliseconds, "bring back what was sent");
        return result;
    }

    protected override void Opened(ClientConnection connection)
    {
        _open++;
        Send(connection, Options.Window);
    }

    protected override void Returned(ClientConnection connection, int messages)
    {
        _returned += messages;
        if (_sending)
            Send(connection, messages);
    }

    private void RunFor(double seconds)
    {
        long end = Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < end)
        {
            if (!Turn(PatienceMilliseconds))
                throw new LoadException($"nothing came back for {PatienceMilliseconds / 1000} s");
        }
    }

    private void RunUntil(Func<bool> done, int milliseconds, string what)
    {
        long started = Stopwatch.GetTimestamp();
        while (!done())
        {
            Turn(100);
            if (Stopwatch.GetElapsedTime(started).TotalMilliseconds > milliseconds)
                throw new LoadException($"some connections did not {what} within {milliseconds / 1000} s");
        }
    }
}
