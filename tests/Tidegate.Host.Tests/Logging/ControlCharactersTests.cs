using Tidegate.Host.Logging;

namespace Tidegate.Host.Tests.Logging;

public sealed class ControlCharactersTests
{
    [Theory]
    [InlineData("plain text, ünïcödé, 日本, \U0001F30A", "plain text, ünïcödé, 日本, \U0001F30A")]
    [InlineData("a\nERROR forged", "a\\nERROR forged")]
    [InlineData("a\r\nb\tc", "a\\r\\nb\\tc")]
    [InlineData("\x1b[31mred", "\\x1b[31mred")]
    [InlineData("\0\x7f\u0085", "\\x00\\x7f\\x85")]
    [InlineData("a\u2028b\u2029c", "a\\u2028b\\u2029c")]
    [InlineData("a\u202eb\u2066c\u200bd", "a\\u202eb\\u2066c\\u200bd")]
    [InlineData("", "")]
    public void Nothing_that_cannot_be_seen_gets_through(string text, string expected) =>
        Assert.Equal(expected, ControlCharacters.Escape(text));

    [Theory]
    [InlineData('\ud83c', "\\ud83cx")]
    [InlineData('\udf0a', "\\udf0ax")]
    public void Half_a_character_is_escaped(char half, string expected) =>
        Assert.Equal(expected, ControlCharacters.Escape($"{half}x"));
}
