using System.Buffers;
using Tidegate.Membership.Security;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Discovery;

/// <summary>What a member calls out so that others find it (specification, section 5).</summary>
/// <param name="Cluster">The cluster's name. Others of the same group with another name ignore it.</param>
/// <param name="Name">The member's name.</param>
/// <param name="Address">Where it can be joined by TCP.</param>
/// <param name="Incarnation">The member's count of its own records.</param>
internal readonly record struct Beacon(string Cluster, string Name, MemberAddress Address, uint Incarnation)
{
    /// <summary>The largest beacon that is sent or read, in bytes: one that no network fragments.</summary>
    internal const int MaximumLength = 1_400;

    /// <summary>The longest name of a cluster, in bytes of UTF-8.</summary>
    internal const int MaximumCluster = 255;

    private const byte Version = 1;

    private static ReadOnlySpan<byte> Associated => "tidegate-beacon"u8;

    /// <summary>The bytes to send, sealed if there is a keyring.</summary>
    /// <exception cref="InvalidOperationException">The names are so long that it exceeds <see cref="MaximumLength"/>.</exception>
    internal byte[] Encode(Keyring? keyring)
    {
        ArrayBufferWriter<byte> output = new();
        MessagePackWriter writer = new(output);
        writer.WriteMapHeader(6);
        writer.WriteRaw("a"u8);
        writer.WriteBytes(Address.Raw);
        writer.WriteRaw("c"u8);
        writer.WriteText(Cluster);
        writer.WriteRaw("i"u8);
        writer.WriteUnsigned(Incarnation);
        writer.WriteRaw("n"u8);
        writer.WriteText(Name);
        writer.WriteRaw("p"u8);
        writer.WriteUnsigned(Address.Port);
        writer.WriteRaw("v"u8);
        writer.WriteUnsigned(Version);
        byte[] bytes = output.WrittenSpan.ToArray();
        if (keyring is not null)
        {
            byte[] blob = new byte[bytes.Length + Sealing.Overhead];
            Sealing.Seal(keyring, bytes, Associated, blob);
            bytes = blob;
        }

        return bytes.Length <= MaximumLength ? bytes : throw new InvalidOperationException(
            $"A beacon has at most {MaximumLength} bytes, and this one has {bytes.Length}. Give the cluster or the member a shorter name.");
    }

    /// <summary>Reads a beacon. Never throws, whatever the bytes.</summary>
    internal static BeaconRefusal Decode(ReadOnlySpan<byte> bytes, Keyring? keyring, out Beacon beacon)
    {
        beacon = default;
        if (bytes.Length > MaximumLength)
        {
            return BeaconRefusal.TooLong;
        }

        if (keyring is null)
        {
            // A beacon is a map, and no map begins with the version of a seal.
            bool isSealed = bytes.Length > 0 && bytes[0] <= 1;
            return isSealed ? BeaconRefusal.SealedWithoutKey : Read(bytes, out beacon);
        }

        Span<byte> plain = stackalloc byte[MaximumLength];
        return Sealing.Open(keyring, bytes, Associated, plain, out int length) switch
        {
            SealFailure.None => Read(plain[..length], out beacon),
            SealFailure.NoKeyOpens => BeaconRefusal.NoKeyOpens,
            _ => BeaconRefusal.NotSealed,
        };
    }

    private static BeaconRefusal Read(ReadOnlySpan<byte> bytes, out Beacon beacon)
    {
        MessagePackReader reader = new(bytes);
        uint version = 0;
        string cluster = "";
        string name = "";
        RawBytes address = RawBytes.Nil;
        ushort port = 0;
        uint incarnation = 0;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            switch (key.Length == 1 ? key[0] : (byte)0)
            {
                case (byte)'v':
                    version = reader.ReadUInt32();
                    break;
                case (byte)'c':
                    cluster = reader.ReadText(MaximumCluster);
                    break;
                case (byte)'n':
                    name = reader.ReadName();
                    break;
                case (byte)'a':
                    address = reader.ReadAddress();
                    break;
                case (byte)'p':
                    port = reader.ReadUInt16();
                    break;
                case (byte)'i':
                    incarnation = reader.ReadUInt32();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        beacon = default;
        if (reader.Failed)
        {
            return BeaconRefusal.Unreadable;
        }

        if (version != Version)
        {
            return BeaconRefusal.OtherVersion;
        }

        Beacon read = new(cluster, name, MemberAddress.From(address, port), incarnation);
        if (name.Length == 0 || !read.Address.IsUsable)
        {
            return BeaconRefusal.Unreadable;
        }

        beacon = read;
        return BeaconRefusal.None;
    }
}
