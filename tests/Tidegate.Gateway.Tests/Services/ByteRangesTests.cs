using Tidegate.Gateway.Services.Directory;

namespace Tidegate.Gateway.Tests.Services;

/// <summary>Which parts of a file a Range header asks for (RFC 9110, section 14).</summary>
public sealed class ByteRangesTests
{
    private const string Whole = "whole";

    [Theory]
    [InlineData("bytes=0-4", "0+5")]
    [InlineData("bytes=0-0", "0+1")]
    [InlineData("bytes=99-", "99+1")]
    [InlineData("bytes=0-", "0+100")]
    [InlineData("bytes=90-1000", "90+10")]
    [InlineData("bytes=-1", "99+1")]
    [InlineData("bytes=-1000", "0+100")]
    [InlineData("BYTES=0-4", "0+5")]
    [InlineData("bytes=0-99999999999999999999999999", "0+100")]
    // In the order asked for, with the spaces and empty elements that lists may have.
    [InlineData("bytes=50-59,0-9", "50+10 0+10")]
    [InlineData("bytes= 0-9 ,\t20-29", "0+10 20+10")]
    [InlineData("bytes=,0-9,,20-29,", "0+10 20+10")]
    [InlineData("bytes=0-9,10-19", "0+10 10+10")]
    // What is not there is left out; where nothing is left there is no answer.
    [InlineData("bytes=0-9,100-", "0+10")]
    [InlineData("bytes=0-9,-0", "0+10")]
    [InlineData("bytes=100-", "")]
    [InlineData("bytes=-0", "")]
    [InlineData("bytes=100-,200-300", "")]
    [InlineData("bytes=99999999999999999999999999-", "")]
    // What can not be read, and what asks for the same bytes twice.
    [InlineData("bytes=0-9,9-19", Whole)]
    [InlineData("bytes=-10,95-", Whole)]
    [InlineData("bytes=0-,0-", Whole)]
    [InlineData("bytes=9-5", Whole)]
    [InlineData("bytes=0-9,9-5", Whole)]
    [InlineData("bytes=", Whole)]
    [InlineData("bytes=,", Whole)]
    [InlineData("bytes=-", Whole)]
    [InlineData("bytes=5", Whole)]
    [InlineData("bytes=a-b", Whole)]
    [InlineData("bytes=0-9;1", Whole)]
    [InlineData("bytes=+0-9", Whole)]
    [InlineData("bytes=0 - 9", Whole)]
    [InlineData("bytes=--9", Whole)]
    [InlineData("bytes=1-2-3", Whole)]
    [InlineData("bytes:0-9", Whole)]
    [InlineData("lines=0-9", Whole)]
    [InlineData("", Whole)]
    public void Of_a_hundred_bytes_those_that_are_asked_for(string header, string expected) => Assert.Equal(expected, Selected(header, 100));

    [Theory]
    [InlineData("bytes=0-", "")]
    [InlineData("bytes=0-0", "")]
    [InlineData("bytes=-0", "")]
    [InlineData("bytes=-1", Whole)]
    public void Of_no_bytes_there_is_no_part(string header, string expected) => Assert.Equal(expected, Selected(header, 0));

    [Fact]
    public void More_ranges_than_the_bound_are_the_whole_file()
    {
        static string Ranges(int count) => "bytes=" + string.Join(',', Enumerable.Range(0, count).Select(i => $"{i * 10}-{i * 10}"));
        Assert.Equal(ByteRanges.Maximum, ByteRanges.Select(Ranges(ByteRanges.Maximum), 1000)!.Length);
        Assert.Null(ByteRanges.Select(Ranges(ByteRanges.Maximum + 1), 1000));
        // Those that are not there count as well.
        Assert.Null(ByteRanges.Select(Ranges(ByteRanges.Maximum + 1), 1));
    }

    private static string Selected(string header, long length) =>
        ByteRanges.Select(header, length) is { } ranges ? string.Join(' ', ranges.Select(range => $"{range.Start}+{range.Length}")) : Whole;
}
