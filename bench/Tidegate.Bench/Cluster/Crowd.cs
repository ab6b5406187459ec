using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Tidegate.Bench.Cluster;

/// <summary>
/// WebSocket clients of a cluster: they ask its balancers, are served here or there, send numbered messages all the time, and come back
/// when they have lost their session. Lines of its input say what it is to do; <c>report</c> is answered with a line of JSON.
/// </summary>
internal sealed class Crowd(CrowdOptions options, TextReader input, TextWriter output) : CrowdLoop(TimeSpan.FromMilliseconds(TickMilliseconds))
{
    private const int TickMilliseconds = 5;

    private const int LateMilliseconds = 100;

    // All have refused: they are asked again after a moment, as clients do.
    private const int PauseMilliseconds = 100;
    private readonly List<Visitor> _visitors = [];
    private readonly List<Visitor> _newcomers = [];
    private readonly ConcurrentQueue<string> _commands = new();
    private readonly CrowdTally _tally = new();
    private int _due;
    private double _rate;
    private double _credit;
    private double _newcomerRate;
    private double _newcomerCredit;
    private int _newcomerTurn;
    private long _lastTick = Now;
    private bool _isLate;
    private bool _isOver;

    /// <summary>Runs until its input ends.</summary>
    internal int Run()
    {
        // Reading a pipe blocks.
        var reader = new Thread(() =>
        {
            while (input.ReadLine() is { } line)
                _commands.Enqueue(line);
            _commands.Enqueue("end");
        })
        { IsBackground = true };
        reader.Start();
        output.WriteLine("ready");
        output.Flush();
        while (!_isOver)
            Turn();
        return 0;
    }

    protected override Visitor? Find(int index) =>
        index >= 0 ? (index < _visitors.Count ? _visitors[index] : null) : -1 - index < _newcomers.Count ? _newcomers[-1 - index] : null;

    protected override void Ticked()
    {
        long now = Now;
        while (_commands.TryDequeue(out string? command))
            Do(command.Split(' ', StringSplitOptions.RemoveEmptyEntries), now);
        double seconds = (now - _lastTick) / 1000.0;

        // Who has stood still looks first at what has come meanwhile, before anybody is said to have been too slow.
        bool wasLate = _isLate;
        _isLate = now - _lastTick > LateMilliseconds;
        bool mayGiveUp = !_isLate || wasLate;
        _lastTick = now;
        for (_credit = Math.Min(_credit + (_rate * seconds), 1_000); _credit >= 1 && _due > 0; _credit--, _due--)
        {
            var visitor = new Visitor(_visitors.Count, IsRedirected(_visitors.Count), isNewcomer: false) { Turn = _visitors.Count / 2 };
            _visitors.Add(visitor);
            Ask(visitor, now);
        }

        for (_newcomerCredit += _newcomerRate * seconds; _newcomerCredit >= 1; _newcomerCredit--)
            Ask(Newcomer(), now);
        foreach (Visitor visitor in _visitors)
            Look(visitor, now, mayGiveUp);
        foreach (Visitor newcomer in _newcomers)
            Look(newcomer, now, mayGiveUp);
    }

    protected override void Connected(Visitor visitor)
    {
        (string authority, string path) = visitor.SentTo ?? (options.Authority, visitor.IsRedirected ? options.RedirectedPath : options.RelayedPath);
        string request =
            $"GET {path} HTTP/1.1\r\nHost: {authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
            $"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{(options.Nodes.Length > 0 ? $"Sec-WebSocket-Protocol: {options.Nodes}\r\n" : "")}\r\n";
        visitor.State = VisitorState.Asking;
        visitor.Deadline = Now + options.AnswerTimeout;
        if (!Send(visitor, Encoding.ASCII.GetBytes(request)))
            Broken(visitor, "lost before the handshake");
    }

    protected override void Answered(Visitor visitor, string head)
    {
        long now = Now;
        string[] lines = head.Split("\r\n");
        if (lines[0].StartsWith("HTTP/1.1 101", StringComparison.Ordinal))
        {
            visitor.Node = ValueOf(lines, "Sec-WebSocket-Protocol");
            if (visitor.IsNewcomer)
                Dismiss(visitor, isServed: true, now);
            else
                Open(visitor, now);
        }
        else if (lines[0].StartsWith("HTTP/1.1 302", StringComparison.Ordinal) && visitor.SentTo is null
            && Uri.TryCreate(ValueOf(lines, "Location"), UriKind.Absolute, out Uri? location) && IPAddress.TryParse(location.Host, out IPAddress? address))
        {
            _tally.SentTo(address, now);
            if (visitor.IsNewcomer)
            {
                Dismiss(visitor, isServed: true, now);
                return;
            }

            Disconnect(visitor);
            visitor.SentTo = (location.Authority, location.PathAndQuery);
            visitor.At = new IPEndPoint(address, location.Port);
            Begin(visitor, now);
        }
        else
        {
            Broken(visitor, $"answered {lines[0]}");
        }
    }

    protected override void Echoed(Visitor visitor, int index, int generation, long number)
    {
        long now = Now;
        bool isFirst = visitor.Echoed == 0;
        _tally.Echoed(visitor, index, generation, number);
        visitor.OwedSince = now;
        if (isFirst && visitor.Echoed > 0)
        {
            if (visitor.Noticed >= 0)
                _tally.Back(visitor, now);
            visitor.Noticed = -1;
            visitor.Tried = 0;
        }
    }

    protected override void Broken(Visitor visitor, string reason)
    {
        long now = Now;
        bool wasServed = visitor is { State: VisitorState.Open, Echoed: > 0 };
        if (wasServed)
            _tally.Ended(visitor, reason, now);
        Disconnect(visitor);
        visitor.State = VisitorState.Away;
        visitor.Deadline = now;

        // Whoever was lost is not the first to be asked.
        visitor.Turn++;
        if (options.Balancers[visitor.Turn % options.Balancers.Length].Address.Equals(visitor.At?.Address))
            visitor.Turn++;
        if (wasServed)
        {
            visitor.Noticed = now;
            visitor.Tried = 0;
        }
        else if (++visitor.Tried >= options.Balancers.Length)
        {
            visitor.Tried = 0;
            if (visitor.IsNewcomer)
            {
                Dismiss(visitor, isServed: false, now);
                return;
            }

            _tally.RefusedByAll();
            visitor.Deadline = now + PauseMilliseconds;
        }
    }

    private void Do(string[] words, long now)
    {
        switch (words)
        {
            case ["connect", var count, var rate]:
                // So many more visitors, so many a second.
                _due = int.Parse(count, System.Globalization.CultureInfo.InvariantCulture);
                _rate = double.Parse(rate, System.Globalization.CultureInfo.InvariantCulture);
                _credit = 0;
                break;
            case ["newcomers", var rate]:
                _newcomerRate = double.Parse(rate, System.Globalization.CultureInfo.InvariantCulture);
                break;
            case ["mark"]:
                _tally.Mark(now, _visitors);
                break;
            case ["round"]:
                CrowdTally.BeginRound(_visitors);
                break;
            case ["gone", var node, var address]:
                _tally.Gone(node, IPAddress.Parse(address));
                break;
            case ["leave"]:
                // All visitors go, and are forgotten.
                foreach (Visitor visitor in _visitors)
                    Disconnect(visitor);
                _visitors.Clear();
                break;
            case ["report"]:
                output.WriteLine(JsonSerializer.Serialize(_tally.Report(now, _visitors)));
                output.Flush();
                break;
            case ["end"]:
                _isOver = true;
                break;
            default:
                Console.Error.WriteLine($"'{string.Join(' ', words)}' is no command: connect COUNT RATE, newcomers RATE, mark, round, gone NODE ADDRESS, leave, report, end");
                break;
        }
    }

    private bool IsRedirected(int index) => options.RelayedPath.Length == 0 || (options.RedirectedPath.Length > 0 && index % 2 == 1);

    /// <summary>A newcomer, with the place of one who is done where there is one.</summary>
    private Visitor Newcomer()
    {
        int place = _newcomers.FindIndex(newcomer => newcomer.State == VisitorState.Done);
        int turn = _newcomerTurn++;
        var newcomer = new Visitor(-1 - (place >= 0 ? place : _newcomers.Count), IsRedirected(turn), isNewcomer: true) { Turn = turn / 2, Asked = Now };
        if (place >= 0)
            _newcomers[place] = newcomer;
        else
            _newcomers.Add(newcomer);
        return newcomer;
    }

    private void Ask(Visitor visitor, long now)
    {
        visitor.SentTo = null;
        visitor.At = options.Balancers[visitor.Turn % options.Balancers.Length];
        Begin(visitor, now);
    }

    private void Begin(Visitor visitor, long now)
    {
        visitor.Deadline = now + options.ConnectTimeout;
        try
        {
            Connect(visitor);
        }
        catch (IOException e)
        {
            Broken(visitor, e.Message);
        }
    }

    private void Open(Visitor visitor, long now)
    {
        visitor.State = VisitorState.Open;
        visitor.OwedSince = now;
        SendMessage(visitor, now);
    }

    private void Dismiss(Visitor newcomer, bool isServed, long now)
    {
        Disconnect(newcomer);
        newcomer.State = VisitorState.Done;
        _tally.Answered(newcomer, isServed, now);
    }

    private void Look(Visitor visitor, long now, bool mayGiveUp)
    {
        switch (visitor.State)
        {
            case VisitorState.Away when now >= visitor.Deadline:
                Ask(visitor, now);
                break;
            case VisitorState.Connecting or VisitorState.Asking when mayGiveUp && now >= visitor.Deadline:
                Broken(visitor, "no answer in time");
                break;
            case VisitorState.Open when mayGiveUp && visitor.Sent > visitor.Echoed && now - visitor.OwedSince >= options.Silence:
                Broken(visitor, "silent");
                break;
            case VisitorState.Open when now >= visitor.NextMessage:
                SendMessage(visitor, now);
                break;
        }
    }

    private void SendMessage(Visitor visitor, long now)
    {
        Span<byte> message = stackalloc byte[EchoedFrames.MessageSize];
        BinaryPrimitives.WriteInt32BigEndian(message, visitor.Index);
        BinaryPrimitives.WriteInt32BigEndian(message[4..], visitor.Generation);
        BinaryPrimitives.WriteInt64BigEndian(message[8..], visitor.Sent);
        if (visitor.Sent == visitor.Echoed)
            visitor.OwedSince = now;

        // Each begins elsewhere in the interval, so that messages are under way all the time.
        visitor.NextMessage = now + (visitor.Sent == 0 ? visitor.Index * 7L % options.Interval : options.Interval);
        if (SendFrame(visitor, 2, message))
            visitor.Sent++;
        else
            Broken(visitor, "takes no more messages");
    }

    private static string ValueOf(string[] lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..].Trim() ?? "";
}
