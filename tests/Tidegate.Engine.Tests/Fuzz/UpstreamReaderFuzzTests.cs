using System.Diagnostics;
using System.Globalization;
using System.Text;
using Tidegate.Engine.Emulation;
using Tidegate.Engine.Tests.Emulation;
using Xunit.Abstractions;
using static Tidegate.Engine.Tests.Fuzz.EmulatedFrames;

namespace Tidegate.Engine.Tests.Fuzz;

/// <summary>
/// The reader of emulated frames, in all encodings: what was written is read back, whatever the cuts; and what was changed is read the same
/// in one piece and in many. 10 s from a printed seed, or five million bodies where TIDEGATE_LONG=1. TIDEGATE_FUZZ_SEED repeats a run.
/// </summary>
public sealed class UpstreamReaderFuzzTests(ITestOutputHelper output)
{
    private const int LongRun = 5_000_000;
    private const int Maximum = 300;

    [Fact]
    public void Bodies_are_read_back_in_any_cuts_and_changed_ones_the_same_in_all_cuts()
    {
        bool isLong = Environment.GetEnvironmentVariable("TIDEGATE_LONG") == "1";
        string? given = Environment.GetEnvironmentVariable("TIDEGATE_FUZZ_SEED");
        int seed = given is null ? Random.Shared.Next() : int.Parse(given, CultureInfo.InvariantCulture);
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        long start = Stopwatch.GetTimestamp();
        int bodies = 0, refused = 0;
        for (; isLong ? bodies < LongRun : bodies < 1000 || Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10); bodies++)
        {
            var encoding = (EmulationEncoding)random.Next(3);
            (List<byte> frames, string expected) = Frames(random);
            byte[] body = Encode(frames, encoding, random);
            string cut = UpstreamSink.Read(body, encoding, Maximum, left => random.Next(1, left + 1));
            Assert.True(expected == cut, $"seed {seed}: {encoding} {Convert.ToHexString(body)} is {cut}, and was {expected}");

            for (int changes = random.Next(1, 4); changes > 0 && body.Length > 0; changes--)
            {
                body[random.Next(body.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : new byte[] { 0, 1, 0x7f, 0x80, 0x81, 0xc2, 0xed, 0xff }[random.Next(8)];
            }

            string whole = UpstreamSink.Read(body, encoding, Maximum, left => left);
            cut = UpstreamSink.Read(body, encoding, Maximum, left => random.Next(1, Math.Min(left, 5) + 1));
            Assert.True((whole[..Math.Min(1, whole.Length)] == "!") == (cut[..Math.Min(1, cut.Length)] == "!"), $"seed {seed}: {encoding} {Convert.ToHexString(body)} is {whole} or {cut}");
            if (whole.StartsWith('!'))
            {
                refused++;
            }
            else
            {
                Assert.True(whole == cut, $"seed {seed}: {encoding} {Convert.ToHexString(body)} is {whole} or {cut}");
            }
        }

        output.WriteLine($"{bodies} bodies, {refused} refused when changed");
        Assert.InRange(refused, 1, bodies - 1);
    }

    /// <summary>Random frames, and what a reader is to make of them.</summary>
    private static (List<byte> Frames, string Expected) Frames(Random random)
    {
        var frames = new List<byte>();
        var expected = new StringBuilder();
        for (int count = random.Next(6); count > 0; count--)
        {
            byte[] bytes = new byte[random.Next(4) == 0 ? random.Next(Maximum + 1) : random.Next(12)];
            random.NextBytes(bytes);
            string text = string.Concat(bytes.Take(40).Select(one => one % 5 == 0 ? "\U0001F600" : one % 3 == 0 ? "\u00e9" : ((char)(one & 0x7f)).ToString()));
            byte[] utf8 = Encoding.UTF8.GetBytes(text);
            switch (random.Next(8))
            {
                case 0 or 1:
                    AddFrame(frames, 0x80, bytes);
                    expected.Append('b').Append(Convert.ToHexStringLower(bytes));
                    break;
                case 2:
                    AddFrame(frames, 0x81, utf8);
                    expected.Append('t').Append(Convert.ToHexStringLower(utf8));
                    break;
                case 3:
                    AddFrame(frames, 0x81, ToCesu8(text));
                    expected.Append('t').Append(Convert.ToHexStringLower(utf8));
                    break;
                case 4:
                    frames.AddRange([0x00, .. utf8, 0xff]);
                    expected.Append('t').Append(Convert.ToHexStringLower(utf8));
                    break;
                case 5:
                    frames.AddRange("\u0001"u8);
                    frames.AddRange([(byte)'0', (byte)'0', 0xff]);
                    break;
                case 6:
                    frames.AddRange([0x89, 0x00, 0x8a, 0x00]);
                    expected.Append("pingpong");
                    break;
                default:
                    frames.AddRange([0x01, (byte)'0', (byte)'2', 0xff]);
                    expected.Append("close");
                    break;
            }
        }

        if (random.Next(2) == 0)
        {
            frames.AddRange([0x01, (byte)'0', (byte)'1', 0xff]);
        }

        return (frames, expected.ToString());
    }
}
