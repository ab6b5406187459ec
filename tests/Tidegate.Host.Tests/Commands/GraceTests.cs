using Tidegate.Host.Commands;

namespace Tidegate.Host.Tests.Commands;

public sealed class GraceTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("30", 30_000)]
    [InlineData("2.5", 2_500)]
    [InlineData("250ms", 250)]
    [InlineData("45s", 45_000)]
    [InlineData("1.5m", 90_000)]
    [InlineData("1h", 3_600_000)]
    public void A_time_is_a_number_and_a_unit(string text, int milliseconds) => Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Grace.Of(text));

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("s")]
    [InlineData("1 s")]
    [InlineData("1e3")]
    [InlineData("1.1.1s")]
    [InlineData("61m")]
    [InlineData("1.0001h")]
    [InlineData("99999999999999999999999999999h")]
    [InlineData("1d")]
    public void Anything_else_is_none(string text) => Assert.False(Grace.TryParse(text, out _));

    [Fact]
    public void Without_the_option_it_is_half_a_minute() => Assert.Equal(TimeSpan.FromSeconds(30), Grace.Of(null));
}
