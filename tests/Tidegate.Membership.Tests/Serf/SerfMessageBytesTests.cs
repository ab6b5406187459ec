using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>Whole messages against bytes worked out by hand.</summary>
public sealed class SerfMessageBytesTests
{
    private static readonly MemberAddress Address = MemberAddress.From(Raw("0a000001"), 7946);

    [Fact]
    public void A_leave_always_says_whether_it_prunes()
    {
        AssertBytes(new LeaveMessage(7, "b", false), "00 83 a5'LTime'07 a4'Node'a1'b' a5'Prune'c2");
        AssertBytes(new LeaveMessage(300, "b", true), "00 83 a5'LTime'cd012c a4'Node'a1'b' a5'Prune'c3");
    }

    [Fact]
    public void A_join_is_a_time_and_a_name() => AssertBytes(new JoinMessage(1, "b"), "01 82 a5'LTime'01 a4'Node'a1'b'");

    [Fact]
    public void A_user_event_keeps_nil_apart_from_empty()
    {
        AssertBytes(new UserEventMessage(5, "deploy", Raw("'v2'"), true), "03 84 a2'CC'c3 a5'LTime'05 a4'Name'a6'deploy' a7'Payload'a2'v2'");
        AssertBytes(new UserEventMessage(5, "x", RawBytes.Nil, false), "03 84 a2'CC'c2 a5'LTime'05 a4'Name'a1'x' a7'Payload'c0");
    }

    [Fact]
    public void A_query_has_eleven_fields()
    {
        QueryMessage query = new()
        {
            Time = 9,
            Id = 0xdeadbeef,
            Asker = Address,
            SourceNode = "a",
            Flags = 1,
            RelayFactor = 2,
            TimeoutNanoseconds = 3_200_000_000,
            Name = "up",
            Payload = RawBytes.CopyOf([]),
        };
        AssertBytes(
            query,
            "04 8b a4'Addr'a40a000001 a7'Filters'c0 a5'Flags'01 a2'ID'cedeadbeef a5'LTime'09 a4'Name'a2'up' a7'Payload'a0 a4'Port'cd1f0a"
            + "ab'RelayFactor'02 aa'SourceNode'a1'a' a7'Timeout'cebebc2000");
        QueryMessage filtered = query with { Filters = [QueryFilter.ForNodes(["b"]), QueryFilter.ForTag("role", "^g")] };
        AssertBytes(
            filtered,
            "04 8b a4'Addr'a40a000001 a7'Filters'92 a400 91 a1'b' b3 01 82 a4'Expr'a2'^g' a3'Tag'a4'role' a5'Flags'01 a2'ID'cedeadbeef a5'LTime'09"
            + "a4'Name'a2'up' a7'Payload'a0 a4'Port'cd1f0a ab'RelayFactor'02 aa'SourceNode'a1'a' a7'Timeout'cebebc2000");
    }

    [Fact]
    public void An_answer_says_by_its_flag_whether_it_is_the_ack()
    {
        AssertBytes(new QueryAnswerMessage(9, 1, "b", 1, RawBytes.Nil), "05 85 a5'Flags'01 a4'From'a1'b' a2'ID'01 a5'LTime'09 a7'Payload'c0");
        Assert.True(new QueryAnswerMessage(9, 1, "b", 1, RawBytes.Nil).IsAck);
        Assert.False(new QueryAnswerMessage(9, 1, "b", 2, RawBytes.Nil).IsAck);
    }

    [Fact]
    public void A_conflict_answer_is_nil_or_the_whole_member()
    {
        AssertBytes(ConflictAnswerMessage.Unknown, "06 c0");
        ConflictAnswerMessage known = new()
        {
            Known = true,
            Name = "b",
            Address = Address,
            Tags = new Dictionary<string, string> { ["tg"] = "1" },
            Status = SerfStatus.Failed,
            Versions = Raw("010502020504"),
        };
        AssertBytes(
            known,
            "06 8b a4'Addr'a40a000001 ab'DelegateCur'04 ab'DelegateMax'05 ab'DelegateMin'02 a4'Name'a1'b' a4'Port'cd1f0a"
            + "ab'ProtocolCur'02 ab'ProtocolMax'05 ab'ProtocolMin'01 a6'Status'04 a4'Tags'81 a2'tg'a1'1'");
    }

    [Fact]
    public void A_key_request_carries_the_key_itself() => AssertBytes(new KeyRequestMessage(Raw("00ff")), "07 81 a3'Key'a200ff");

    [Fact]
    public void A_key_answer_carries_nil_for_keys_nobody_asked_for()
    {
        AssertBytes(new KeyAnswerMessage { Result = true }, "08 84 a4'Keys'c0 a7'Message'a0 aa'PrimaryKey'a0 a6'Result'c3", rewritten: false);
        AssertBytes(
            new KeyAnswerMessage { Result = true, Keys = ["QQ=="], PrimaryKey = "QQ==" },
            "08 84 a4'Keys'91 a4'QQ==' a7'Message'a0 aa'PrimaryKey'a4'QQ==' a6'Result'c3");
    }

    [Fact]
    public void A_relay_is_a_head_before_what_it_relays() => AssertBytes(
        new RelayMessage(Address, "b"),
        "09 82 a8'DestAddr'83 a2'IP'a40a000001 a4'Port'cd1f0a a4'Zone'a0 a8'DestName'a1'b'");

    [Fact]
    public void A_state_has_six_fields_and_a_seventh_for_gateways()
    {
        SerfState state = new()
        {
            Time = 4,
            StatusTimes = new Dictionary<string, ulong> { ["b"] = 2 },
            LeftMembers = ["b"],
            EventTime = 3,
            Events = [null, new EventsOfOneTime(2, [("e", Raw("01"))])],
            QueryTime = 1,
        };
        const string Fields = "aa'EventLTime'03 a6'Events'92 c0 82 a6'Events'91 82 a4'Name'a1'e' a7'Payload'a101 a5'LTime'02 a5'LTime'04 ab'LeftMembers'91 a1'b'"
            + "aa'QueryLTime'01 ac'StatusLTimes'81 a1'b'02";
        AssertBytes(state, "02 86" + Fields);
        AssertBytes(
            new SerfState
            {
                Time = 4,
                StatusTimes = state.StatusTimes,
                LeftMembers = ["b"],
                EventTime = 3,
                Events = state.Events,
                QueryTime = 1,
                Records = Raw("90"),
            },
            "02 87" + Fields + "a2'Tg'a190");
    }

    [Fact]
    public void The_types_have_the_numbers_of_the_specification() => Assert.Equal(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 200],
        Enum.GetValues<SerfMessageType>().Select(type => (int)type));

    private static void AssertBytes<T>(T message, string notation, bool rewritten = true)
        where T : ISerfMessage<T>
    {
        byte[] bytes = Bytes(notation);
        Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(message.ToBytes()));

        // What others put after a message is no part of it, and a message that is cut off anywhere is none.
        Assert.True(SerfFields.TryRead([.. bytes, 0xc1], out T read, out int length));
        Assert.Equal(bytes.Length, length);
        if (rewritten)
        {
            Assert.Equal(bytes, read.ToBytes());
        }

        for (int end = 0; end < bytes.Length; end++)
        {
            Assert.False(SerfFields.TryRead(bytes.AsSpan(0, end), out T _));
        }
    }
}
