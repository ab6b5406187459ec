using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>Messages as other codecs and other minds write them.</summary>
public sealed class SerfMessageReadingTests
{
    [Theory]
    [InlineData("80")]
    [InlineData("c0")]
    [InlineData("de0000")]
    [InlineData("81 a3'New'93 01 80 a1'x'")]
    public void Missing_fields_are_zero_and_unknown_ones_are_skipped(string body)
    {
        Assert.True(Read($"00 {body}", out LeaveMessage leave));
        Assert.Equal(new LeaveMessage(0, "", false), leave);
        Assert.True(Read($"01 {body}", out JoinMessage join));
        Assert.Equal(new JoinMessage(0, ""), join);
        Assert.True(Read($"03 {body}", out UserEventMessage received));
        Assert.Equal(new UserEventMessage(0, "", RawBytes.Nil, false), received);
        Assert.True(Read($"04 {body}", out QueryMessage query));
        Assert.Equal(new QueryMessage(), query);
        Assert.True(Read($"05 {body}", out QueryAnswerMessage answer));
        Assert.Equal(new QueryAnswerMessage(0, 0, "", 0, RawBytes.Nil), answer);
        Assert.True(Read($"07 {body}", out KeyRequestMessage request));
        Assert.Equal(default, request);
        Assert.True(Read($"08 {body}", out KeyAnswerMessage keys));
        Assert.False(keys.Result);
        Assert.True(Read($"09 {body}", out RelayMessage relay));
        Assert.Equal(new RelayMessage(default, ""), relay);
        Assert.True(Read($"02 {body}", out SerfState state));
        Assert.Empty(state.StatusTimes);
        Assert.True(state.Records.IsNil);
    }

    [Fact]
    public void Nil_is_read_in_place_of_every_field()
    {
        Assert.True(Read("00 83 a5'LTime'c0 a4'Node'c0 a5'Prune'c0", out LeaveMessage _));
        Assert.True(Read("03 84 a2'CC'c0 a5'LTime'c0 a4'Name'c0 a7'Payload'c0", out UserEventMessage _));
        Assert.True(Read("04 83 a4'Addr'c0 a7'Filters'c0 a7'Timeout'c0", out QueryMessage _));
        Assert.True(Read("06 83 a4'Addr'c0 a4'Tags'c0 a6'Status'c0", out ConflictAnswerMessage conflict));
        Assert.True(conflict.Known);
        Assert.True(Read("08 82 a4'Keys'c0 a6'Result'c0", out KeyAnswerMessage _));
        Assert.True(Read("09 82 a8'DestAddr'c0 a8'DestName'c0", out RelayMessage _));
        Assert.True(Read("02 84 a6'Events'c0 ab'LeftMembers'c0 ac'StatusLTimes'c0 a2'Tg'c0", out SerfState _));
        Assert.True(Read("02 81 a6'Events'93 c0 80 82 a5'LTime'c0 a6'Events'91 c0", out SerfState state));
        Assert.Equal([null, 0UL, 0UL], state.Events.Select(slot => slot?.Time));
    }

    [Fact]
    public void Signed_integers_and_other_forms_of_strings_are_read()
    {
        Assert.True(Read("00 83 a5'LTime'd3 0000000000000009 a4'Node'c401'b' a5'Prune'c3", out LeaveMessage leave));
        Assert.Equal(new LeaveMessage(9, "b", true), leave);
        Assert.True(Read("04 82 a7'Timeout'd3 00000000bebc2000 a2'ID'd2 00000001", out QueryMessage query));
        Assert.Equal((3_200_000_000, 1u), (query.TimeoutNanoseconds, query.Id));
    }

    [Theory]
    [InlineData("00 81 a5'LTime'ff")]
    [InlineData("00 81 a4'Node'a1 ff")]
    [InlineData("01 81 a4'Node'01")]
    [InlineData("03 81 a7'Payload'90")]
    [InlineData("04 81 a2'ID'cf 0000000100000000")]
    [InlineData("04 81 ab'RelayFactor'cd 0100")]
    [InlineData("04 81 a4'Addr'a3 010203")]
    [InlineData("04 81 a7'Filters'dc 0021")]
    [InlineData("05 81 a5'Flags'ff")]
    [InlineData("06 81 a4'Tags'91 01")]
    [InlineData("07 81 a3'Key'da 0101")]
    [InlineData("09 81 a8'DestAddr'81 a2'IP'a5 0102030405")]
    [InlineData("02 81 ac'StatusLTimes'df 00100001")]
    [InlineData("02 81 a6'Events'dd 00001001")]
    [InlineData("02 81 a6'Events'91 81 a6'Events'dc 0101")]
    public void A_field_that_breaks_its_rule_fails_the_whole_message(string notation)
    {
        bool read = Bytes(notation)[0] switch
        {
            0 => Read(notation, out LeaveMessage _),
            1 => Read(notation, out JoinMessage _),
            2 => Read(notation, out SerfState _),
            3 => Read(notation, out UserEventMessage _),
            4 => Read(notation, out QueryMessage _),
            5 => Read(notation, out QueryAnswerMessage _),
            6 => Read(notation, out ConflictAnswerMessage _),
            7 => Read(notation, out KeyRequestMessage _),
            9 => Read(notation, out RelayMessage _),
            _ => true,
        };
        Assert.False(read);
    }

    [Fact]
    public void A_message_of_another_type_is_not_read_as_this_one() => Assert.False(Read("01 80", out LeaveMessage _));

    [Fact]
    public void Tags_are_a_map_after_ff()
    {
        RawBytes meta = Tags.Write(new Dictionary<string, string> { ["role"] = "gateway", ["dc"] = "a" });
        Assert.Equal(Raw("ff 82 a2'dc'a1'a' a4'role'a7'gateway'"), meta);
        Assert.True(Tags.TryRead(meta, out IReadOnlyDictionary<string, string> tags));
        Assert.Equal("gateway", tags["role"]);
        Assert.Equal("a", tags["dc"]);
    }

    [Fact]
    public void Metadata_without_ff_is_the_role_alone()
    {
        Assert.True(Tags.TryRead(Raw("'web'"), out IReadOnlyDictionary<string, string> tags));
        Assert.Equal([KeyValuePair.Create("role", "web")], tags);
        Assert.True(Tags.TryRead(RawBytes.Nil, out tags));
        Assert.Empty(tags);
    }

    [Theory]
    [InlineData("ff 81 a1'x'01")]
    [InlineData("ff 82 a1'x'a1'y'")]
    [InlineData("ff")]
    [InlineData("fe")]
    public void Metadata_that_is_neither_holds_no_tags(string notation)
    {
        Assert.False(Tags.TryRead(Raw(notation), out IReadOnlyDictionary<string, string> tags));
        Assert.Empty(tags);
    }

    [Fact]
    public void Tags_fit_512_bytes_and_no_more()
    {
        Dictionary<string, string> tags = new() { ["a"] = new string('x', 505) };
        Assert.Equal(512, Tags.Write(tags).Length);
        tags["a"] += "x";
        ArgumentException refused = Assert.Throws<ArgumentException>(() => Tags.Write(tags));
        Assert.Contains("513", refused.Message, StringComparison.Ordinal);
        Assert.Contains("fewer or shorter", refused.Message, StringComparison.Ordinal);
    }

    private static bool Read<T>(string notation, out T message)
        where T : ISerfMessage<T> => SerfFields.TryRead(Bytes(notation), out message);
}
