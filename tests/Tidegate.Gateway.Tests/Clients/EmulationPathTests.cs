using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Tidegate.Engine.Emulation;
using Tidegate.Gateway.Clients;
using Xunit.Abstractions;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>
/// Paths and queries of emulated WebSockets. The fuzzing of them runs for 10 s from a printed seed, or five million paths where TIDEGATE_LONG=1;
/// TIDEGATE_FUZZ_SEED repeats a run.
/// </summary>
public sealed partial class EmulationPathTests(ITestOutputHelper output)
{
    private const int LongRun = 5_000_000;

    private static readonly string[] s_pieces =
        ["/", ";e", "/;e/", "echo", "c", "u", "d", "b", "t", "e", "m", "&", "?", ".krn=1", "&.krn=0.5", "&.ki=p&.ksn=", "=", "0aZ", "%2f", "..", "\u00e9", "/;e/cbm", "/;e/utm/id", "cookies"];

    [Theory]
    [InlineData("/echo/;e/cbm", "/echo", "Create", "Binary", true, "", "")]
    [InlineData("//;e/cte", "/", "Create", "EscapedText", false, "", "")]
    [InlineData("/;e/cte", "/", "Create", "EscapedText", false, "", "")]
    [InlineData("/a/b/;e/utm/0aZ&.krn=0.123", "/a/b", "Upstream", "Text", true, "0aZ", ".krn=0.123")]
    [InlineData("/echo/;e/db/1&.ki=p&.ksn=2", "/echo", "Downstream", "Binary", false, "1", ".ki=p&.ksn=2")]
    public void A_path_is_taken_apart(string path, string accept, string use, string encoding, bool tellsText, string id, string parameters)
    {
        Assert.True(EmulationPath.TryRead(path, out EmulationPath read));
        Assert.Equal((accept, use, encoding, tellsText, id, parameters), (read.AcceptPath, read.Use.ToString(), read.Encoding.ToString(), read.TellsText, read.Id, read.Parameters));
    }

    [Theory]
    [InlineData("/echo")]
    [InlineData("/echo/;e")]
    [InlineData("/echo/;e/")]
    [InlineData("/echo/;e/c")]
    [InlineData("/echo/;e/cm")]
    [InlineData("/echo/;e/cbe")]
    [InlineData("/echo/;e/cbmm")]
    [InlineData("/echo/;e/CBM")]
    [InlineData("/echo/;e/xbm")]
    [InlineData("/echo/;e/cbm/id")]
    [InlineData("/echo/;e/cbm/")]
    [InlineData("/echo/;e/ubm")]
    [InlineData("/echo/;e/ubm/")]
    [InlineData("/echo/;e/ubm/a/b")]
    [InlineData("/echo/;e/ubm/a%62")]
    [InlineData("/echo/;e/ubm/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Another_path_is_not(string path) => Assert.False(EmulationPath.TryRead(path, out _));

    [Fact]
    public void A_query_is_read_within_its_bounds()
    {
        EmulationQuery read = EmulationQuery.Read("?a=b&.kb=4&.kp=1025&.kkt=20&.kc=text/plain;charset=windows-1252&.ksn=3&.kid=9", ".ki=p");
        Assert.Equal((4096, 1025, TimeSpan.FromSeconds(20), "text/plain;charset=windows-1252", 3, true), (read.ReconnectAfter, read.Padding, read.NoopInterval, read.ContentType, read.Sequence, read.LongPolls));
        Assert.Equal(new EmulationQuery(), EmulationQuery.Read("?.kb=0&.kb=-1&.kp=65537&.kkt=0&.kc=text/html&.ksn=9007199254740992&.ki=q&.kb", "&&=&.kp=x"));
        Assert.Equal(new EmulationQuery(), EmulationQuery.Read(null, ""));
        EmulationQuery other = EmulationQuery.Read("?.kns&.kcc=private&.ko=http%3A%2F%2Fpage.example%3A80", "");
        Assert.Equal((true, "private", "http://page.example:80"), (other.PadsHead, other.CacheControl, other.Origin));
        Assert.Equal(new EmulationQuery { PadsHead = true }, EmulationQuery.Read("?.kns=1&.kcc=public,%0d%0amax-age=1", ""));
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("?", "")]
    [InlineData("?.kn=1", "")]
    [InlineData("?a=b&.kn=1&.krn=2&c&.ko=http://page.example:80&.kid=3&.ksn=4", "?a=b&c")]
    public void Of_a_query_is_kept_what_is_not_of_one_request_only(string? query, string kept) => Assert.Equal(kept, EmulationQuery.Kept(query));

    [Fact]
    public void The_grammar_agrees_with_a_regular_expression_on_anything()
    {
        bool isLong = Environment.GetEnvironmentVariable("TIDEGATE_LONG") == "1";
        string? given = Environment.GetEnvironmentVariable("TIDEGATE_FUZZ_SEED");
        int seed = given is null ? Random.Shared.Next() : int.Parse(given, CultureInfo.InvariantCulture);
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        long start = Stopwatch.GetTimestamp();
        int paths = 0, good = 0;
        for (; isLong ? paths < LongRun : paths < 1000 || Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10); paths++)
        {
            string path = "/" + string.Concat(Enumerable.Range(0, random.Next(10)).Select(_ => s_pieces[random.Next(s_pieces.Length)]));
            Match expected = Grammar().Match(path);
            bool found = EmulationPath.TryRead(path, out EmulationPath read);
            Assert.True(expected.Success == found, $"seed {seed}: {path} is {(found ? "taken" : "refused")}");
            if (found)
            {
                good++;
                string shown = $"{(read.AcceptPath == "/" ? "" : read.AcceptPath)}/;e/{read.Use.ToString().ToLowerInvariant()[0]}{read.Suffix}{(read.Id.Length > 0 ? "/" : "")}{read.Id}";
                // An accept at the root is its slash, and what follows it begins with one; clients write one or both.
                path = path.StartsWith("//;e/", StringComparison.Ordinal) ? path[1..] : path;
                Assert.True(path == shown || path == $"{shown}&{read.Parameters}", $"seed {seed}: {path} became {read}");
            }

            _ = EmulationQuery.Read(path, read.Parameters ?? "");
        }

        output.WriteLine($"{paths} paths, {good} of them good");
        Assert.InRange(good, 1, paths - 1);
    }

    [GeneratedRegex(@"^((?!/;e/).)*/;e/(c(b|te?)m?|[ud](b|te?)m?/[0-9A-Za-z]{1,64})(&.*)?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Grammar();
}
