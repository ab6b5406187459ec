using System.Buffers;
using System.Net.Sockets;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Tests.Serf.Agents;

/// <summary>A member as a push/pull lists it.</summary>
internal sealed record StateEntry(string Name, MemberAddress Address, RawBytes Meta, uint Incarnation, byte State, RawBytes Versions);

/// <summary>One side's part of a push/pull.</summary>
internal sealed record SideState(bool Join, List<StateEntry> Entries, byte[] UserState);

/// <summary>Plain push/pulls on a stream, without compression or sealing, as far as these tests need them (annex A3).</summary>
internal static class PushPullStream
{
    private const byte PushPull = (byte)MessageType.PushPull;

    internal static async Task WriteAsync(NetworkStream stream, SideState state)
    {
        await stream.WriteAsync(Write(state));
    }

    /// <summary>Reads until a whole state is there; null at any other message.</summary>
    internal static async Task<SideState?> ReadAsync(NetworkStream stream, byte[] first)
    {
        List<byte> bytes = [.. first];
        byte[] buffer = new byte[65_536];
        while (true)
        {
            if (bytes.Count > 0 && bytes[0] != PushPull)
            {
                return null;
            }

            if (TryRead([.. bytes], out SideState? state))
            {
                return state;
            }

            int count = await stream.ReadAsync(buffer);
            if (count == 0)
            {
                return null;
            }

            bytes.AddRange(buffer.AsSpan(0, count));
        }
    }

    private static byte[] Write(SideState state)
    {
        ArrayBufferWriter<byte> output = new();
        output.Write([PushPull]);
        MessagePackWriter writer = new(output);
        writer.WriteMapHeader(3);
        writer.WriteRaw("Join"u8);
        writer.WriteBoolean(state.Join);
        writer.WriteRaw("Nodes"u8);
        writer.WriteUnsigned((ulong)state.Entries.Count);
        writer.WriteRaw("UserStateLen"u8);
        writer.WriteUnsigned((ulong)state.UserState.Length);
        foreach (StateEntry entry in state.Entries)
        {
            writer.WriteMapHeader(7);
            writer.WriteRaw("Addr"u8);
            writer.WriteRaw(entry.Address.Bytes);
            writer.WriteRaw("Incarnation"u8);
            writer.WriteUnsigned(entry.Incarnation);
            writer.WriteRaw("Meta"u8);
            writer.WriteBytes(entry.Meta);
            writer.WriteRaw("Name"u8);
            writer.WriteText(entry.Name);
            writer.WriteRaw("Port"u8);
            writer.WriteUnsigned(entry.Address.Port);
            writer.WriteRaw("State"u8);
            writer.WriteUnsigned(entry.State);
            writer.WriteRaw("Vsn"u8);
            writer.WriteBytes(entry.Versions);
        }

        output.Write(state.UserState);
        return output.WrittenSpan.ToArray();
    }

    private static bool TryRead(byte[] bytes, out SideState? state)
    {
        state = null;
        MessagePackReader reader = new(bytes.AsSpan(Math.Min(1, bytes.Length)));
        int nodes = 0;
        int userLength = 0;
        bool join = false;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("Nodes"u8))
            {
                nodes = reader.ReadInt32();
            }
            else if (key.SequenceEqual("UserStateLen"u8))
            {
                userLength = reader.ReadInt32();
            }
            else if (key.SequenceEqual("Join"u8))
            {
                join = reader.ReadBoolean();
            }
            else
            {
                reader.Skip();
            }
        }

        List<StateEntry> entries = [];
        for (int i = 0; i < nodes && !reader.Failed; i++)
        {
            entries.Add(ReadEntry(ref reader));
        }

        Assert.True(reader.Failure is ReadFailure.None or ReadFailure.Truncated, $"{reader.Failure} in {Convert.ToHexString(bytes)}");
        if (reader.Failed || reader.Rest.Length < userLength)
        {
            return false;
        }

        state = new SideState(join, entries, reader.Rest[..userLength].ToArray());
        return true;
    }

    private static StateEntry ReadEntry(ref MessagePackReader reader)
    {
        StateEntry entry = new("", default, default, 0, 0, default);
        RawBytes address = default;
        ushort port = 0;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("Name"u8))
            {
                entry = entry with { Name = reader.ReadName() };
            }
            else if (key.SequenceEqual("Addr"u8))
            {
                address = reader.ReadAddress();
            }
            else if (key.SequenceEqual("Port"u8))
            {
                port = reader.ReadUInt16();
            }
            else if (key.SequenceEqual("Meta"u8))
            {
                entry = entry with { Meta = reader.ReadBytes(WireLimits.Meta) };
            }
            else if (key.SequenceEqual("Incarnation"u8))
            {
                entry = entry with { Incarnation = reader.ReadUInt32() };
            }
            else if (key.SequenceEqual("State"u8))
            {
                entry = entry with { State = reader.ReadByte() };
            }
            else if (key.SequenceEqual("Vsn"u8))
            {
                entry = entry with { Versions = reader.ReadVersions() };
            }
            else
            {
                reader.Skip();
            }
        }

        return entry with { Address = MemberAddress.From(address, port) };
    }
}
