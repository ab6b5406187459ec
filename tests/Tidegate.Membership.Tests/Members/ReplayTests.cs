using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Tidegate.Membership.Packets;
using Tidegate.Membership.Protocol;
using Tidegate.Membership.Security;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Tests.Wire;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Tests.Members;

/// <summary>
/// What was recorded in a cluster is sent to a process that was started afterwards, by whoever has no key: sealed as it was. And
/// the same where nothing is encrypted.
/// </summary>
public sealed class ReplayTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("sealed-replay", true)]
    [InlineData("plain-replay", false)]
    public async Task What_was_recorded_changes_nothing_for_a_fresh_process_and_is_counted(string name, bool encrypted)
    {
        await using TestMembers members = new();
        MemberOptions Change(MemberOptions options) => options with { Keys = encrypted ? [TestMembers.Key] : [] };
        Member fresh = await members.StartAsync(name, null, Change);
        List<string> told = [];
        TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource last = new(TaskCreationOptions.RunContinuationsAsynchronously);
        fresh.MemberChanged += change => told.Add(change.ToString());
        fresh.QueryReceived += query => told.Add($"query {query.Name}");
        fresh.EventReceived += received =>
        {
            told.Add($"event {received.Name}");
            (received.Name == "first" ? first : last).TrySetResult();
        };

        // Its own beginning is told by now, and is not what this is about.
        fresh.FireEvent("first", default);
        await first.Task.WaitAsync(Patience);
        told.Clear();
        using Recorded recorded = new(name, encrypted ? new Envelope([], new Keyring(SealingKey.Parse(TestMembers.Key))) : Envelope.Plain);

        // The name that is gone and this one's former address are tried; an event and a query of when nobody was there are not taken.
        recorded.SendTo(fresh.EndPoint);
        await UntilAsync(() => Counted(name, "membership.unmet") >= 2 && Counted(name, "membership.replays") >= 2);
        recorded.SendTo(fresh.EndPoint);
        await UntilAsync(() => encrypted ? Counted(name, "membership.replays") >= 2 + recorded.Count : Counted(name, "membership.unmet") >= 4);

        fresh.FireEvent("last", default);
        await last.Task.WaitAsync(Patience);
        Assert.Equal(["event last"], told);
        Assert.Equal([name], fresh.View.Members.Select(member => member.Name));
        Assert.False(fresh.Stopped.IsCompleted);

        // One that joins after it has happened hears of none of it either, and neither does the first from it.
        Member joiner = await members.StartAsync($"{name}-joiner", fresh, Change);
        await TestMembers.UntilAsync(joiner, view => view.Alive.Count() == 2);
        await TestMembers.UntilAsync(fresh, view => view.Alive.Count() == 2);
        List<string> toldToJoiner = [];
        joiner.MemberChanged += change => toldToJoiner.Add(change.ToString());
        joiner.EventReceived += received => toldToJoiner.Add(received.Name);
        recorded.SendTo(joiner.EndPoint);
        await UntilAsync(() => Counted($"{name}-joiner", "membership.unmet") >= 1);
        Assert.Equal([name, $"{name}-joiner"], joiner.View.Members.Select(member => member.Name));
        Assert.Equal([name, $"{name}-joiner"], fresh.View.Members.Select(member => member.Name));
        Assert.Equal(fresh.EndPoint, joiner.View.Find(name)!.EndPoint);
        Assert.DoesNotContain("stale", toldToJoiner);
        Assert.DoesNotContain(toldToJoiner, line => line.Contains("gone", StringComparison.Ordinal));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource deadline = new(Patience);
        while (!condition())
        {
            await Task.Delay(20, deadline.Token);
        }
    }

    private static long Counted(string member, string counter)
    {
        long value = 0;
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == counter)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, measured, tags, _) =>
        {
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                value = tag.Key == "member" && (string?)tag.Value == member ? measured : value;
            }
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return value;
    }

    /// <summary>Packets of an earlier time: about a member that is gone, and about this name when it was elsewhere.</summary>
    private sealed class Recorded : IDisposable
    {
        // Keeps the address of those who are gone from being anybody else's. It never answers.
        private readonly Socket _silent = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        private readonly UdpClient _sender = new(new IPEndPoint(IPAddress.Loopback, 0));
        private readonly List<byte[]> _packets = [];

        internal Recorded(string name, Envelope envelope)
        {
            _silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            MemberAddress former = MemberAddress.From((IPEndPoint)_silent.LocalEndPoint!);
            QueryMessage query = new() { Time = 40, Id = 7, Asker = former, SourceNode = "gone", TimeoutNanoseconds = 1_000_000_000, Name = "load" };
            Add(envelope, WireBytes.Written(new AliveMessage(1_700_000_000, "gone", former.Raw, former.Port, RawBytes.Nil, ProtocolOptions.SerfVersions)));
            Add(envelope, WireBytes.Written(new AliveMessage(1_700_000_000, name, former.Raw, former.Port, RawBytes.Nil, ProtocolOptions.SerfVersions)));
            Add(envelope, WireBytes.Written(new SuspectMessage(1_700_000_000, name, "gone")), WireBytes.Written(new SuspectMessage(1_700_000_000, "gone", name)));
            Add(envelope, WireBytes.Written(new DeadMessage(1_700_000_000, name, name)), WireBytes.Written(new DeadMessage(1_700_000_000, "gone", "gone")));
            Add(envelope, [(byte)MessageType.User, .. new UserEventMessage(0, "stale", RawBytes.Nil, false).ToBytes()]);
            Add(envelope, [(byte)MessageType.User, .. query.ToBytes()]);
            Add(envelope, [.. Enumerable.Range(1, 50).Select(i => WireBytes.Written(new AckMessage((uint)i, RawBytes.Nil)))]);
        }

        internal int Count => _packets.Count;

        internal void SendTo(IPEndPoint to)
        {
            foreach (byte[] packet in _packets)
            {
                _sender.Send(packet, to);
            }
        }

        public void Dispose()
        {
            _sender.Dispose();
            _silent.Dispose();
        }

        private void Add(Envelope envelope, params byte[][] messages)
        {
            PacketWriter writer = new(envelope, compress: false);
            Assert.All(messages, message => Assert.True(writer.TryAdd(message)));
            _packets.Add(writer.Finish(checksum: false).ToArray());
        }
    }
}
