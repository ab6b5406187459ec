using System.Buffers.Binary;
using Tidegate.Membership.Packets;
using Tidegate.Membership.Security;
using Tidegate.Membership.Tests.Packets;
using Tidegate.Membership.Tests.Wire;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Tests.Security;

public sealed class ReplayWindowTests
{
    [Fact]
    public void A_nonce_counts_once_while_it_is_remembered()
    {
        ReplayWindow window = new(capacity: 3);
        Assert.All(new uint[] { 1, 2, 3 }, number => Assert.True(window.TryAdd(Nonce(number))));
        Assert.All(new uint[] { 1, 2, 3 }, number => Assert.False(window.TryAdd(Nonce(number))));
        Assert.True(window.TryAdd(Nonce(4)));
        Assert.False(window.TryAdd(Nonce(2)));
        Assert.True(window.TryAdd(Nonce(1)));
    }

    [Fact]
    public void A_sealed_packet_that_comes_twice_is_taken_once()
    {
        Envelope envelope = new([], new Keyring(KeyringTests.Key(1, 32)));
        byte[] packet = Packet(envelope);
        PacketReader reader = new(envelope);
        PacketTaken taken = new();
        reader.Read(packet, ref taken);
        reader.Read(packet, ref taken);
        reader.Read(Packet(envelope), ref taken);

        Assert.Equal(2, taken.Messages.Count);
        Assert.Equal([PacketRefusal.Replayed], taken.Refusals);
    }

    [Fact]
    public void A_forged_packet_does_not_use_up_the_nonce_of_the_true_one()
    {
        Envelope envelope = new([], new Keyring(KeyringTests.Key(1, 32)));
        byte[] packet = Packet(envelope);
        byte[] forged = [.. packet];
        forged[^1] ^= 1;
        PacketReader reader = new(envelope);
        PacketTaken taken = new();
        reader.Read(forged, ref taken);
        reader.Read(packet, ref taken);

        Assert.Single(taken.Messages);
        Assert.Equal([PacketRefusal.NoKeyOpens], taken.Refusals);
    }

    private static byte[] Packet(Envelope envelope)
    {
        PacketWriter writer = new(envelope, compress: false);
        writer.TryAdd(WireBytes.Written(new NackMessage(7)));
        return writer.Finish(false).ToArray();
    }

    private static byte[] Nonce(uint number)
    {
        byte[] nonce = new byte[Sealing.NonceLength];
        BinaryPrimitives.WriteUInt32BigEndian(nonce.AsSpan(8), number);
        return nonce;
    }
}
