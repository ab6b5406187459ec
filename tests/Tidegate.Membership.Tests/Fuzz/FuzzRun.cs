using System.Diagnostics;
using System.Globalization;
using Xunit.Abstractions;

namespace Tidegate.Membership.Tests.Fuzz;

/// <summary>
/// Runs cases for some seconds from a printed seed, or a number of them where TIDEGATE_LONG=1. TIDEGATE_FUZZ_SEED repeats
/// a run. Each case draws from its own sequence, so one that fails is repeated by the seed that its message names.
/// </summary>
internal static class FuzzRun
{
    internal static async Task CasesAsync(ITestOutputHelper output, TimeSpan duration, int longRun, Func<Random, Task> run)
    {
        bool isLong = Environment.GetEnvironmentVariable("TIDEGATE_LONG") == "1";
        string? given = Environment.GetEnvironmentVariable("TIDEGATE_FUZZ_SEED");
        int seed = given is null ? Random.Shared.Next() : int.Parse(given, CultureInfo.InvariantCulture);
        output.WriteLine($"seed {seed}");
        long start = Stopwatch.GetTimestamp();
        int cases = 0;
        while (isLong ? cases < longRun : Stopwatch.GetElapsedTime(start) < duration)
        {
            try
            {
                await run(new Random(unchecked(seed + cases)));
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"TIDEGATE_FUZZ_SEED={unchecked(seed + cases)} repeats this: {exception.Message}", exception);
            }

            cases++;
        }

        output.WriteLine($"{cases} cases");
        Assert.True(cases > 20, "too few cases to mean anything");
    }

    /// <summary>Bytes damaged in a few places, now and then noise altogether, sometimes not damaged at all.</summary>
    internal static byte[] Damaged(byte[] original, Random random)
    {
        if (random.Next(10) == 0)
        {
            byte[] noise = new byte[random.Next(300)];
            random.NextBytes(noise);
            return noise;
        }

        List<byte> bytes = [.. original];
        for (int damages = random.Next(4); damages > 0 && bytes.Count > 0; damages--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, random.Next(bytes.Count - at));
                    break;
                case 3:
                    // A type, count or code where the structure is looked for first.
                    bytes[random.Next(Math.Min(6, bytes.Count))] = (byte)random.Next(16);
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(0, random.Next(Math.Min(200, bytes.Count))));
                    break;
                default:
                    bytes[at] = (byte)random.Next(0x80, 0xe0);
                    bytes.InsertRange(at + 1, BitConverter.GetBytes(random.NextInt64() >> random.Next(64)));
                    break;
            }
        }

        return [.. bytes];
    }
}
