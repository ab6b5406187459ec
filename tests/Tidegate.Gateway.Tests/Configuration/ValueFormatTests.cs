using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Tests.Configuration;

public sealed class ValueFormatTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("30", 30_000)]
    [InlineData("1.5", 1500)]
    [InlineData(".5s", 500)]
    [InlineData("250 ms", 250)]
    [InlineData("0.1 MILLISECONDS", 1)]
    [InlineData("1.5 minutes", 90_000)]
    [InlineData("2m", 120_000)]
    [InlineData("1800s", 1_800_000)]
    [InlineData("1800sec", 1_800_000)]
    [InlineData("1800 secs", 1_800_000)]
    [InlineData("1800seconds", 1_800_000)]
    [InlineData("3 mins", 180_000)]
    [InlineData("5 millis", 5)]
    [InlineData("0.25 hours", 900_000)]
    [InlineData("1.5 days", 129_600_000)]
    [InlineData("0.5 hour", 1_800_000)]
    [InlineData("1d", 86_400_000)]
    [InlineData("2 weeks", 1_209_600_000)]
    public void A_time_interval_is_a_number_and_a_unit(string text, double milliseconds)
    {
        Assert.True(new TimeIntervalFormat().TryRead(text, out TimeSpan value, out _));

        Assert.Equal(milliseconds, value.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1 2")]
    [InlineData("1.2.3")]
    [InlineData("1 year")]
    [InlineData("seconds")]
    [InlineData("3651 days")]
    [InlineData("99999999999999999999999999999999999999")]
    [InlineData("79228162514264337593543950335 weeks")]
    public void Anything_else_is_not_a_time_interval(string text) =>
        Assert.False(new TimeIntervalFormat().TryRead(text, out _, out _));

    [Theory]
    [InlineData("64000", 64000)]
    [InlineData("128k", 131072)]
    [InlineData("128kB", 131072)]
    [InlineData("128 KB", 131072)]
    [InlineData("1M", 1048576)]
    [InlineData("1mb", 1048576)]
    [InlineData("2147483647", int.MaxValue)]
    public void A_data_size_is_a_number_and_perhaps_a_unit(string text, int bytes)
    {
        Assert.True(new DataSizeFormat().TryRead(text, out int value, out _));

        Assert.Equal(bytes, value);
        Assert.True(new DataSizeFormat().TryRead(new DataSizeFormat().Show(value), out int again, out _));
        Assert.Equal(bytes, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("k")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1.5k")]
    [InlineData("2048M")]
    [InlineData("99999999999999999999")]
    public void Anything_else_is_not_a_data_size(string text) =>
        Assert.False(new DataSizeFormat().TryRead(text, out _, out _));

    [Theory]
    [InlineData("acept", "accept")]
    [InlineData("conenct", "connect")]
    [InlineData("ACCEPT", "accept")]
    [InlineData("typ", "type")]
    [InlineData("zzzzzz", null)]
    [InlineData("", null)]
    public void The_nearest_word_is_suggested_if_it_is_near(string written, string? suggestion) =>
        Assert.Equal(suggestion, Suggestion.For(written, ["accept", "connect", "type"]));
}
