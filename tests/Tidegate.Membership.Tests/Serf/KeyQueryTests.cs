using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Serf.TestKeyring;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>The four operations on keys, answered and asked.</summary>
public sealed class KeyQueryTests
{
    private readonly TestKeyring _keys = new(Key(1), Key(2));
    private readonly SerfTestHost _host;
    private uint _id;

    public KeyQueryTests()
    {
        _host = new SerfTestHost(keys: _keys);
        _host.Up("self", 1);
        _host.Up("b", 2);
    }

    [Theory]
    [InlineData("_serf_install-key", 3, true, new[] { 1, 2, 3 })]
    [InlineData("_serf_install-key", 2, true, new[] { 1, 2 })]
    [InlineData("_serf_use-key", 2, true, new[] { 2, 1 })]
    [InlineData("_serf_use-key", 1, true, new[] { 1, 2 })]
    [InlineData("_serf_use-key", 3, false, new[] { 1, 2 })]
    [InlineData("_serf_remove-key", 2, true, new[] { 1 })]
    [InlineData("_serf_remove-key", 3, true, new[] { 1, 2 })]
    [InlineData("_serf_remove-key", 1, false, new[] { 1, 2 })]
    public void Each_operation_does_what_it_says_or_says_why_not(string name, int key, bool result, int[] after)
    {
        KeyAnswerMessage answer = Answer(_host, name, new KeyRequestMessage(RawBytes.CopyOf(Key(key))).ToBytes());
        Assert.Equal(result, answer.Result);
        Assert.Equal(result, answer.Message.Length == 0);
        Assert.Equal(after, _keys.Keys.Select(one => (int)one[0]));
    }

    [Fact]
    public void Listing_tells_all_keys_and_the_one_that_seals()
    {
        KeyAnswerMessage answer = Answer(_host, "_serf_list-keys", []);
        Assert.True(answer.Result);
        Assert.Equal([Convert.ToBase64String(Key(1)), Convert.ToBase64String(Key(2))], answer.Keys!);
        Assert.Equal(Convert.ToBase64String(Key(1)), answer.PrimaryKey);
        Assert.Equal("", answer.Message);
    }

    [Fact]
    public void Keys_that_do_not_fit_an_answer_are_dropped_from_the_end_and_that_is_said()
    {
        SerfTestHost host = new(keys: new TestKeyring([.. Enumerable.Range(1, 100).Select(Key)]));
        host.Up("self", 1);
        KeyAnswerMessage answer = Answer(host, "_serf_list-keys", []);
        Assert.True(answer.Result);
        Assert.InRange(answer.Keys!.Count, 30, 40);
        Assert.Equal(Convert.ToBase64String(Key(1)), answer.Keys[0]);
        Assert.Equal($"Only {answer.Keys.Count} of 100 keys fit this answer.", answer.Message);
    }

    [Theory]
    [InlineData("_serf_install-key")]
    [InlineData("_serf_use-key")]
    [InlineData("_serf_remove-key")]
    [InlineData("_serf_list-keys")]
    public void Without_encryption_every_operation_fails(string name)
    {
        SerfTestHost host = new();
        host.Up("self", 1);
        KeyAnswerMessage answer = Answer(host, name, new KeyRequestMessage(RawBytes.CopyOf(Key(1))).ToBytes());
        Assert.False(answer.Result);
        Assert.Contains("Encryption is off", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_a_wrong_length_and_a_request_that_is_none_are_refused()
    {
        KeyAnswerMessage answer = Answer(_host, "_serf_install-key", new KeyRequestMessage(RawBytes.CopyOf(new byte[15])).ToBytes());
        Assert.Contains("not 15", answer.Message, StringComparison.Ordinal);
        Assert.False(Answer(_host, "_serf_install-key", [7, 0x93]).Result);
        Assert.False(Answer(_host, "_serf_use-key", []).Result);
        Assert.Equal(2, _keys.Keys.Count);
    }

    [Fact]
    public void What_the_keyring_cannot_do_is_passed_back()
    {
        _keys.Failure = "The disk is full.";
        KeyAnswerMessage answer = Answer(_host, "_serf_install-key", new KeyRequestMessage(RawBytes.CopyOf(Key(3))).ToBytes());
        Assert.Equal((false, "The disk is full."), (answer.Result, answer.Message));
    }

    [Fact]
    public void An_operation_succeeds_when_every_live_member_has_done_it()
    {
        KeyOutcome? outcome = null;
        OwnQuery query = _host.Layer.InstallKey(Key(3), done => outcome = done);
        Assert.Equal(3, _keys.Keys.Count);
        Assert.Null(outcome);
        Reply(query, "b", new KeyAnswerMessage { Result = true });
        Assert.True(outcome?.Succeeded);
        Assert.Equal((2, 2, 0), (outcome!.Members, outcome.Answers, outcome.Failures));
        _host.Pass(10_000);
    }

    [Fact]
    public void An_operation_fails_when_one_member_says_no()
    {
        KeyOutcome? outcome = null;
        OwnQuery query = _host.Layer.UseKey(Key(2), done => outcome = done);
        Reply(query, "b", new KeyAnswerMessage { Message = "not here" });
        Assert.False(outcome?.Succeeded);
        Assert.Equal([KeyValuePair.Create("b", "not here")], outcome!.Messages);
    }

    [Fact]
    public void An_operation_fails_when_one_member_says_nothing_in_time()
    {
        KeyOutcome? outcome = null;
        _host.Layer.RemoveKey(Key(2), done => outcome = done);
        _host.Pass(3_199);
        Assert.Null(outcome);
        _host.Pass(1);
        Assert.False(outcome?.Succeeded);
        Assert.Equal((2, 1, 0), (outcome!.Members, outcome.Answers, outcome.Failures));
    }

    [Fact]
    public void An_answer_that_cannot_be_read_is_a_failure()
    {
        KeyOutcome? outcome = null;
        OwnQuery query = _host.Layer.ListKeys(done => outcome = done);
        _host.Receive(new QueryAnswerMessage(query.Time, query.Id, "b", 0, RawBytes.CopyOf([8, 0x93])));
        Assert.Equal(1, outcome?.Failures);
    }

    [Fact]
    public void Listing_counts_how_many_members_have_each_key()
    {
        KeyOutcome? outcome = null;
        OwnQuery query = _host.Layer.ListKeys(done => outcome = done);
        string two = Convert.ToBase64String(Key(2));
        Reply(query, "b", new KeyAnswerMessage { Result = true, Keys = [two, two], PrimaryKey = two });
        Assert.Equal(1, outcome?.Keys[Convert.ToBase64String(Key(1))]);
        Assert.Equal(2, outcome?.Keys[two]);
        Assert.Equal(1, outcome?.PrimaryKeys[two]);
    }

    private void Reply(OwnQuery query, string from, KeyAnswerMessage answer) =>
        _host.Receive(new QueryAnswerMessage(query.Time, query.Id, from, 0, RawBytes.CopyOf(answer.ToBytes())));

    private KeyAnswerMessage Answer(SerfTestHost host, string name, byte[] payload)
    {
        host.Receive(new QueryMessage
        {
            Time = 5,
            Id = _id++,
            Asker = SerfTestHost.Address(2),
            SourceNode = "b",
            TimeoutNanoseconds = 1_000_000_000,
            Name = name,
            Payload = RawBytes.CopyOf(payload),
        });
        (MemberAddress _, QueryAnswerMessage message) = Assert.Single(host.TakeSends<QueryAnswerMessage>());
        Assert.True(SerfFields.TryRead(message.Payload.Span, out KeyAnswerMessage answer));
        Assert.Empty(host.Queries);
        return answer;
    }
}
