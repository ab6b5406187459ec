using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Tests.Http;

/// <summary>How a path is read by servers that are generous.</summary>
public sealed class OtherReadingTests
{
    [Theory]
    [InlineData("/", null)]
    [InlineData("/a/b", null)]
    [InlineData("/a/b/", null)]
    [InlineData("/100%", null)]
    [InlineData("//a", "/a")]
    [InlineData("/a//b/", "/a/b/")]
    [InlineData("/a%2fb", "/a/b")]
    [InlineData("/a%252Fb", "/a/b")]
    [InlineData("/a\\b", "/a/b")]
    [InlineData("/a%5cb", "/a/b")]
    [InlineData("/a;x=y/b;z", "/a/b")]
    [InlineData("/a/..;/b", "/b")]
    [InlineData("/a%2f..%2fb", "/b")]
    [InlineData("/..%2f..%2fb", "/b")]
    [InlineData("/%252e%252e/b", "/b")]
    [InlineData("/;a", "/")]
    public void Slashes_encoded_characters_and_what_follows_a_semicolon_are_read_in_two_ways(string path, string? other) =>
        Assert.Equal(other, OtherReading.Of(path));
}
