using Tidegate.Membership.Packets;
using Tidegate.Membership.Security;
using Tidegate.Membership.Tests.Security;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Packets;

public sealed class PacketWriterTests
{
    private static readonly byte[] Nack = Bytes("0b 81 a5'SeqNo'07");

    [Fact]
    public void One_message_goes_as_it_is() => Assert.Equal(Nack, Written(new PacketWriter(Envelope.Plain, compress: true), false, Nack));

    [Fact]
    public void Several_messages_go_in_a_compound() => Assert.Equal(
        [.. Bytes("07 02 0009 0009"), .. Nack, .. Nack],
        Written(new PacketWriter(Envelope.Plain, compress: true), false, Nack, Nack));

    [Fact]
    public void A_checksum_goes_in_front() => Assert.Equal(
        [.. Bytes("0c e010f462"), .. Nack],
        Written(new PacketWriter(Envelope.Plain, compress: false), true, Nack));

    [Fact]
    public void A_label_goes_in_front_of_all() => Assert.Equal(
        [.. Bytes("f4 03 'red' 0c e010f462"), .. Nack],
        Written(new PacketWriter(new Envelope("red"u8, null), compress: false), true, Nack));

    [Fact]
    public void What_becomes_smaller_is_compressed_and_nothing_else()
    {
        PacketWriter writer = new(Envelope.Plain, compress: true);
        byte[] zeros = [8, .. new byte[500]];
        byte[] noise = new byte[500];
        new Random(1).NextBytes(noise);
        noise[0] = 8;
        Assert.Equal(9, Written(writer, false, zeros)[0]);
        Assert.Equal(noise, Written(writer, false, noise));
        Assert.Equal(zeros, Written(new PacketWriter(Envelope.Plain, compress: false), false, zeros));
    }

    [Fact]
    public void Everything_written_is_read_again_however_it_is_wrapped()
    {
        Random random = new(5);
        Keyring keyring = new(KeyringTests.Key(1, 32));
        foreach (Envelope envelope in (Envelope[])[Envelope.Plain, new([], keyring), new("red"u8, null), new("red"u8, keyring)])
        {
            PacketWriter writer = new(envelope, compress: true);
            for (int i = 0; i < 200; i++)
            {
                List<byte[]> messages = [];
                writer.Clear();
                do
                {
                    byte[] message = Message(random);
                    if (!writer.TryAdd(message))
                    {
                        break;
                    }

                    messages.Add(message);
                }
                while (messages.Count < i);

                // The same messages may go to receivers with and without a checksum.
                Assert.Equal(messages, PacketTaken.From(writer.Finish(checksum: true).ToArray(), envelope).Messages);
                Assert.Equal(messages, PacketTaken.From(writer.Finish(checksum: false).ToArray(), envelope).Messages);
            }
        }
    }

    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "")]
    [InlineData(true, "red")]
    public void A_packet_is_filled_up_to_1400_bytes(bool isSealed, string label)
    {
        Envelope envelope = new(System.Text.Encoding.ASCII.GetBytes(label), isSealed ? new Keyring(KeyringTests.Key(1)) : null);
        PacketWriter writer = new(envelope, compress: false);
        Assert.True(writer.TryAdd(Nack));
        Assert.False(writer.TryAdd(new byte[writer.Room + 1]));
        Assert.True(writer.TryAdd([8, .. new byte[writer.Room - 1]]));
        Assert.Equal(0, writer.Room);
        Assert.Equal(PacketLimits.Fill, writer.Finish(checksum: true).Length);
    }

    [Fact]
    public void The_first_message_may_be_as_large_as_UDP_carries()
    {
        PacketWriter writer = new(new Envelope("red"u8, new Keyring(KeyringTests.Key(1))), compress: false);
        Assert.False(writer.TryAdd(new byte[writer.Largest + 1]));
        Assert.True(writer.TryAdd(new byte[writer.Largest]));
        Assert.Equal(PacketLimits.Written, writer.Finish(checksum: true).Length);
        Assert.False(writer.TryAdd(Nack));
    }

    [Fact]
    public void A_compound_has_at_most_255_parts()
    {
        PacketWriter writer = new(Envelope.Plain, compress: false);
        for (int i = 0; i < PacketLimits.Parts; i++)
        {
            Assert.True(writer.TryAdd([8]));
        }

        Assert.Equal(0, writer.Room);
        Assert.False(writer.TryAdd([8]));
        Assert.Equal(255, PacketTaken.From(writer.Finish(checksum: false).ToArray()).Messages.Count);
    }

    [Fact]
    public void An_empty_message_and_an_empty_packet_are_mistakes_of_the_caller()
    {
        PacketWriter writer = new(Envelope.Plain, compress: false);
        Assert.Throws<ArgumentException>(() => writer.TryAdd([]));
        Assert.Throws<InvalidOperationException>(() => writer.Finish(checksum: false));
    }

    [Fact]
    public void A_label_of_more_than_255_bytes_is_refused() =>
        Assert.Contains("255", Assert.Throws<ArgumentException>(() => new Envelope(new byte[256], null)).Message, StringComparison.Ordinal);

    private static byte[] Message(Random random)
    {
        byte[] message = new byte[random.Next(1, 120)];
        random.NextBytes(message.AsSpan(0, random.Next(message.Length)));
        message[0] = 8;
        return message;
    }

    private static byte[] Written(PacketWriter writer, bool checksum, params byte[][] messages)
    {
        writer.Clear();
        foreach (byte[] message in messages)
        {
            Assert.True(writer.TryAdd(message));
        }

        return writer.Finish(checksum).ToArray();
    }
}
