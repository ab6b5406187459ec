using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Membership.Packets;
using Tidegate.Membership.Security;
using Tidegate.Membership.Streams;
using Tidegate.Membership.Tests.Wire;
using Tidegate.Membership.Transport;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Tests.Peers;

/// <summary>
/// Just enough of a member to be believed alive by others: it tells its state and answers pings. It detects nothing. Who needs more
/// derives from it.
/// </summary>
internal class LoneMember : ITransportHandler, IStreamHandler, IPacketVisitor, IAsyncDisposable
{
    private static readonly RawBytes SerfVersions = WireBytes.Raw("01 05 02 02 05 05");

    private readonly MemberTransport _transport;
    private readonly PacketReader _reader;
    private readonly PacketWriter _writer;
    private readonly StreamServer _server;
    private readonly List<(MessageType Type, byte[] Body)> _messages = [];
    private readonly List<ClusterState> _states = [];
    private MemberAddress _from;

    internal LoneMember(string name, IPAddress address, Envelope envelope)
        : this(name, address, envelope, start: true)
    {
    }

    /// <param name="name">Its name.</param>
    /// <param name="address">Where it listens, on a port of the kernel's choice.</param>
    /// <param name="envelope">The cluster's label and keys.</param>
    /// <param name="start">False where a derived class calls <see cref="Start"/> when it is made.</param>
    protected LoneMember(string name, IPAddress address, Envelope envelope, bool start)
    {
        Name = name;
        _transport = MemberTransport.Open(new IPEndPoint(address, 0), NullLogger.Instance);
        _reader = new PacketReader(envelope);
        _writer = new PacketWriter(envelope, compress: true);
        _server = new StreamServer(envelope, this, NullLogger.Instance, TimeProvider.System);
        Client = new StreamClient(envelope, _transport.DialAsync, TimeProvider.System, SerfAgent.Patience);
        if (start)
        {
            Start();
        }
    }

    internal string Name { get; }

    internal StreamClient Client { get; }

    internal MemberAddress Address => MemberAddress.From(_transport.LocalEndPoint);

    /// <summary>Parts of packets that could not be taken.</summary>
    internal int Refused { get; private set; }

    internal virtual ClusterState State(bool join) => new(
        join,
        [new StateEntry(Name, Address, WireBytes.Raw("ff 81 a4'role'a4'lone'"), 1, MemberStatus.Alive, SerfVersions)],
        UserState());

    internal void Send(MemberAddress to, bool checksum, params byte[][] messages)
    {
        lock (_writer)
        {
            _writer.Clear();
            foreach (byte[] message in messages)
            {
                Assert.True(_writer.TryAdd(message));
            }

            Assert.True(_transport.TrySend(_writer.Finish(checksum), to));
        }
    }

    /// <summary>Waits until a message for which the test waits has come in a packet.</summary>
    internal async Task<byte[]> MessageAsync(MessageType type, Func<byte[], bool> condition)
    {
        using CancellationTokenSource deadline = new(SerfAgent.Patience);
        while (true)
        {
            lock (_messages)
            {
                foreach ((MessageType seen, byte[] body) in _messages)
                {
                    if (seen == type && condition(body))
                    {
                        return body;
                    }
                }
            }

            await Task.Delay(20, deadline.Token);
        }
    }

    public void OnPacket(ReadOnlySpan<byte> packet, MemberAddress from)
    {
        _from = from;
        LoneMember self = this;
        _reader.Read(packet, ref self);
    }

    public void OnMessage(MessageType type, ReadOnlySpan<byte> body)
    {
        lock (_messages)
        {
            _messages.Add((type, body.ToArray()));
        }

        MessagePackReader reader = new(body);
        if (type == MessageType.Ping && PingMessage.TryRead(ref reader, out PingMessage ping) && ping.Node == Name)
        {
            Send(_from, false, WireBytes.Written(new AckMessage(ping.SeqNo, RawBytes.Nil)));
        }

        Took(type, body);
    }

    public void OnRefused(PacketRefusal reason) => Refused++;

    public Task OnStreamAsync(MemberStream stream, MemberAddress from, CancellationToken cancellationToken) =>
        _server.ServeAsync(stream, from, cancellationToken);

    public bool IsMe(string node) => node == Name;

    public PushPullAnswer OnPushPull(ClusterState state, MemberAddress from)
    {
        lock (_states)
        {
            _states.Add(state);
        }

        PushPullAnswer answer = new(State(state.Join), null);
        Merge(state, joining: false);
        return answer;
    }

    public void OnUserMessage(ReadOnlyMemory<byte> message, MemberAddress from)
    {
    }

    public virtual ValueTask DisposeAsync() => _transport.DisposeAsync();

    protected void Start() => _transport.Start(this);

    /// <summary>A message has come in a packet. Pings are answered already.</summary>
    protected virtual void Took(MessageType type, ReadOnlySpan<byte> body)
    {
    }

    /// <summary>Another has told its state.</summary>
    /// <param name="state">The state.</param>
    /// <param name="joining">True where this member asked for it in order to join.</param>
    protected virtual void Merge(ClusterState state, bool joining)
    {
    }

    // A Serf push/pull that is long enough to be worth compressing: intents about a hundred members that nobody knows.
    private static byte[] UserState()
    {
        System.Buffers.ArrayBufferWriter<byte> output = new();
        output.GetSpan(1)[0] = 2;
        output.Advance(1);
        MessagePackWriter writer = new(output);
        writer.WriteMapHeader(6);
        foreach (string clock in (string[])["LTime", "EventLTime", "QueryLTime"])
        {
            writer.WriteText(clock);
            writer.WriteUnsigned(1);
        }

        writer.WriteText("LeftMembers");
        writer.WriteNil();
        writer.WriteText("Events");
        writer.WriteNil();
        writer.WriteText("StatusLTimes");
        writer.WriteMapHeader(100);
        for (int i = 0; i < 100; i++)
        {
            writer.WriteText($"somebody-else-{i}");
            writer.WriteUnsigned(1);
        }

        return output.WrittenSpan.ToArray();
    }
}
