using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Tidegate.Gateway.Clients;
using Xunit.Abstractions;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>
/// Paths of event streams, and what clients say of the last event, against regular expressions: 10 s from a printed seed, or five million where
/// TIDEGATE_LONG=1. TIDEGATE_FUZZ_SEED repeats a run.
/// </summary>
public sealed partial class EventStreamPathFuzzTests(ITestOutputHelper output)
{
    private const int LongRun = 5_000_000;

    private static readonly string[] s_pieces =
    [
        "/", ";s/", "/;s/", "news", "0123456789abcdef", "f", "A", "g", "&", "&.k", "&.kb=512", "&.ka=a.1", ".ka=", "?", "=", "%3b", "..", "\u00e9", ".", "1", "-1", "+1", " ", "99999999999999999999", "\r\n",
    ];

    [Theory]
    [InlineData("/news", "/news", "", "")]
    [InlineData("/news;s/0af", "/news", "0af", "")]
    [InlineData("/news;s/0af&.kb=512&.ki=p", "/news", "0af", ".kb=512&.ki=p")]
    [InlineData("/news&.kb=512", "/news", "", ".kb=512")]
    [InlineData("/a&b;s/0", "/a&b", "0", "")]
    [InlineData("/news;s/0aF", "/news;s/0aF", "", "")]
    [InlineData("/news;s/", "/news;s/", "", "")]
    [InlineData(";s/0", ";s/0", "", "")]
    public void A_path_is_taken_apart(string path, string accept, string id, string parameters) =>
        Assert.Equal(new EventStreamPath(accept, id, parameters), EventStreamPath.Read(path));

    [Fact]
    public void Paths_and_last_events_agree_with_regular_expressions_on_anything()
    {
        bool isLong = Environment.GetEnvironmentVariable("TIDEGATE_LONG") == "1";
        string? given = Environment.GetEnvironmentVariable("TIDEGATE_FUZZ_SEED");
        int seed = given is null ? Random.Shared.Next() : int.Parse(given, CultureInfo.InvariantCulture);
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        long start = Stopwatch.GetTimestamp();
        int paths = 0, ids = 0, events = 0;
        for (; isLong ? paths < LongRun : paths < 5000 || Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10); paths++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => s_pieces[random.Next(s_pieces.Length)]));
            string path = "/" + text;
            EventStreamPath read = EventStreamPath.Read(path);
            Match expected = Path().Match(path);
            Assert.True(
                (read.AcceptPath, read.Id, read.Parameters) == (expected.Groups["accept"].Value, expected.Groups["id"].Value, expected.Groups["parameters"].Value),
                $"seed {seed}: {path} became {read}");
            _ = read.ParameterOf(".ka");
            ids += read.Id.Length > 0 ? 1 : 0;

            text = random.Next(4) > 0 ? text : $"{s_pieces[random.Next(4, 8)]}.{random.NextInt64() >> random.Next(64)}{(random.Next(2) == 0 ? "" : s_pieces[random.Next(s_pieces.Length)])}";
            bool found = EventStreamPath.TryReadLastEvent(text, out string id, out long number);
            Match last = LastEvent().Match(text);
            bool should = last.Success && long.TryParse(last.Groups["number"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value == (found ? number : value);
            Assert.True(found == should && (!found || id == last.Groups["id"].Value), $"seed {seed}: \"{text}\" became {(found ? $"{id} {number}" : "nothing")}");
            events += found ? 1 : 0;
        }

        output.WriteLine($"{paths} paths, {ids} with an id, {events} last events");
        Assert.InRange(ids, 1, paths - 1);
        Assert.InRange(events, 1, paths - 1);
    }

    [GeneratedRegex(@"\A(?<all>(?<accept>((?!&\.k).)+?)(;s/(?<id>[0-9a-f]{1,64}))?)(&(?<parameters>\.k.*))?\z", RegexOptions.ExplicitCapture | RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Path();

    [GeneratedRegex(@"\A(?<id>[0-9a-f]{1,64})\.(?<number>[0-9]+)\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex LastEvent();
}
