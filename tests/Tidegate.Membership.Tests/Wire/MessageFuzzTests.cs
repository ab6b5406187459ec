using System.Diagnostics;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Wire;

/// <summary>Five seconds of random and damaged packets. Every case has a number, from which it can be made again.</summary>
public sealed class MessageFuzzTests
{
    private const int FirstCase = 20_260_101;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(5);

    /// <summary>Far beyond what one case may take, even on a busy machine.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private int _case = FirstCase;

    [Fact]
    public async Task No_packet_makes_the_readers_throw_or_hang()
    {
        Task run = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task first = await Task.WhenAny(run, Task.Delay(Duration + Hang));
        Assert.True(first == run, $"case {Volatile.Read(ref _case)} hangs");
        await run;
        Assert.True(_case > FirstCase + 1000, "too few cases to mean anything");
    }

    private void Run()
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < Duration)
        {
            byte[] packet = PacketOf(new Random(_case));
            try
            {
                ReadAsEverything(packet);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"case {_case}: {Convert.ToHexString(packet)}", exception);
            }

            Volatile.Write(ref _case, _case + 1);
        }
    }

    private static byte[] PacketOf(Random random)
    {
        if (random.Next(4) == 0)
        {
            byte[] noise = new byte[random.Next(200)];
            random.NextBytes(noise);
            return noise;
        }

        List<byte> packet = [.. SampleMessages.Bodies[random.Next(SampleMessages.Bodies.Length)]];
        for (int damages = random.Next(1, 6); damages > 0 && packet.Count > 0; damages--)
        {
            int at = random.Next(packet.Count);
            switch (random.Next(6))
            {
                case 0:
                    packet[at] = (byte)random.Next(256);
                    break;
                case 1:
                    packet[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    packet.RemoveRange(at, random.Next(packet.Count - at));
                    break;
                case 3:
                    // A code at which a value begins, and a length or number after it.
                    packet[at] = (byte)random.Next(0x80, 0xe0);
                    packet.InsertRange(at + 1, BitConverter.GetBytes(random.NextInt64() >> random.Next(64)));
                    break;
                case 4:
                    byte[] other = SampleMessages.Bodies[random.Next(SampleMessages.Bodies.Length)];
                    packet.InsertRange(at, other[random.Next(other.Length)..]);
                    break;
                default:
                    packet.InsertRange(at, Enumerable.Repeat((byte)random.Next(0x80, 0xa0), random.Next(40)));
                    break;
            }
        }

        return [.. packet];
    }

    private static void ReadAsEverything(byte[] packet)
    {
        ReadAs<PingMessage>(packet);
        ReadAs<IndirectPingMessage>(packet);
        ReadAs<AckMessage>(packet);
        ReadAs<NackMessage>(packet);
        ReadAs<SuspectMessage>(packet);
        ReadAs<DeadMessage>(packet);
        ReadAs<AliveMessage>(packet);

        MessagePackReader skipping = new(packet);
        while (!skipping.Failed && !skipping.Rest.IsEmpty)
        {
            int before = skipping.Consumed;
            skipping.Skip();
            Assert.True(skipping.Failed || skipping.Consumed > before);
        }

        ReadAsAnything(packet);
    }

    // What was understood is written and understood again as the same, and written again as the same bytes.
    private static void ReadAs<T>(byte[] packet)
        where T : struct, IMessage<T>
    {
        if (Read(packet, out T message) == ReadFailure.None)
        {
            byte[] written = Written(message);
            Assert.Equal(ReadFailure.None, Read(written.AsSpan(1), out T again));
            Assert.True(message.Equals(again));
            Assert.True(written.AsSpan().SequenceEqual(Written(again)));
        }
    }

    // Reads chosen by the packet itself, so that a mistaken reader is tried too.
    private static void ReadAsAnything(byte[] packet)
    {
        MessagePackReader reader = new(packet);
        for (int i = 0; i < packet.Length && !reader.Failed; i++)
        {
            switch (packet[i] % 9)
            {
                case 0:
                    reader.ReadText(64);
                    break;
                case 1:
                    reader.ReadBytes(int.MaxValue);
                    break;
                case 2:
                    reader.ReadMapHeader(int.MaxValue);
                    break;
                case 3:
                    reader.ReadArrayHeader(int.MaxValue);
                    break;
                case 4:
                    reader.ReadInt64();
                    break;
                case 5:
                    reader.ReadByte();
                    break;
                case 6:
                    reader.ReadBoolean();
                    break;
                case 7:
                    reader.TryReadNil();
                    break;
                default:
                    reader.Skip();
                    break;
            }

            Assert.InRange(reader.Depth, 0, WireLimits.Depth);
            Assert.InRange(reader.Consumed, 0, packet.Length);
        }
    }
}
