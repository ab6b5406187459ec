using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services.Directory;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Services;

/// <summary>What <c>location</c> says: patterns, directives, and what several of them say together.</summary>
public sealed class DirectoryLocationTests
{
    private static readonly DateTimeOffset s_now = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("**/*", "index.html", true)]
    [InlineData("**/*", "a/b/c.png", true)]
    [InlineData("**", "a/b", true)]
    [InlineData("*", "index.html", true)]
    [InlineData("*", "a/index.html", false)]
    [InlineData("*.html", "INDEX.HTML", true)]
    [InlineData("*.HTML", "index.html", true)]
    [InlineData("*.html", "a/index.html", false)]
    [InlineData("**/*.html", "index.html", true)]
    [InlineData("**/*.html", "a/b/index.html", true)]
    [InlineData("**/*.html", "a/b/index.htm", false)]
    [InlineData("/a/*", "a/b", true)]
    [InlineData("a/", "a/b/c", true)]
    [InlineData("a/", "ab/c", false)]
    [InlineData("a/**/z", "a/z", true)]
    [InlineData("a/**/z", "a/b/c/z", true)]
    [InlineData("a/**/z", "a/bz", false)]
    [InlineData("?.txt", "a.txt", true)]
    [InlineData("?.txt", "ab.txt", false)]
    [InlineData("?.txt", "/.txt", false)]
    [InlineData("a.b", "aXb", false)]
    [InlineData("[a](b)+", "[a](b)+", true)]
    [InlineData("a**b", "axyb", true)]
    [InlineData("a**b", "a/b", false)]
    public void A_pattern_matches_whole_paths_by_segments(string pattern, string path, bool matches) =>
        Assert.Equal(matches, new PathPattern(pattern).Matches(path));

    [Fact]
    public void A_pattern_with_many_stars_is_matched_in_no_time()
    {
        var pattern = new PathPattern(string.Concat(Enumerable.Repeat("*a", 40)) + "b");
        Assert.False(pattern.Matches(new string('a', 4000)));
    }

    [Theory]
    [InlineData("max-age=60", 60, "max-age=60")]
    [InlineData("max-age=1 hour", 3600, "max-age=3600")]
    [InlineData("max-age = 0.5 hour", 1800, "max-age=1800")]
    [InlineData("MAX-AGE=1 day", 86400, "max-age=86400")]
    [InlineData("max-age=1 week", 604800, "max-age=604800")]
    [InlineData("max-age=1 year", 31536000, "max-age=31536000")]
    // Last modified an hour ago.
    [InlineData("max-age=m+2 hours", 3600, "max-age=3600")]
    [InlineData("max-age=m+10", 0, "max-age=0")]
    [InlineData("max-age=10, public, no-transform", 10, "no-transform, public, max-age=10")]
    [InlineData("s-maxage=5, max-age=10, must-revalidate", 10, "must-revalidate, s-maxage=5, max-age=10")]
    [InlineData("no-store", null, "no-store")]
    public void Directives_become_the_header(string written, int? maxAge, string header)
    {
        CacheControl control = Parse(written);

        (string? actual, long? seconds) = CacheControl.Combine([control], s_now, s_now.AddHours(-1));

        Assert.Equal((header, (long?)maxAge), (actual, seconds));
        Assert.Equal((header, (long?)maxAge), CacheControl.Combine([Parse(control.ToString())], s_now, s_now.AddHours(-1)));
    }

    [Fact]
    public void Of_several_the_shorter_time_and_every_word_count()
    {
        (string? header, long? maxAge) = CacheControl.Combine(
            [Parse("private, max-age=m+90 minutes"), Parse("public, no-transform, max-age=1 hour, s-maxage=1"), Parse("s-maxage=5")], s_now, s_now.AddHours(-1));

        Assert.Equal(("no-transform, private, s-maxage=1, max-age=1800", 1800L), (header, maxAge));
        Assert.Equal((null, null), CacheControl.Combine([], s_now, s_now));
    }

    [Theory]
    [InlineData("max-age=1, max-age=2", "Duplicate cache-control directive in configuration file: max-age. Keep one of them.")]
    [InlineData("no-cache, No-Cache", "Duplicate cache-control directive in configuration file: no-cache. Keep one of them.")]
    [InlineData("max-age", "Missing or incorrect cache-control syntax in the configuration file: \"max-age\".")]
    [InlineData("no-store=1", "Missing or incorrect cache-control syntax in the configuration file: \"no-store=1\".")]
    [InlineData("forever", "Missing or incorrect cache-control syntax in the configuration file: \"forever\".")]
    [InlineData("max-age=1,", "Missing or incorrect cache-control syntax in the configuration file: \"\".")]
    [InlineData("max-age=soon", "Missing or incorrect cache-control syntax in the configuration file: \"soon\" is not a time.")]
    [InlineData("max-age=-1", "Missing or incorrect cache-control syntax in the configuration file: \"-1\" is not a time.")]
    [InlineData("max-age=99999999999", "Missing or incorrect cache-control syntax in the configuration file: \"99999999999\" is not a time.")]
    [InlineData("public, private", "A response is public or private, not both. Keep one of the two directives.")]
    public void What_is_no_cache_control_is_an_error_that_names_it(string written, string message)
    {
        string error = Assert.Single(ErrorsIn(Directory($"<location><patterns>**/*</patterns><cache-control>{written}</cache-control></location>")));

        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Locations_and_options_are_read_from_the_file()
    {
        ServiceConfiguration service = ReadService(Directory(
            "<options>indexes</options><symbolic-links>follow</symbolic-links>" +
            "<location><patterns>**/*.html\n  a/** </patterns><cache-control>max-age=m+1 hour, public</cache-control></location>" +
            "<location><patterns>*</patterns><cache-control>no-cache</cache-control></location>"));
        var options = (DirectoryOptions)service.Options;

        Assert.True(options.Indexes && options.FollowSymbolicLinks);
        Assert.Equal(["**/*.html", "a/**"], options.Locations[0].Patterns.AsEnumerable());
        Assert.Equal(new CacheTime(TimeSpan.FromHours(1), FromModification: true), options.Locations[0].CacheControl.MaxAge);
        Assert.Equal(["public"], options.Locations[0].CacheControl.Words.AsEnumerable());
        Assert.Equal(["no-cache"], options.Locations[1].CacheControl.Words.AsEnumerable());
        Assert.False(((DirectoryOptions)ReadService(Directory("<symbolic-links>restricted</symbolic-links>")).Options).FollowSymbolicLinks);
    }

    [Fact]
    public void A_location_needs_both_of_its_elements()
    {
        string[] errors = ErrorsIn(Directory("<location/>"));

        Assert.Contains(errors, e => e.Contains("Missing required element: <patterns>", StringComparison.Ordinal));
        Assert.Contains(errors, e => e.Contains("Missing required element: <cache-control>", StringComparison.Ordinal));
    }

    private static CacheControl Parse(string text)
    {
        Assert.True(CacheControl.TryParse(text, out CacheControl? control, out _));
        return control;
    }

    private static string Directory(string properties) =>
        $"<service><name>d</name><accept>http://h/</accept><type>directory</type><properties><directory>/</directory>{properties}</properties></service>";
}
