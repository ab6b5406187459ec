using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Membership.Packets;
using Tidegate.Membership.Security;
using Tidegate.Membership.Streams;
using Tidegate.Membership.Tests.Security;
using Tidegate.Membership.Transport;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Transport;

/// <summary>All layers of the receiving side together, over sockets.</summary>
public sealed class InboundTests : IMessageHandler, IStreamHandler
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly byte[] Nack = Bytes("0b 81 a5'SeqNo'07");

    private readonly Channel<(MessageType Type, byte[] Body, MemberAddress From)> _messages = Channel.CreateUnbounded<(MessageType, byte[], MemberAddress)>();

    [Fact]
    public async Task Members_of_one_key_hear_each_other_and_strangers_are_counted_and_logged()
    {
        Envelope envelope = new("red"u8, new Keyring(KeyringTests.Key(1)));
        LogLines lines = new();
        StreamServer streams = new(envelope, this, lines, TimeProvider.System);
        Inbound inbound = new(envelope, this, streams, lines, new ManualTime());
        await using MemberTransport receiver = MemberTransport.Open(new IPEndPoint(IPAddress.Loopback, 0), NullLogger.Instance);
        await using MemberTransport sender = MemberTransport.Open(new IPEndPoint(IPAddress.Loopback, 0), NullLogger.Instance);
        receiver.Start(inbound);
        MemberAddress to = MemberAddress.From(receiver.LocalEndPoint);
        MemberAddress from = MemberAddress.From(sender.LocalEndPoint);

        // Ten strangers before one member, in this order: UDP on loopback keeps it.
        Envelope wrongKey = new("red"u8, new Keyring(KeyringTests.Key(2)));
        for (int i = 0; i < 10; i++)
        {
            Send(sender, to, wrongKey);
        }

        Send(sender, to, envelope);
        (MessageType type, byte[] body, MemberAddress source) = await _messages.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        Assert.Equal((MessageType.Nack, from), (type, source));
        Assert.Equal(Nack[1..], body);
        Assert.Equal(10, inbound.Refusals.Count(PacketRefusal.NoKeyOpens));
        Assert.Equal($"Warning: Refused a packet from {from} because none of the keys opens it; give the sender one of them, or install its key here.", Assert.Single(lines.All));

        StreamClient client = new(envelope, sender.DialAsync, TimeProvider.System);
        Assert.True((await client.PingAsync(to, new PingMessage(1, "me", MessageSource.None), Patience, default)).IsDone);
    }

    void IMessageHandler.OnMessage(MessageType type, ReadOnlySpan<byte> body, MemberAddress from) => _messages.Writer.TryWrite((type, body.ToArray(), from));

    bool IStreamHandler.IsMe(string node) => node == "me";

    PushPullAnswer IStreamHandler.OnPushPull(ClusterState state, MemberAddress from) => new(null, "not here");

    void IStreamHandler.OnUserMessage(ReadOnlyMemory<byte> message, MemberAddress from)
    {
    }

    private static void Send(MemberTransport sender, MemberAddress to, Envelope envelope)
    {
        PacketWriter writer = new(envelope, compress: true);
        Assert.True(writer.TryAdd(Nack));
        Assert.True(sender.TrySend(writer.Finish(checksum: true), to));
    }
}
