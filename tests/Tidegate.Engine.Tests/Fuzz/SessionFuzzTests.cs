using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Tidegate.Engine.Emulation;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Xunit.Abstractions;
using static Tidegate.Engine.Tests.Fuzz.EmulatedFrames;

namespace Tidegate.Engine.Tests.Fuzz;

/// <summary>
/// Emulated WebSockets beside each other, on one loop, whose requests come piece by piece in any order: each hears what its own client has sent and nothing
/// else, whatever a broken one among them sends. 10 s from a printed seed, or five million pieces where TIDEGATE_LONG=1. TIDEGATE_FUZZ_SEED repeats a run.
/// </summary>
public sealed class SessionFuzzTests(ITestOutputHelper output) : EngineTest(EventSource.Portable)
{
    private const int LongRun = 5_000_000;
    private const int Clients = 8;
    private const int PiecesATurn = 500;
    private readonly byte[] _buffer = new byte[256];
    private readonly FuzzedClient[] _clients = new FuzzedClient[Clients];
    private int _next;
    private int _broken;
    private long _heard;

    [Fact]
    public void Each_session_hears_its_own_client_whatever_the_others_send()
    {
        bool isLong = Environment.GetEnvironmentVariable("TIDEGATE_LONG") == "1";
        string? given = Environment.GetEnvironmentVariable("TIDEGATE_FUZZ_SEED");
        int seed = given is null ? Random.Shared.Next() : int.Parse(given, CultureInfo.InvariantCulture);
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        long start = Stopwatch.GetTimestamp();
        int pieces = 0;
        for (; isLong ? pieces < LongRun : pieces < 5000 || Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10); pieces += PiecesATurn)
        {
            string? fault = OnLoop(() =>
            {
                for (int i = 0; i < PiecesATurn; i++)
                {
                    if (Step(random) is { } wrong)
                    {
                        return wrong;
                    }
                }

                return null;
            });
            Assert.True(fault is null, $"seed {seed}: {fault}");
        }

        OnLoop(() => Array.ForEach(_clients, client => client.Session.Abort()));
        output.WriteLine($"{pieces} pieces, {_heard} messages, {_broken} clients broken");
        Assert.InRange(_broken, 1, pieces - 1);
        Assert.InRange(_heard, 1, long.MaxValue);
    }

    /// <summary>Brings one piece of one client's request; what is wrong, or null.</summary>
    private string? Step(Random random)
    {
        int index = random.Next(Clients);
        FuzzedClient client = _clients[index] ??= new FuzzedClient(_next++, Loop);
        if (client.At == client.Body.Length)
        {
            client.Body = Encode(client.NextFrames(random), client.Encoding = (EmulationEncoding)random.Next(3), random);
            client.At = 0;
            if (random.Next(100) == 0)
            {
                client.Body[random.Next(client.Body.Length)] = (byte)random.Next(256);
                client.IsTampered = true;
            }

            if (client.Session.BeginUpstream(client.Encoding, null) is { } refused)
            {
                return $"client {client.Number} may not begin: {refused}";
            }
        }

        // All share a buffer, as pieces of requests do: nobody may keep what lies in it.
        int count = Math.Min(random.Next(1, _buffer.Length + 1), client.Body.Length - client.At);
        client.Body.AsSpan(client.At, count).CopyTo(_buffer);
        client.At += count;
        Task<string?> received = client.Session.ReceiveAsync(_buffer.AsMemory(0, count));
        Random.Shared.NextBytes(_buffer);
        if (!received.IsCompleted)
        {
            return $"client {client.Number} is held back";
        }

        string? fault = received.GetAwaiter().GetResult();
        if (fault is null && client.At == client.Body.Length)
        {
            fault = client.Session.EndUpstream(whole: true);
        }

        if (client.IsTampered && (fault is not null || client.At == client.Body.Length))
        {
            // What else it may have said is its own affair, but not what it has said of others.
            client.Session.Abort();
            _broken++;
            _clients[index] = new FuzzedClient(_next++, Loop);
            return client.HasHeardOthers ? $"client {client.Number} has heard another one" : null;
        }

        if (fault is not null)
        {
            return $"client {client.Number} is refused: {fault}";
        }

        if (client.At == client.Body.Length)
        {
            _heard += client.Sent.Count;
            return client.Check();
        }

        return null;
    }

    /// <summary>A client with its session, whose handler sends everything back.</summary>
    private sealed class FuzzedClient : ISessionHandler
    {
        private const int Mark = sizeof(int);
        private readonly List<byte[]> _heard = [];

        internal FuzzedClient(int number, EventLoop loop)
        {
            Number = number;
            Session = new EmulatedSession(loop, new EmulationOptions { MaximumMessageSize = 400 }, null, null, _ => { }) { Handler = this };
            Session.Start();
        }

        internal int Number { get; }

        internal EmulatedSession Session { get; }

        internal EmulationEncoding Encoding { get; set; }

        internal byte[] Body { get; set; } = [];

        internal int At { get; set; }

        internal List<byte[]> Sent { get; } = [];

        internal bool IsTampered { get; set; }

        internal bool HasHeardOthers { get; private set; }

        /// <summary>Some messages that begin with the client's number.</summary>
        internal List<byte> NextFrames(Random random)
        {
            var frames = new List<byte>();
            for (int count = random.Next(1, 5); count > 0; count--)
            {
                byte[] message = new byte[Mark + random.Next(random.Next(4) == 0 ? 300 : 20)];
                random.NextBytes(message);
                BinaryPrimitives.WriteInt32BigEndian(message, Number);
                Sent.Add(message);
                AddFrame(frames, 0x80, message);
            }

            frames.AddRange([0x01, (byte)'0', (byte)'1', 0xff]);
            return frames;
        }

        /// <summary>What is wrong with what the handler has heard and the client was sent back since the last time; null where nothing is.</summary>
        internal string? Check()
        {
            var down = new Downstream(longPolls: true, long.MaxValue, default);
            if (Session.Attach(down, null) is { } fault)
            {
                return $"client {Number} may not fetch: {fault}";
            }

            byte[] fetched = Session.TakeAsync(down).GetAwaiter().GetResult().Bytes.ToArray();
            var expected = new List<byte>();
            Sent.ForEach(message => AddFrame(expected, 0x80, message));
            expected.AddRange([0x01, (byte)'0', (byte)'1', 0xff]);
            bool right = fetched.AsSpan().SequenceEqual(expected.ToArray()) && _heard.Count == Sent.Count && _heard.Zip(Sent).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
            string? wrong = right ? null : $"client {Number} was sent {Convert.ToHexString(fetched)} for {Convert.ToHexString(expected.ToArray())}";
            _heard.Clear();
            Sent.Clear();
            return wrong;
        }

        public void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage)
        {
            byte[] message = payload.Span.ToArray();

            // A changed byte may be one of the number, but all of them are not changed into another client's.
            HasHeardOthers |= !IsTampered && (message.Length < Mark || BinaryPrimitives.ReadInt32BigEndian(message) != Number);
            _heard.Add(message);
            session.Relay(payload, kind, endOfMessage);
        }

        public void OnReceiveEnded(Session session)
        {
        }

        public void OnCongested(Session session)
        {
        }

        public void OnDrained(Session session)
        {
        }

        public void OnClosed(Session session, SessionEnd end)
        {
        }
    }
}
