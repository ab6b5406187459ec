using System.Buffers;
using Tidegate.Membership.Packets;
using Tidegate.Membership.Security;
using Tidegate.Membership.Tests.Security;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Packets;

/// <summary>Packets written by hand, each rule and bound of sections 1 and 7 and annex A2.</summary>
public sealed class PacketReaderTests
{
    private static readonly byte[] Nack = Bytes("0b 81 a5'SeqNo'07");
    private static readonly byte[] Other = Bytes("0b 81 a5'SeqNo'08");

    [Fact]
    public void A_packet_may_be_one_message() => AssertTaken(Nack, [Nack]);

    [Fact]
    public void A_compound_holds_its_messages_in_order() =>
        AssertTaken([.. Bytes("07 02 0009 0009"), .. Nack, .. Other], [Nack, Other]);

    [Fact]
    public void A_part_that_is_cut_off_is_dropped_and_earlier_parts_count() =>
        AssertTaken([.. Bytes("07 02 0009 0009"), .. Nack, .. Other[..^1]], [Nack], PacketRefusal.CutOff);

    [Fact]
    public void A_compound_that_is_cut_off_in_its_lengths_holds_nothing()
    {
        AssertTaken(Bytes("07"), [], PacketRefusal.CutOff);
        AssertTaken(Bytes("07 02 0001 00"), [], PacketRefusal.CutOff);
    }

    [Fact]
    public void An_empty_part_is_refused_and_the_others_count() =>
        AssertTaken([.. Bytes("07 02 0000 0009"), .. Nack], [Nack], PacketRefusal.EmptyPart);

    [Fact]
    public void A_compound_without_parts_is_refused() => AssertTaken(Bytes("07 00"), [], PacketRefusal.EmptyPart);

    [Fact]
    public void An_empty_packet_is_refused() => AssertTaken([], [], PacketRefusal.Empty);

    [Fact]
    public void A_checksum_covers_what_follows_it()
    {
        // CRC-32 of the nine bytes of the nack, by another program.
        byte[] packet = [.. Bytes("0c e010f462"), .. Nack];
        AssertTaken(packet, [Nack]);
        packet[^1] ^= 1;
        AssertTaken(packet, [], PacketRefusal.WrongChecksum);
        AssertTaken(packet[..4], [], PacketRefusal.WrongChecksum);
        AssertTaken(Bytes("0c 00000000"), [], PacketRefusal.Empty);
    }

    [Fact]
    public void A_checksum_inside_a_compound_is_refused()
    {
        byte[] packet = [.. Bytes("0c e010f462"), .. Nack];
        AssertTaken([.. Bytes("07 01 000e"), .. packet], [], PacketRefusal.ChecksumInside);
        AssertTaken(Compressed(packet), [], PacketRefusal.ChecksumInside);
    }

    [Fact]
    public void Compressed_bytes_packed_by_hand_are_read() =>
        AssertTaken(Bytes("09 82 a4'Algo'00 a3'Buf' a4 0b020504"), [[0x0b, 0x81]]);

    [Fact]
    public void Compound_and_compressed_messages_may_nest()
    {
        byte[] inner = [.. Bytes("07 02 0009 0009"), .. Nack, .. Other];
        byte[] packed = Compressed(inner);
        byte[] outer = [7, 2, 0, (byte)packed.Length, 0, 9, .. packed, .. Nack];
        AssertTaken(Compressed(outer), [Nack, Other, Nack]);
    }

    [Fact]
    public void Other_compression_and_damaged_compression_are_refused()
    {
        AssertTaken(Bytes("09 82 a4'Algo'01 a3'Buf'a0"), [], PacketRefusal.BadCompression);
        AssertTaken(Bytes("09 82 a4'Algo'00 a3'Buf'a0"), [], PacketRefusal.BadCompression);
        AssertTaken(Bytes("09 c1"), [], PacketRefusal.BadCompression);
        AssertTaken(Compressed([]), [], PacketRefusal.EmptyPart);
    }

    [Fact]
    public void Nesting_is_bounded()
    {
        byte[] packet = Nack;
        for (int i = 0; i < PacketLimits.Nesting; i++)
        {
            packet = [7, 1, 0, (byte)packet.Length, .. packet];
        }

        AssertTaken(packet, [Nack]);
        AssertTaken([7, 1, 0, (byte)packet.Length, .. packet], [], PacketRefusal.TooDeep);
    }

    [Fact]
    public void What_a_packet_inflates_to_is_bounded()
    {
        AssertTaken(Compressed([8, .. new byte[PacketLimits.Inflated]]), [], PacketRefusal.InflatesTooMuch);

        // Each part is within the bound by itself.
        byte[] part = Compressed([8, .. new byte[50_000]]);
        byte[] packet = [7, 4];
        for (int i = 0; i < 4; i++)
        {
            packet = [.. packet, (byte)(part.Length >> 8), (byte)part.Length];
        }

        PacketTaken taken = PacketTaken.From([.. packet, .. part, .. part, .. part, .. part]);
        Assert.Equal(2, taken.Messages.Count);
        Assert.Equal([PacketRefusal.InflatesTooMuch], taken.Refusals);
    }

    [Fact]
    public void The_number_of_messages_is_bounded()
    {
        byte[] inner = [7, 255, .. Enumerable.Repeat<byte[]>([0, 1], 255).SelectMany(length => length), .. new byte[255]];
        byte[] outer = [7, 5, .. Enumerable.Repeat<byte[]>([(byte)(inner.Length >> 8), (byte)inner.Length], 5).SelectMany(length => length)];
        PacketTaken taken = PacketTaken.From([.. outer, .. inner, .. inner, .. inner, .. inner, .. inner]);
        Assert.Equal(PacketLimits.Messages, taken.Messages.Count);
        Assert.Equal([PacketRefusal.TooManyMessages], taken.Refusals);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(10)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(255)]
    public void Types_that_are_unknown_or_belong_on_streams_are_refused(byte type) =>
        AssertTaken([type, 0x80], [], PacketRefusal.UnknownType);

    [Fact]
    public void The_label_must_be_the_cluster_s()
    {
        Envelope labelled = new("red"u8, null);
        byte[] packet = [.. Bytes("f4 03 'red'"), .. Nack];
        AssertTaken(labelled, packet, [Nack]);
        AssertTaken(labelled, Nack, [], PacketRefusal.WrongLabel);
        AssertTaken(labelled, [.. Bytes("f4 03 'rad'"), .. Nack], [], PacketRefusal.WrongLabel);
        AssertTaken(labelled, Bytes("f4 04 'red'"), [], PacketRefusal.WrongLabel);
        AssertTaken(labelled, Bytes("f4"), [], PacketRefusal.WrongLabel);
        AssertTaken(labelled, Bytes("f4 03 'red'"), [], PacketRefusal.Empty);
        AssertTaken(packet, [], PacketRefusal.WrongLabel);
        AssertTaken([.. Bytes("f4 00"), .. Nack], [], PacketRefusal.WrongLabel);
    }

    [Fact]
    public void A_sealed_packet_is_opened_with_the_label_as_associated_data()
    {
        Keyring keyring = new(KeyringTests.Key(1));
        byte[] blob = Sealed(keyring, Nack, "red"u8);
        AssertTaken(new Envelope("red"u8, keyring), [.. Bytes("f4 03 'red'"), .. blob], [Nack]);
        AssertTaken(new Envelope([], keyring), blob, [], PacketRefusal.NoKeyOpens);
        AssertTaken(new Envelope([], keyring), Sealed(keyring, Nack, []), [Nack]);
    }

    [Fact]
    public void A_checksum_may_stand_inside_the_seal()
    {
        Keyring keyring = new(KeyringTests.Key(1));
        AssertTaken(new Envelope([], keyring), Sealed(keyring, [.. Bytes("0c e010f462"), .. Nack], []), [Nack]);
    }

    [Fact]
    public void Once_encryption_is_on_plain_packets_are_refused()
    {
        Envelope envelope = new([], new Keyring(KeyringTests.Key(1)));
        AssertTaken(envelope, Nack, [], PacketRefusal.NotSealed);
        AssertTaken(envelope, Bytes("00 82 a4'Node'a1'b' a5'SeqNo'01"), [], PacketRefusal.NotSealed);
        AssertTaken(envelope, [0, .. new byte[60]], [], PacketRefusal.NoKeyOpens);
        AssertTaken(envelope, Sealed(new Keyring(KeyringTests.Key(2)), Nack, []), [], PacketRefusal.NoKeyOpens);
        AssertTaken(envelope, Sealed(new Keyring(KeyringTests.Key(1)), [], []), [], PacketRefusal.Empty);
    }

    [Fact]
    public void Every_reason_has_words_of_its_own()
    {
        PacketRefusal[] refusals = Enum.GetValues<PacketRefusal>();
        Assert.Equal(refusals.Length, refusals.Select(PacketRefusals.Describe).Distinct().Count());
    }

    private static byte[] Compressed(byte[] message)
    {
        ArrayBufferWriter<byte> output = new();
        CompressFrame.Write(output, LzwTests.Encoded(message));
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Sealed(Keyring keyring, byte[] plain, ReadOnlySpan<byte> label)
    {
        byte[] blob = new byte[plain.Length + Sealing.Overhead];
        Sealing.Seal(keyring, plain, label, blob);
        return blob;
    }

    private static void AssertTaken(byte[] packet, byte[][] messages, params PacketRefusal[] refusals) =>
        AssertTaken(Envelope.Plain, packet, messages, refusals);

    private static void AssertTaken(Envelope envelope, byte[] packet, byte[][] messages, params PacketRefusal[] refusals)
    {
        PacketTaken taken = PacketTaken.From(packet, envelope);
        Assert.Equal(messages, taken.Messages);
        Assert.Equal(refusals, taken.Refusals);
    }
}
