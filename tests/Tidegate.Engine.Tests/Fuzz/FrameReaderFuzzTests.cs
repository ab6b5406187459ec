using System.Diagnostics;
using System.Globalization;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.WebSocket;
using Xunit.Abstractions;

namespace Tidegate.Engine.Tests.Fuzz;

/// <summary>
/// The frame reader against a simple reference, on random and changed streams in random cuts: 10 s from a printed seed, or
/// ten million streams where TIDEGATE_LONG=1. TIDEGATE_FUZZ_SEED repeats a run.
/// </summary>
public sealed unsafe class FrameReaderFuzzTests(ITestOutputHelper output)
{
    private const int LongRun = 10_000_000;
    private const int MaximumMessage = 70_000;

    [Fact]
    public void The_frame_reader_agrees_with_a_simple_reference_on_any_stream()
    {
        bool isLong = Environment.GetEnvironmentVariable("TIDEGATE_LONG") == "1";
        string? given = Environment.GetEnvironmentVariable("TIDEGATE_FUZZ_SEED");
        int seed = given is null ? Random.Shared.Next() : int.Parse(given, CultureInfo.InvariantCulture);
        output.WriteLine($"seed {seed}");
        long start = Stopwatch.GetTimestamp();
        long streams = 0;
        // Each worker draws from its own sequence, so a seed means the same whatever their speed.
        Parallel.For(0, isLong ? Environment.ProcessorCount : 1, worker =>
        {
            var random = new Random(seed + worker);
            byte[] buffer = GC.AllocateUninitializedArray<byte>(EventLoop.Headroom + (256 * 1024), pinned: true);
            var pool = new BlockPool();
            while (isLong ? Interlocked.Read(ref streams) < LongRun : Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10))
            {
                bool fromClient = random.Next(2) == 0, compression = random.Next(3) == 0, join = random.Next(2) == 0;
                int maximum = random.Next(3) == 0 ? random.Next(1, 200) : MaximumMessage;
                byte[] stream = FrameStreams.Next(random, fromClient);
                List<string> expected = ReferenceFrames.Read(stream, fromClient, maximum, compression);
                var cuts = new List<int>();
                var sink = new Sink();
                var reader = default(FrameReader);
                try
                {
                    int mode = random.Next(4);
                    for (int at = 0; at < stream.Length && !sink.IsFinished;)
                    {
                        int count = Math.Min(stream.Length - at, mode switch { 0 => stream.Length, 1 => 1, 2 => random.Next(1, 10), _ => random.Next(1, 1 + stream.Length) });
                        Feed(ref reader, sink, pool, buffer, stream.AsSpan(at, count), fromClient, maximum, compression, join);
                        at += count;
                        cuts.Add(count);
                    }
                }
                catch (Exception exception)
                {
                    Assert.Fail($"seed {seed}: {exception} for {Convert.ToHexString(stream)} in {string.Join(' ', cuts)}");
                }

                reader.Release(pool);
                List<string> found = sink.Found;
                if (join)
                {
                    (expected, found) = (WithoutBoundaries(expected), WithoutBoundaries(found));
                }

                if (!expected.SequenceEqual(found))
                {
                    Assert.Fail($"""
                        seed {seed}, from client {fromClient}, compression {compression}, join {join}, maximum {maximum}: {Convert.ToHexString(stream)} in {string.Join(' ', cuts)}
                        expected {string.Join(' ', expected)}
                        found    {string.Join(' ', found)}
                        """);
                }

                Interlocked.Increment(ref streams);
            }
        });
        output.WriteLine($"{streams} streams");
        Assert.True(streams > 1000);
    }

    /// <summary>Messages of one kind that follow each other become one, and empty ones nothing.</summary>
    private static List<string> WithoutBoundaries(List<string> found)
    {
        var joined = new List<string>();
        foreach (string item in found.Where(item => item is not ("t" or "b")))
        {
            bool message = item[0] is 't' or 'b' && item[1] != 'z';
            if (message && joined.Count > 0 && joined[^1][0] == item[0] && joined[^1][1] != 'z')
            {
                joined[^1] += item[1..];
            }
            else
            {
                joined.Add(item);
            }
        }

        return joined;
    }

    private static void Feed(ref FrameReader reader, Sink sink, BlockPool pool, byte[] buffer, ReadOnlySpan<byte> part, bool fromClient, int maximum, bool compression, bool join)
    {
        // What lies around the part is the reader's to overwrite in front, and nobody's behind.
        Span<byte> behind = buffer.AsSpan(EventLoop.Headroom + part.Length, 16);
        behind.Fill(0x5A);
        part.CopyTo(buffer.AsSpan(EventLoop.Headroom));
        int left;
        fixed (byte* pointer = buffer)
        {
            byte* data = pointer + EventLoop.Headroom;
            sink.Limit = pointer;
            sink.End = data + part.Length;
            left = reader.Read(sink, pool, new Payload(data, part.Length, EventLoop.Headroom), fromClient ? WebSocketRole.Server : WebSocketRole.Client, maximum, compression, join);
        }

        Assert.Equal(-1, behind.IndexOfAnyExcept((byte)0x5A));
        if (left > 0)
        {
            Assert.True(part[^left..].SequenceEqual(buffer.AsSpan(EventLoop.Headroom + part.Length - left, left)), "what was left was changed");
            Feed(ref reader, sink, pool, buffer, part[^left..], fromClient, maximum, compression, join);
        }
    }

    private sealed class Sink : IFrameSink
    {
        private readonly List<byte> _message = [];
        private bool _waits;

        internal List<string> Found { get; } = [];

        // Where the headroom handed out may begin, and where the data must end.
        internal byte* Limit { get; set; }

        internal byte* End { get; set; }

        public bool IsFinished { get; private set; }

        public bool MustWait => _waits = !_waits;

        public void OnData(byte* data, int length, int headroom, Opcode kind, bool compressed, bool endOfMessage)
        {
            Assert.True(headroom >= 0 && data - headroom >= Limit && data + length <= End, "the part lies outside of what was read");
            _message.AddRange(new ReadOnlySpan<byte>(data, length));
            // The headroom and the data are the receiver's: whatever it writes must do no harm.
            Limit = data + length;
            new Span<byte>(data - headroom, headroom + length).Fill(0xEE);
            if (endOfMessage)
            {
                Found.Add((kind == Opcode.Text ? "t" : "b") + (compressed ? "z" : "") + Convert.ToHexString([.. _message]));
                _message.Clear();
            }
        }

        public void OnPing(ReadOnlySpan<byte> payload) => Found.Add("P" + Convert.ToHexString(payload));

        public void OnPong(ReadOnlySpan<byte> payload) => Found.Add("p" + Convert.ToHexString(payload));

        public void OnClose(ReadOnlySpan<byte> payload)
        {
            IsFinished = true;
            Found.Add(CloseFrame.Read(payload, out _, out _) is { } fault ? $"!{(int)fault}" : "C" + Convert.ToHexString(payload));
        }

        public void OnViolation(CloseStatus status, string rule)
        {
            Assert.False(IsFinished, "a violation was reported after the end");
            IsFinished = true;
            Found.Add($"!{(int)status}");
        }
    }
}
