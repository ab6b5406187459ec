using Microsoft.Extensions.Logging;
using Tidegate.Host.Logging;

namespace Tidegate.Host.Tests.Logging;

public sealed class LogLevelsTests
{
    private static LogLevels Parse(params string[] items)
    {
        Assert.True(LogLevels.TryParse(items, out LogLevels? levels, out string? error), error);
        return levels!;
    }

    [Fact]
    public void Without_a_word_the_gateway_is_logged_from_info_and_the_web_server_from_warn()
    {
        LogLevels levels = Parse();

        Assert.Equal(LogLevel.Information, levels.For("gateway"));
        Assert.Equal(LogLevel.Warning, levels.For("Microsoft.AspNetCore.Server.Kestrel"));
    }

    [Fact]
    public void The_longest_prefix_decides_and_prefixes_end_at_dots()
    {
        LogLevels levels = Parse("error", "transport=debug", "transport.http=trace", "Transport.http.accept=NONE");

        Assert.Equal(LogLevel.Error, levels.For("gateway"));
        Assert.Equal(LogLevel.Debug, levels.For("transport"));
        Assert.Equal(LogLevel.Debug, levels.For("transport.https"));
        Assert.Equal(LogLevel.Trace, levels.For("transport.http.connect"));
        Assert.Equal(LogLevel.None, levels.For("transport.http.accept.security"));
        Assert.Equal(LogLevel.Error, levels.For("transports"));
    }

    [Theory]
    [InlineData("loud")]
    [InlineData("=debug")]
    [InlineData("gateway=")]
    [InlineData("2")]
    public void A_wrong_level_is_refused(string item)
    {
        Assert.False(LogLevels.TryParse([item], out _, out string? error));
        Assert.Contains("trace, debug, info, warn, error, fatal, none", error, StringComparison.Ordinal);
    }
}
