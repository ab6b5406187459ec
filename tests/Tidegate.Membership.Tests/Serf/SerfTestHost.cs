using System.Net;
using Tidegate.Membership.Registry;
using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>A host whose clock and members the test commands, and that writes down what the layer asks of it.</summary>
internal sealed class SerfTestHost : ISerfHost
{
    internal static readonly RawBytes SerfVersions = Raw("010502020505");

    internal static readonly RawBytes PlainVersions = Raw("010502000000");

    private readonly Dictionary<string, SerfPeer> _peers = [];

    internal SerfTestHost(string name = "self", SerfOptions? options = null, IKeyOperations? keys = null, bool registry = false, int seed = 1)
    {
        Random = new Random(seed);
        Registry = registry ? new RecordRegistry(this, name, 1000, (owner, record) => RecordChanges.Add((owner, record))) : null;
        Layer = new SerfLayer(this, options is null ? new SerfOptions { Name = name } : options with { Name = name }, keys, Registry);
    }

    internal SerfLayer Layer { get; }

    internal RecordRegistry? Registry { get; }

    internal List<(SerfTier Tier, byte[] Message, Action? Sent)> Broadcasts { get; } = [];

    /// <summary>What each broadcast was about.</summary>
    internal List<string?> Abouts { get; } = [];

    internal List<(MemberAddress To, byte[] Message, bool Stream)> Sends { get; } = [];

    internal List<(string Name, SerfStatus Before, SerfStatus Now)> Changes { get; } = [];

    internal List<(string Owner, PublishedRecord? Record)> RecordChanges { get; } = [];

    internal List<SerfEvent> Events { get; } = [];

    internal List<IncomingQuery> Queries { get; } = [];

    internal List<string> Forgotten { get; } = [];

    internal List<string> PushPulls { get; } = [];

    internal List<RawBytes> Metas { get; } = [];

    internal List<string> Warnings { get; } = [];

    internal string? Stopped { get; private set; }

    /// <summary>What the host does with a message to an address; by default it is only written down.</summary>
    internal Action<MemberAddress, byte[]>? Deliver { get; set; }

    /// <summary>What the user does with a query.</summary>
    internal Action<IncomingQuery>? OnQuery { get; set; }

    public long Now { get; set; } = 1_000_000;

    public Random Random { get; }

    public IReadOnlyCollection<SerfPeer> Peers => _peers.Values;

    public SerfPeer? Find(string name) => _peers.GetValueOrDefault(name);

    public void QueueBroadcast(SerfTier tier, string? about, byte[] message, Action? sent)
    {
        Broadcasts.Add((tier, message, sent));
        Abouts.Add(about);
    }

    public void SendUserMessage(MemberAddress to, ReadOnlySpan<byte> message, bool stream)
    {
        Sends.Add((to, message.ToArray(), stream));
        Deliver?.Invoke(to, message.ToArray());
    }

    public void SetMeta(RawBytes meta) => Metas.Add(meta);

    public void Forget(string name)
    {
        Forgotten.Add(name);
        _peers.Remove(name);
    }

    public void RequestPushPull(string name) => PushPulls.Add(name);

    public void StatusChanged(SerfMember member, SerfStatus before) => Changes.Add((member.Name, before, member.Status));

    public void EventReceived(SerfEvent received) => Events.Add(received);

    public void QueryReceived(IncomingQuery query)
    {
        Queries.Add(query);
        OnQuery?.Invoke(query);
    }

    public void Stop(string message) => Stopped = message;

    public void Warn(string message) => Warnings.Add(message);

    internal static MemberAddress Address(int number) => MemberAddress.From(new IPEndPoint(new IPAddress([10, 0, (byte)(number >> 8), (byte)number]), 7946));

    internal static RawBytes Meta(params (string Name, string Value)[] tags) => Tags.Write(tags.ToDictionary(tag => tag.Name, tag => tag.Value));

    /// <summary>A member is there: the core has it, and tells the layer.</summary>
    internal SerfPeer Up(string name, int number, RawBytes meta = default, RawBytes? versions = null)
    {
        SerfPeer peer = new(name, Address(number), meta, versions ?? SerfVersions, true);
        _peers[name] = peer;
        Layer.MemberUp(peer);
        return peer;
    }

    internal void Down(string name)
    {
        _peers[name] = _peers[name] with { Up = false };
        Layer.MemberDown(name);
    }

    internal void Drop(string name)
    {
        _peers.Remove(name);
        Layer.MemberDropped(name);
    }

    internal void Put(SerfPeer peer) => _peers[peer.Name] = peer;

    internal void Receive<T>(T message)
        where T : ISerfMessage<T> => Layer.UserMessageReceived(message.ToBytes());

    internal void Pass(long milliseconds)
    {
        Now += milliseconds;
        Layer.Tick();
    }

    internal SerfStatus Status(string name) => Layer.Find(name)?.Status ?? SerfStatus.None;

    /// <summary>Takes the broadcasts so far, which are all of that type.</summary>
    internal List<T> TakeBroadcasts<T>()
        where T : ISerfMessage<T>
    {
        List<T> messages = [];
        foreach ((SerfTier _, byte[] message, Action? _) in Broadcasts)
        {
            Assert.True(SerfFields.TryRead(message, out T read, out int length));
            Assert.Equal(message.Length, length);
            messages.Add(read);
        }

        Broadcasts.Clear();
        return messages;
    }

    /// <summary>Takes the messages sent to addresses so far, which are all of that type.</summary>
    internal List<(MemberAddress To, T Message)> TakeSends<T>()
        where T : ISerfMessage<T>
    {
        List<(MemberAddress, T)> messages = [];
        foreach ((MemberAddress to, byte[] message, bool _) in Sends)
        {
            Assert.True(SerfFields.TryRead(message, out T read));
            messages.Add((to, read));
        }

        Sends.Clear();
        return messages;
    }
}
