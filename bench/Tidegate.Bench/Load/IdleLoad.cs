using System.Diagnostics;

namespace Tidegate.Bench.Load;

/// <summary>
/// Opens many connections, sends one message there and back on each, says <c>ready</c>, and holds them in silence until a
/// line comes on standard input. Then each must bring back one more message: a connection lost meanwhile is an error.
/// </summary>
internal sealed class IdleLoad : ClientLoop
{
    private const int AtOnce = 64;
    private const double PatienceSeconds = 90;
    private readonly int _last;
    private int _begun;
    private int _returned;

    private IdleLoad(LoadOptions options)
        : base(options) => _last = options.Connections;

    internal static LoadResult Hold(LoadOptions options)
    {
        using var load = new IdleLoad(options);
        load.OpenAll();
        Console.WriteLine("ready");
        // A thread of its own: a server may ping meanwhile, and wants its answer.
        Task<string?> released = Task.Run(Console.ReadLine);
        while (!released.IsCompleted)
            load.Turn(50);
        load.CheckAll();
        return new LoadResult { PerSecond = 0 };
    }

    protected override void Opened(ClientConnection connection) => Send(connection, 1);

    protected override void Returned(ClientConnection connection, int messages)
    {
        _returned++;
        if (_begun < _last)
            Connect(Connections[_begun++]);
    }

    private void OpenAll()
    {
        while (_begun < Math.Min(AtOnce, _last))
            Connect(Connections[_begun++]);
        Await("opened");
    }

    private void CheckAll()
    {
        _returned = 0;
        foreach (ClientConnection connection in Connections)
            Send(connection, 1);
        Await("were still alive");
    }

    private void Await(string what)
    {
        long started = Stopwatch.GetTimestamp();
        while (_returned < _last)
        {
            Turn(100);
            if (Stopwatch.GetElapsedTime(started).TotalSeconds > PatienceSeconds)
                throw new LoadException($"only {_returned} of {_last} connections {what} after {PatienceSeconds} s");
        }
    }
}
