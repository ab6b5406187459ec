using System.Diagnostics;
using Tidegate.Membership.Registry;
using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Tests.Registry;
using Tidegate.Membership.Wire;
using Xunit.Abstractions;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>
/// Ten seconds of random and damaged user messages and states, against a member that lives through thousands of them. Every run has a number, from which
/// it can be made again.
/// </summary>
public sealed class SerfFuzzTests(ITestOutputHelper output)
{
    private const int FirstRun = 20_260_201;
    private const int MessagesOfARun = 2_000;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("TIDEGATE_LONG") == "1" ? 180 : 10);

    /// <summary>Far beyond what one run may take, even on a busy machine.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(120);

    private static readonly QueryMessage Query = new()
    {
        Time = 3,
        Id = 9,
        Asker = SerfTestHost.Address(2),
        SourceNode = "b",
        Filters = [QueryFilter.ForNodes(["self", "b"]), QueryFilter.ForTag("role", "^(g|w)[a-z]+$")],
        Flags = 1,
        RelayFactor = 2,
        TimeoutNanoseconds = 3_200_000_000,
        Name = "load",
        Payload = Raw("01"),
    };

    private static readonly byte[][] Samples =
    [
        new LeaveMessage(4, "b", false).ToBytes(),
        new LeaveMessage(4, "unknown", true).ToBytes(),
        new JoinMessage(5, "b").ToBytes(),
        new UserEventMessage(6, "deploy", Raw("010203"), true).ToBytes(),
        Query.ToBytes(),
        (Query with { Name = "_serf_conflict", Filters = null, Payload = Raw("'b'") }).ToBytes(),
        (Query with { Name = "_serf_install-key", Filters = null, Payload = RawBytes.CopyOf(new KeyRequestMessage(Raw("00112233445566778899aabbccddeeff")).ToBytes()) }).ToBytes(),
        (Query with { Name = "_serf_list-keys", Filters = null }).ToBytes(),
        new QueryAnswerMessage(1, 7, "b", 0, RawBytes.CopyOf(new KeyAnswerMessage { Result = true, Keys = ["QQ=="], PrimaryKey = "QQ==" }.ToBytes())).ToBytes(),
        new QueryAnswerMessage(2, 8, "c", 1, RawBytes.CopyOf(new ConflictAnswerMessage { Known = true, Name = "self", Address = SerfTestHost.Address(1) }.ToBytes())).ToBytes(),
        [.. new RelayMessage(SerfTestHost.Address(2), "b").ToBytes(), .. new QueryAnswerMessage(1, 7, "c", 0, default).ToBytes()],
        [200, .. RegistryBytes.Of(new PublishedRecord("b", 5, 5, Raw("0102")), new PublishedRecord("self", 5, 5, Raw("03")), new PublishedRecord("c", 1, 1, default))],
        new SerfState
        {
            Time = 40,
            StatusTimes = new Dictionary<string, ulong> { ["self"] = 3, ["b"] = 9, ["x"] = 12 },
            LeftMembers = ["b", "x"],
            EventTime = 30,
            Events = [null, new EventsOfOneTime(29, [("e", Raw("01")), ("f", default)])],
            QueryTime = 20,
            Records = RawBytes.CopyOf(RegistryBytes.Of(new PublishedRecord("b", 6, 1, Raw("04")))),
        }.ToBytes(),
    ];

    private int _run = FirstRun;

    [Fact]
    public async Task No_message_makes_a_member_throw_hang_or_grow()
    {
        Task run = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task first = await Task.WhenAny(run, Task.Delay(Duration + Hang));
        Assert.True(first == run, $"run {Volatile.Read(ref _run)} hangs");
        await run;
        output.WriteLine($"runs {FirstRun} to {_run - 1}, {MessagesOfARun} messages each");
        Assert.True(_run > FirstRun, "too few runs to mean anything");
    }

    private void Run()
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < Duration)
        {
            OneRun(new Random(_run));
            Volatile.Write(ref _run, _run + 1);
        }
    }

    private void OneRun(Random random)
    {
        SerfTestHost host = new(keys: new TestKeyring(TestKeyring.Key(1)), registry: true, seed: _run);
        host.Up("self", 1, SerfTestHost.Meta(("role", "gateway")));
        host.Up("b", 2, SerfTestHost.Meta(("tg", "1")));
        host.Up("c", 3);
        for (int i = 0; i < MessagesOfARun; i++)
        {
            byte[] message = MessageOf(random);
            try
            {
                Feed(host, message, random);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"run {_run}, message {i}: {Convert.ToHexString(message)}", exception);
            }
        }

        Assert.InRange(host.Layer.Members.Count, 1, 3);
        Assert.InRange(host.Registry!.Count, 0, 3);
        Assert.InRange(host.Layer.BufferedIntents, 0, SerfLimits.BufferedIntents);
        Assert.InRange(host.Layer.WriteState().Length, 1, SerfLimits.State);
        Assert.True(SerfFields.TryRead(host.Layer.WriteState(), out SerfState _));
    }

    private static void Feed(SerfTestHost host, byte[] message, Random random)
    {
        host.Layer.UserMessageReceived(message);
        host.Layer.MergeState(message, random.Next(2) == 0);
        host.Registry!.AckReceived("b", message);
        ReadAsEverything(message);
        switch (random.Next(40))
        {
            case 0:
                host.Pass(random.Next(5_000));
                break;
            case 1:
                host.Layer.ListKeys(_ => { });
                break;
            case 2:
                host.Layer.NameClaimed(SerfTestHost.Address(9));
                break;
            case 3:
                host.Registry.Publish(RawBytes.CopyOf(message));
                break;
            case 4:
                foreach (IncomingQuery query in host.Queries)
                {
                    query.Answer(RawBytes.CopyOf(message));
                }

                break;
            default:
                break;
        }

        // What a host has taken is not the layer's any more, and what it takes is bounded by what came in: a few messages for each.
        Assert.InRange(host.Broadcasts.Count, 0, 64);
        Assert.InRange(host.Sends.Count, 0, 4_096);
        Assert.All(host.Broadcasts, broadcast => Assert.InRange(broadcast.Message.Length, 1, SerfLimits.Message));
        host.Broadcasts.Clear();
        host.Sends.Clear();
        host.Events.Clear();
        host.Changes.Clear();
        if (host.Queries.Count > 100)
        {
            host.Queries.Clear();
        }

        if (host.Find("b") is null)
        {
            host.Up("b", 2, SerfTestHost.Meta(("tg", "1")));
        }
    }

    private static byte[] MessageOf(Random random)
    {
        if (random.Next(8) == 0)
        {
            byte[] noise = new byte[random.Next(1, 200)];
            random.NextBytes(noise);
            noise[0] = random.Next(4) == 0 ? (byte)200 : (byte)random.Next(11);
            return noise;
        }

        List<byte> message = [.. Samples[random.Next(Samples.Length)]];
        for (int damages = random.Next(0, 6); damages > 0 && message.Count > 1; damages--)
        {
            int at = random.Next(1, message.Count);
            switch (random.Next(6))
            {
                case 0:
                    message[at] = (byte)random.Next(256);
                    break;
                case 1:
                    message[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    message.RemoveRange(at, random.Next(message.Count - at));
                    break;
                case 3:
                    // A code at which a value begins, and a length or number after it.
                    message[at] = (byte)random.Next(0x80, 0xe0);
                    message.InsertRange(at + 1, BitConverter.GetBytes(random.NextInt64() >> random.Next(64)));
                    break;
                case 4:
                    byte[] other = Samples[random.Next(Samples.Length)];
                    message.InsertRange(at, other[random.Next(other.Length)..]);
                    break;
                default:
                    message.InsertRange(at, Enumerable.Repeat((byte)random.Next(0x80, 0xa0), random.Next(40)));
                    break;
            }
        }

        return [.. message];
    }

    private static void ReadAsEverything(byte[] message)
    {
        ReadAs<LeaveMessage>(message);
        ReadAs<JoinMessage>(message);
        ReadAs<UserEventMessage>(message);
        ReadAs<QueryMessage>(message);
        ReadAs<QueryAnswerMessage>(message);
        ReadAs<ConflictAnswerMessage>(message);
        ReadAs<KeyRequestMessage>(message);
        ReadAs<KeyAnswerMessage>(message);
        ReadAs<RelayMessage>(message);
        ReadAs<SerfState>(message);
    }

    // What was understood, whatever type byte stood before it, is written, understood again, and written again as the same bytes.
    private static void ReadAs<T>(byte[] message)
        where T : ISerfMessage<T>
    {
        MessagePackReader reader = new(message.AsSpan(1));
        if (T.TryRead(ref reader, out T read))
        {
            byte[] written = read.ToBytes();
            Assert.True(SerfFields.TryRead(written, out T again));
            Assert.True(written.AsSpan().SequenceEqual(again.ToBytes()));
        }
    }
}
