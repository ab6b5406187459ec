using System.Buffers;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Wire;

/// <summary>What streams carry, against bytes worked out by hand.</summary>
public sealed class PushPullBytesTests
{
    private static readonly StateEntry Node =
        new("gw1", MemberAddress.From(Raw("0a000001"), 7946), Raw("ff80"), 3, MemberStatus.Left, Raw("010502020505"));

    private static readonly byte[] NodeBytes = Bytes(
        "87 a4'Addr'a40a000001 ab'Incarnation'03 a4'Meta'a2ff80 a4'Name'a3'gw1' a4'Port'cd1f0a a5'State'03 a3'Vsn'a6010502020505");

    [Fact]
    public void A_header_has_three_fields() =>
        Assert.Equal(Bytes("06 83 a4'Join'c3 a5'Nodes'02 ac'UserStateLen'cd012c"), Written(new PushPullHeader(2, 300, true)));

    [Fact]
    public void A_header_is_read_with_signed_integers_too()
    {
        Assert.Equal(ReadFailure.None, Read(Bytes("83 a4'Join'c2 a5'Nodes'd10102 ac'UserStateLen'd3000000000000000a"), out PushPullHeader header));
        Assert.Equal(new PushPullHeader(258, 10, false), header);
    }

    [Theory]
    [InlineData("81 a5'Nodes'ff")]
    [InlineData("81 a5'Nodes'ce00100001")]
    [InlineData("81 ac'UserStateLen'ce01400001")]
    [InlineData("81 ac'UserStateLen'd0ff")]
    public void Counts_below_zero_or_beyond_their_bounds_are_refused(string body) =>
        Assert.Equal(ReadFailure.OutOfRange, Read<PushPullHeader>(Bytes(body), out _));

    [Fact]
    public void A_node_has_seven_fields()
    {
        ArrayBufferWriter<byte> output = new();
        Node.Write(output);
        Assert.Equal(NodeBytes, output.WrittenSpan);
        Assert.Equal(Node, ReadNode(NodeBytes));
    }

    [Theory]
    [InlineData("80")]
    [InlineData("81 a4'Name'a0")]
    [InlineData("82 a4'Name'a1'a' a5'State'04")]
    [InlineData("82 a4'Name'a1'a' a5'State'ff")]
    [InlineData("82 a4'Name'a1'a' a4'Addr'a3010203")]
    [InlineData("82 a4'Name'a1'a' a3'Vsn'a101")]
    public void A_node_that_cannot_be_is_refused(string bytes)
    {
        MessagePackReader reader = new(Bytes(bytes));
        Assert.False(StateEntry.TryRead(ref reader, out _));
        Assert.Equal(ReadFailure.OutOfRange, reader.Failure);
    }

    [Fact]
    public void A_node_that_peers_would_not_survive_is_not_written() => Assert.Throws<InvalidOperationException>(
        () => (Node with { Versions = Raw("01") }).Write(new ArrayBufferWriter<byte>()));

    [Fact]
    public void A_user_header_and_an_error_have_one_field()
    {
        Assert.Equal(Bytes("08 81 aa'UserMsgLen'05"), Written(new UserHeader(5)));
        Assert.Equal(Bytes("0d 81 a5'Error'a2'no'"), Written(new ErrorMessage("no")));
    }

    [Fact]
    public void Text_forms_of_an_address_are_those_people_write()
    {
        Assert.Equal("10.0.0.1:7946", MemberAddress.From(Raw("0a000001"), 7946).ToString());
        Assert.Equal("10.0.0.1:7946", MemberAddress.From(Raw("00000000000000000000ffff0a000001"), 7946).ToString());
        Assert.Equal("[::1]:7946", MemberAddress.From(Raw("00000000000000000000000000000001"), 7946).ToString());
        Assert.NotEqual(MemberAddress.From(Raw("0a000001"), 1), MemberAddress.From(Raw("00000000000000000000ffff0a000001"), 1));
        Assert.Throws<InvalidOperationException>(() => MemberAddress.From(RawBytes.Nil, 1).ToEndPoint());
    }

    private static StateEntry ReadNode(byte[] bytes)
    {
        MessagePackReader reader = new(bytes);
        Assert.True(StateEntry.TryRead(ref reader, out StateEntry? node));
        return node;
    }
}
