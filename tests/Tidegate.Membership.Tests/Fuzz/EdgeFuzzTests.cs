using System.Buffers.Binary;
using System.Net;
using Tidegate.Membership.Discovery;
using Tidegate.Membership.Packets;
using Tidegate.Membership.Security;
using Tidegate.Membership.Streams;
using Tidegate.Membership.Tests.Security;
using Tidegate.Membership.Tests.Streams;
using Tidegate.Membership.Tests.Wire;
using Tidegate.Membership.Wire;
using Xunit.Abstractions;

namespace Tidegate.Membership.Tests.Fuzz;

/// <summary>
/// Random and damaged packets, streams and beacons, plain and sealed; damaged before they are sealed as well, as by a
/// member that has the key. Nothing throws, nothing grows, and everything is either taken or counted.
/// </summary>
public sealed class EdgeFuzzTests(ITestOutputHelper output)
{
    private static readonly Keyring Keys = new(KeyringTests.Key(1, 32));
    private static readonly Envelope[] Envelopes = [Envelope.Plain, new([], Keys), new("red"u8, null), new("red"u8, Keys)];

    [Fact]
    public async Task No_packet_makes_the_reader_throw_or_allocate()
    {
        PacketReader[] readers = [.. Envelopes.Select(envelope => new PacketReader(envelope))];
        PacketWriter[] writers = [.. Envelopes.Select((envelope, i) => new PacketWriter(envelope, compress: i % 2 == 0))];
        PacketWriter plain = new(Envelope.Plain, compress: true);
        CountingVisitor visitor = new();
        long totalAllocated = 0;
        readers[0].Read([], ref visitor);
        await FuzzRun.CasesAsync(output, TimeSpan.FromSeconds(5), longRun: 9_000_000, random =>
        {
            int kind = random.Next(Envelopes.Length);
            byte[] whole = Packet(random.Next(3) == 0 ? plain : writers[kind], random, out int messages);
            byte[] packet = random.Next(2) == 0 ? FuzzRun.Damaged(whole, random) : Wrapped(FuzzRun.Damaged(Packet(plain, random, out _), random), Envelopes[kind]);
            visitor.Begin();
            long before = GC.GetAllocatedBytesForCurrentThread();
            readers[kind].Read(packet, ref visitor);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(visitor.Messages + visitor.Refusals > 0, "neither taken nor refused");
            Assert.InRange(visitor.Messages, 0, PacketLimits.Messages);
            Assert.InRange(visitor.Bytes, 0, PacketLimits.Inflated + packet.Length);

            // What a sealed packet needs comes from a pool that grows and shrinks; nothing else may cost memory, once all code has run.
            totalAllocated += Envelopes[kind].Keyring is null ? allocated : 0;

            // What came before changes nothing for what is whole.
            visitor.Begin();
            whole = Packet(writers[kind], random, out messages);
            readers[kind].Read(whole, ref visitor);
            Assert.Equal((messages, 0), (visitor.Messages, visitor.Refusals));
            return Task.CompletedTask;
        });
        Assert.InRange(totalAllocated, 0, 50_000);
    }

    [Fact]
    public Task No_stream_makes_the_reader_throw_or_hold_memory() => FuzzRun.CasesAsync(output, TimeSpan.FromSeconds(3), longRun: 500_000, async random =>
    {
        Envelope envelope = Envelopes[random.Next(Envelopes.Length)];
        byte[] bytes = random.Next(2) == 0
            ? FuzzRun.Damaged(PeerStreamWriter.Encode(Message(random), envelope, writeLabel: true), random)
            : WrappedStream(FuzzRun.Damaged(PeerStreamWriter.Encode(Message(random), Envelope.Plain, writeLabel: true), random), envelope);
        StreamBudget budget = new();
        using (StreamBudget.Share share = new(budget))
        {
            ScriptedStream stream = new(bytes, random.Next(1, 300));
            StreamReading reading = await PeerStreamReader.ReadAsync(stream, envelope, expectLabel: true, share, default);
            Assert.Equal(reading.Message is null, reading.Refusal != StreamRefusal.None);
            Assert.NotEqual(StreamRefusal.TooMuchHeld, reading.Refusal);
        }

        Assert.Equal(0, budget.Held);
    });

    [Fact]
    public Task No_beacon_makes_the_reader_throw() => FuzzRun.CasesAsync(output, TimeSpan.FromSeconds(2), longRun: 500_000, random =>
    {
        Beacon beacon = new("MyCluster", $"gw{random.Next()}", MemberAddress.From(new IPEndPoint(random.NextInt64(1L << 32), 7946)), 7);
        Keyring? keyring = random.Next(2) == 0 ? Keys : null;
        byte[] bytes = FuzzRun.Damaged(beacon.Encode(random.Next(3) == 0 ? Keys : null), random);
        if (keyring is not null && random.Next(2) == 0)
        {
            byte[] blob = new byte[bytes.Length + Sealing.Overhead];
            Sealing.Seal(keyring, bytes, "tidegate-beacon"u8, blob);
            bytes = blob;
        }

        BeaconRefusal refusal = Beacon.Decode(bytes, keyring, out Beacon read);
        Assert.Equal(refusal == BeaconRefusal.None, read.Address.IsUsable);
        return Task.CompletedTask;
    });

    private static byte[] Packet(PacketWriter writer, Random random, out int messages)
    {
        writer.Clear();
        for (int left = random.Next(1, 8); left > 0; left--)
        {
            byte[] body = SampleMessages.Bodies[random.Next(SampleMessages.Bodies.Length)];
            writer.TryAdd([(byte)MessageType.User, .. body]);
        }

        messages = writer.Count;
        return writer.Finish(random.Next(2) == 0).ToArray();
    }

    // The label and seal that a member who means harm would put around it.
    private static byte[] Wrapped(byte[] plain, Envelope envelope)
    {
        byte[] body = plain;
        if (envelope.Keyring is { } keyring)
        {
            body = new byte[plain.Length + Sealing.Overhead];
            Sealing.Seal(keyring, plain, envelope.Label, body);
        }

        return envelope.LabelOverhead == 0 ? body : [(byte)MessageType.Label, (byte)envelope.Label.Length, .. envelope.Label, .. body];
    }

    private static byte[] WrappedStream(byte[] plain, Envelope envelope)
    {
        byte[] body = plain;
        if (envelope.Keyring is { } keyring)
        {
            body = new byte[5 + plain.Length + Sealing.Overhead];
            body[0] = (byte)MessageType.Encrypt;
            BinaryPrimitives.WriteUInt32BigEndian(body.AsSpan(1), (uint)(plain.Length + Sealing.Overhead));
            Sealing.Seal(keyring, plain, [.. body[..5], .. envelope.Label], body.AsSpan(5));
        }

        return envelope.LabelOverhead == 0 ? body : [(byte)MessageType.Label, (byte)envelope.Label.Length, .. envelope.Label, .. body];
    }

    private static PeerMessage Message(Random random)
    {
        switch (random.Next(5))
        {
            case 0:
                return new StreamPing(SampleMessages.Ping);
            case 1:
                return new StreamAck(SampleMessages.Ack);
            case 2:
                return new StreamError("no");
            case 3:
                return new StreamUser(new byte[random.Next(2_000)]);
            default:
                StateEntry node = new("gateway-1", MemberAddress.From(WireBytes.Raw("0a000001"), 7946), WireBytes.Raw("ff80"), 3, MemberStatus.Suspect, WireBytes.Raw("010502020505"));
                return new ClusterState(true, [.. Enumerable.Repeat(node, random.Next(40))], new byte[random.Next(300)]);
        }
    }

    private sealed class CountingVisitor : IPacketVisitor
    {
        internal int Messages { get; private set; }

        internal int Refusals { get; private set; }

        internal long Bytes { get; private set; }

        public void OnMessage(MessageType type, ReadOnlySpan<byte> body)
        {
            Messages++;
            Bytes += body.Length;
        }

        public void OnRefused(PacketRefusal reason)
        {
            Refusals += reason == PacketRefusal.None ? 0 : 1;
        }

        internal void Begin() => (Messages, Refusals, Bytes) = (0, 0, 0);
    }
}
