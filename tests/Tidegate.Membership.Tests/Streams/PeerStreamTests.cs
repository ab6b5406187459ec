using System.Buffers;
using Tidegate.Membership.Packets;
using Tidegate.Membership.Security;
using Tidegate.Membership.Streams;
using Tidegate.Membership.Tests.Packets;
using Tidegate.Membership.Tests.Security;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Streams;

/// <summary>One message on a stream: by hand, however it is wrapped and cut, and every bound.</summary>
public sealed class PeerStreamTests
{
    private static readonly Keyring Keys = new(KeyringTests.Key(3, 32));
    private static readonly byte[] Ping = Bytes("00 82 a4'Node'a1'b' a5'SeqNo'07");
    private static readonly byte[] NodeA = Bytes("81 a4'Name'a1'a'");

    public static TheoryData<bool, bool> Wrappings { get; } = new() { { false, false }, { true, false }, { false, true }, { true, true } };

    [Fact]
    public async Task A_push_pull_written_by_hand_is_read()
    {
        byte[] bytes =
        [
            .. Bytes("06 83 a4'Join'c3 a5'Nodes'02 ac'UserStateLen'03"),
            .. Bytes("82 a4'Name'a1'a' a5'State'01"), .. NodeA, 7, 8, 9,
        ];
        foreach (int atATime in (int[])[1, 2, 7, int.MaxValue])
        {
            ClusterState state = Assert.IsType<ClusterState>(await MessageAsync(Envelope.Plain, bytes, atATime));
            Assert.True(state.Join);
            Assert.Equal(["a", "a"], state.Entries.Select(node => node.Name));
            Assert.Equal([MemberStatus.Suspect, MemberStatus.Alive], state.Entries.Select(node => node.Status));
            Assert.Equal(new byte[] { 7, 8, 9 }, state.UserState);
        }
    }

    [Fact]
    public async Task A_message_is_read_without_waiting_for_the_end_of_the_stream()
    {
        // A dialler keeps its side open, so a reader that waited for more would wait for ever.
        byte[] empty = Bytes("06 83 a4'Join'c2 a5'Nodes'00 ac'UserStateLen'00");
        byte[] user = Bytes("08 81 aa'UserMsgLen'02 aabb");
        foreach (byte[] bytes in (byte[][])[empty, user, Ping, Packed(Ping)])
        {
            StreamReading reading = await ReadAsync(Envelope.Plain, new ScriptedStream(bytes, endsSilently: true));
            Assert.Equal(StreamRefusal.None, reading.Refusal);
            Assert.NotNull(reading.Message);
        }
    }

    [Theory]
    [MemberData(nameof(Wrappings))]
    public async Task Every_message_is_read_as_it_was_written(bool isSealed, bool isLabelled)
    {
        Envelope envelope = new(isLabelled ? "red"u8 : [], isSealed ? Keys : null);
        StateEntry[] nodes = [.. Enumerable.Range(0, 100).Select(i => new StateEntry(
            $"gateway-{i}", MemberAddress.From(Raw("0a000001"), (ushort)i), Raw("ff80"), (uint)i, (MemberStatus)(i % 4), Raw("010502020505")))];
        byte[] noise = new byte[5_000];
        new Random(1).NextBytes(noise);

        ClusterState state = await RoundTripAsync(envelope, new ClusterState(true, nodes, noise));
        Assert.True(state.Join);
        Assert.Equal(nodes, state.Entries);
        Assert.Equal(noise, state.UserState);

        StreamUser user = await RoundTripAsync(envelope, new StreamUser(new byte[3_000]));
        Assert.Equal(new byte[3_000], user.Body);

        StreamPing ping = new(new PingMessage(7, "b", MessageSource.None));
        Assert.Equal(ping, await RoundTripAsync(envelope, ping));
        StreamAck ack = new(new AckMessage(7, RawBytes.Nil));
        Assert.Equal(ack, await RoundTripAsync(envelope, ack));
        StreamError error = new("no");
        Assert.Equal(error, await RoundTripAsync(envelope, error));
    }

    [Fact]
    public void A_sealed_message_is_a_frame_with_its_length()
    {
        byte[] bytes = PeerStreamWriter.Encode(new StreamError("no"), new Envelope("red"u8, Keys), writeLabel: true);
        Assert.Equal(Bytes("f4 03 'red' 0a 00000028 01"), bytes[..11]);
        Assert.Equal(5 + 5 + 0x28, bytes.Length);
        Assert.Equal(0x28, Sealing.Overhead + Bytes("0d 81 a5'Error'a2'no'").Length);
    }

    [Fact]
    public async Task The_associated_data_are_the_frame_s_first_bytes_and_the_label()
    {
        byte[] frame = [.. Bytes("0a 0000002d"), .. new byte[0x2d]];
        Assert.Equal(0x2d, Sealing.Overhead + Ping.Length);
        Sealing.Seal(Keys, Ping, [.. frame[..5], .. "red"u8], frame.AsSpan(5));
        Assert.IsType<StreamPing>(await MessageAsync(new Envelope("red"u8, Keys), [.. Bytes("f4 03 'red'"), .. frame]));
        await AssertRefusedAsync(StreamRefusal.NoKeyOpens, new Envelope([], Keys), frame);
    }

    [Fact]
    public async Task An_answer_carries_no_label()
    {
        Envelope envelope = new("red"u8, Keys);
        byte[] bytes = PeerStreamWriter.Encode(new StreamError("no"), envelope, writeLabel: false);
        using StreamBudget.Share share = new(new StreamBudget());
        StreamReading reading = await PeerStreamReader.ReadAsync(new ScriptedStream(bytes), envelope, expectLabel: false, share, CancellationToken.None);
        Assert.Equal(new StreamError("no"), reading.Message);
    }

    [Fact]
    public async Task A_wrong_label_is_refused()
    {
        Envelope labelled = new("red"u8, null);
        await AssertRefusedAsync(StreamRefusal.WrongLabel, labelled, Ping);
        await AssertRefusedAsync(StreamRefusal.WrongLabel, labelled, [.. Bytes("f4 03 'rad'"), .. Ping]);
        await AssertRefusedAsync(StreamRefusal.WrongLabel, Envelope.Plain, [.. Bytes("f4 03 'red'"), .. Ping]);
    }

    [Fact]
    public async Task Plain_where_sealed_is_due_and_the_reverse_are_told_apart_from_a_wrong_key()
    {
        Envelope sealing = new([], Keys);
        byte[] frame = PeerStreamWriter.Encode(new StreamError("no"), sealing, writeLabel: true);
        await AssertRefusedAsync(StreamRefusal.NotSealed, sealing, Ping);
        await AssertRefusedAsync(StreamRefusal.SealedWithoutKey, Envelope.Plain, frame);
        await AssertRefusedAsync(StreamRefusal.NoKeyOpens, new Envelope([], new Keyring(KeyringTests.Key(4))), frame);
        await AssertRefusedAsync(StreamRefusal.NotSealed, sealing, [.. Bytes("0a 00000002 0101")]);
    }

    [Fact]
    public async Task A_stream_that_ends_early_is_closed_or_cut_off()
    {
        await AssertRefusedAsync(StreamRefusal.Closed, Envelope.Plain, []);
        byte[] message = [.. Bytes("06 83 a4'Join'c2 a5'Nodes'01 ac'UserStateLen'01"), .. NodeA, 1];
        for (int length = 1; length < message.Length; length++)
        {
            await AssertRefusedAsync(StreamRefusal.CutOff, Envelope.Plain, message[..length]);
        }

        byte[] frame = PeerStreamWriter.Encode(new StreamError("no"), new Envelope([], Keys), writeLabel: true);
        await AssertRefusedAsync(StreamRefusal.CutOff, new Envelope([], Keys), frame[..^1]);
    }

    [Fact]
    public async Task What_ends_early_inside_a_seal_or_compression_is_unreadable() =>
        await AssertRefusedAsync(StreamRefusal.Unreadable, Envelope.Plain, Packed(Ping[..^1]));

    [Theory]
    [InlineData("01 80")]
    [InlineData("07 00")]
    [InlineData("0c 00000000")]
    [InlineData("ff")]
    public async Task A_type_that_no_stream_carries_is_refused(string bytes) =>
        await AssertRefusedAsync(StreamRefusal.UnknownType, Envelope.Plain, Bytes(bytes));

    [Fact]
    public async Task Compression_happens_once()
    {
        await AssertRefusedAsync(StreamRefusal.UnknownType, Envelope.Plain, Packed(Packed(Ping)));
        await AssertRefusedAsync(StreamRefusal.BadCompression, Envelope.Plain, Bytes("09 82 a4'Algo'01 a3'Buf'a0"));
        await AssertRefusedAsync(StreamRefusal.BadCompression, Envelope.Plain, Bytes("09 82 a4'Algo'00 a3'Buf'a0"));
    }

    [Fact]
    public async Task A_state_without_end_is_refused_at_20_MiB()
    {
        byte[] header = Bytes("06 83 a4'Join'c2 a5'Nodes'ce00100000 ac'UserStateLen'00");
        byte[] node = [.. Bytes("82 a4'Name'a1'a' a1'x' da0400"), .. new byte[1024]];
        ScriptedStream stream = new(header.Concat(Enumerable.Repeat(node, int.MaxValue).SelectMany(bytes => bytes)), 64 << 10);
        Assert.Equal(StreamRefusal.TooLarge, (await ReadAsync(Envelope.Plain, stream)).Refusal);
        Assert.InRange(stream.BytesRead, StreamLimits.Message, StreamLimits.Message + (128 << 10));
    }

    [Fact]
    public async Task What_is_announced_too_large_is_refused_before_it_is_read()
    {
        await AssertRefusedAsync(StreamRefusal.TooLarge, new Envelope([], Keys), Bytes("0a 01400100"));
        await AssertRefusedAsync(StreamRefusal.TooLarge, Envelope.Plain, Bytes("09 82 a4'Algo'00 a3'Buf' db01400001"));
        await AssertRefusedAsync(StreamRefusal.Unreadable, Envelope.Plain, Bytes("08 81 aa'UserMsgLen' ce01400001"));
    }

    [Fact]
    public async Task One_entry_without_end_is_refused_at_16_KiB()
    {
        byte[] start = Bytes("06 83 a4'Join'c2 a5'Nodes'01 ac'UserStateLen'00 82 a4'Name'a1'a' a1'x' db00ffffff");
        ScriptedStream stream = new(start.Concat(Enumerable.Repeat((byte)0, int.MaxValue)), 1024);
        Assert.Equal(StreamRefusal.TooLarge, (await ReadAsync(Envelope.Plain, stream)).Refusal);
        Assert.InRange(stream.BytesRead, StreamLimits.Item, StreamLimits.Item + 4096);
    }

    [Fact]
    public async Task Endless_nesting_is_refused()
    {
        byte[] start = Bytes("00 81 a1'x'");
        ScriptedStream stream = new(start.Concat(Enumerable.Repeat((byte)0x91, int.MaxValue)), 1);
        Assert.Equal(StreamRefusal.TooDeep, (await ReadAsync(Envelope.Plain, stream)).Refusal);
        Assert.InRange(stream.BytesRead, 1, 100);
    }

    [Fact]
    public async Task What_inflates_without_end_is_refused_at_40_MiB()
    {
        byte[] bomb = Packed([8, .. new byte[StreamLimits.Inflated]]);
        Assert.True(bomb.Length < StreamLimits.Message / 100);
        await AssertRefusedAsync(StreamRefusal.InflatesTooMuch, Envelope.Plain, bomb);
    }

    [Fact]
    public async Task All_streams_together_hold_no_more_than_their_budget()
    {
        StreamBudget budget = new(100_000);
        using (StreamBudget.Share other = new(budget))
        {
            Assert.True(other.TryAdd(60_000));
            byte[] user = PeerStreamWriter.Encode(new StreamUser(new byte[50_000]), Envelope.Plain, writeLabel: true);
            using StreamBudget.Share share = new(budget);
            StreamReading reading = await PeerStreamReader.ReadAsync(new ScriptedStream(user), Envelope.Plain, true, share, CancellationToken.None);
            Assert.Equal(StreamRefusal.TooMuchHeld, reading.Refusal);
        }

        Assert.Equal(0, budget.Held);
        using StreamBudget.Share none = new(new StreamBudget(1));
        Assert.Equal(StreamRefusal.TooMuchHeld, (await PeerStreamReader.ReadAsync(new ScriptedStream(Ping), Envelope.Plain, true, none, default)).Refusal);
    }

    [Fact]
    public async Task A_peer_that_says_nothing_ends_with_the_deadline()
    {
        using CancellationTokenSource deadline = new(TimeSpan.FromMilliseconds(20));
        using StreamBudget.Share share = new(new StreamBudget());
        StreamReading reading = await PeerStreamReader.ReadAsync(new ScriptedStream([], endsSilently: true), Envelope.Plain, true, share, deadline.Token);
        Assert.Equal(StreamRefusal.TimedOut, reading.Refusal);
    }

    [Fact]
    public void A_message_that_peers_would_refuse_is_not_sent()
    {
        byte[] noise = new byte[StreamLimits.Message + 1];
        new Random(1).NextBytes(noise);
        Assert.Throws<InvalidOperationException>(() => PeerStreamWriter.Encode(new StreamUser(noise), Envelope.Plain, writeLabel: true));
    }

    [Fact]
    public async Task An_error_is_shortened_and_made_text()
    {
        StreamError error = await RoundTripAsync(Envelope.Plain, new StreamError(new string('é', 5_000) + "\ud800"));
        Assert.InRange(error.Error.Length, 100, WireLimits.Error);
        Assert.Equal("a\ufffd", (await RoundTripAsync(Envelope.Plain, new StreamError("a\ud800"))).Error);
    }

    [Fact]
    public void Every_reason_has_words_of_its_own()
    {
        StreamRefusal[] refusals = Enum.GetValues<StreamRefusal>();
        Assert.Equal(refusals.Length, refusals.Select(StreamRefusals.Describe).Distinct().Count());
    }

    private static byte[] Packed(byte[] message)
    {
        ArrayBufferWriter<byte> output = new();
        CompressFrame.Write(output, LzwTests.Encoded(message));
        return output.WrittenSpan.ToArray();
    }

    private static async Task<T> RoundTripAsync<T>(Envelope envelope, T message)
        where T : PeerMessage => Assert.IsType<T>(await MessageAsync(envelope, PeerStreamWriter.Encode(message, envelope, writeLabel: true), 100));

    private static async Task<PeerMessage?> MessageAsync(Envelope envelope, byte[] bytes, int atATime = int.MaxValue)
    {
        StreamReading reading = await ReadAsync(envelope, new ScriptedStream(bytes, atATime));
        Assert.Equal(StreamRefusal.None, reading.Refusal);
        return reading.Message;
    }

    private static async Task AssertRefusedAsync(StreamRefusal refusal, Envelope envelope, byte[] bytes)
    {
        StreamReading reading = await ReadAsync(envelope, new ScriptedStream(bytes));
        Assert.Equal(refusal, reading.Refusal);
        Assert.Null(reading.Message);
    }

    private static async Task<StreamReading> ReadAsync(Envelope envelope, Stream stream)
    {
        StreamBudget budget = new();
        StreamReading reading;
        using (StreamBudget.Share share = new(budget))
        {
            reading = await PeerStreamReader.ReadAsync(stream, envelope, expectLabel: true, share, CancellationToken.None);
        }

        Assert.Equal(0, budget.Held);
        return reading;
    }
}
