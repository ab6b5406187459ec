using System.Diagnostics;

namespace Tidegate.Bench.Load;

/// <summary>
/// An open loop: messages are due at a fixed rate whether or not earlier ones have come back, and their time counts from
/// when they were due, not from when they could be sent. So a server that stalls pays for all that waited meanwhile
/// (no coordinated omission).
/// </summary>
internal sealed class LatencyLoad : ClientLoop
{
    private const double PatienceSeconds = 5;
    private const double OpeningSeconds = 20;

    /// <summary>Reading the server's CPU time delays what is due then, so it is done this long before the messages that count.</summary>
    private const double HeadStartSeconds = 0.1;
    private readonly Queue<long>[] _due;
    private readonly List<long> _took;
    private readonly double _ticksPerMessage;
    private int _open;
    private long _origin;
    private long _next;
    private long _measuredFrom = long.MaxValue;
    private long _last = long.MaxValue;
    private long _returned;

    private LatencyLoad(LoadOptions options)
        : base(options)
    {
        _ticksPerMessage = (double)Stopwatch.Frequency / options.Rate;
        _due = [.. Connections.Select(_ => new Queue<long>(1024))];
        _took = new List<long>((int)(options.Rate * options.Seconds) + 1024);
    }

    internal static LoadResult Measure(LoadOptions options)
    {
        using var load = new LatencyLoad(options);
        return load.Measure();
    }

    protected override void Opened(ClientConnection connection) => _open++;

    protected override void Ticked()
    {
        long now = Stopwatch.GetTimestamp();
        while (_next < _last && DueAt(_next) <= now)
        {
            ClientConnection connection = Connections[_next % Connections.Length];
            _due[connection.Index].Enqueue(_next);
            Send(connection, 1);
            _next++;
        }
    }

    protected override void Returned(ClientConnection connection, int messages)
    {
        long now = Stopwatch.GetTimestamp();
        for (int i = 0; i < messages; i++)
        {
            long message = _due[connection.Index].Dequeue();
            _returned++;
            if (message >= _measuredFrom)
                _took.Add(now - DueAt(message));
        }
    }

    private LoadResult Measure()
    {
        foreach (ClientConnection connection in Connections)
            Connect(connection);
        RunUntil(Stopwatch.GetTimestamp() + (long)(OpeningSeconds * Stopwatch.Frequency), () => _open == Connections.Length);
        if (_open < Connections.Length)
            throw new LoadException($"some connections did not open within {OpeningSeconds} s");

        var clock = new Stopclock(Options);
        _measuredFrom = (long)(Options.Rate * (Options.WarmSeconds + HeadStartSeconds));
        _last = _measuredFrom + (long)(Options.Rate * Options.Seconds);
        _origin = Stopwatch.GetTimestamp();
        AddTicker(TimeSpan.FromSeconds(1.0 / Options.Rate));
        RunUntil(DueAt((long)(Options.Rate * Options.WarmSeconds)), () => false);
        clock.Start(_returned);
        RunUntil(DueAt(_last), () => false);
        LoadResult atRate = clock.Stop(_returned);
        if (_next - _returned > Options.Rate)
            throw new LoadException($"falls behind: only {atRate.PerSecond:N0} a second came back");
        RunUntil(DueAt(_last) + (long)(PatienceSeconds * Stopwatch.Frequency), () => _returned == _last);
        if (_returned != _last)
            throw new LoadException($"{_last - _returned} messages did not come back within {PatienceSeconds} s");

        _took.Sort();
        return atRate with { P50 = At(0.5), P99 = At(0.99), Longest = At(1) };
    }

    private long DueAt(long message) => _origin + (long)(message * _ticksPerMessage);

    private double At(double share) =>
        _took[Math.Min(_took.Count - 1, (int)(share * _took.Count))] * 1e6 / Stopwatch.Frequency;

    private void RunUntil(long end, Func<bool> done)
    {
        while (Stopwatch.GetTimestamp() < end && !done())
            Turn(10);
    }
}
