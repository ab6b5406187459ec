using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Tidegate.Membership.Wire;

/// <summary>One member as a push/pull tells of it. It is no message: it follows the header without a type byte.</summary>
/// <param name="Name">The member's name; never empty.</param>
/// <param name="Address">For packets and streams; its bytes exactly as the member gave them (annex A1).</param>
/// <param name="Meta">At most 512 bytes that the layer above explains.</param>
/// <param name="Incarnation">The member's count of its own records.</param>
/// <param name="Status">What the sender takes it for.</param>
/// <param name="Versions">Protocol min, max, current, then the delegate's; 6 bytes, or none.</param>
internal sealed record StateEntry(string Name, MemberAddress Address, RawBytes Meta, uint Incarnation, MemberStatus Status, RawBytes Versions)
{
    internal static bool TryRead(ref MessagePackReader reader, [NotNullWhen(true)] out StateEntry? entry)
    {
        string name = "";
        RawBytes address = RawBytes.Nil;
        ushort port = 0;
        RawBytes meta = RawBytes.Nil;
        uint incarnation = 0;
        int state = 0;
        RawBytes versions = RawBytes.Nil;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("Name"u8))
            {
                name = reader.ReadName();
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
                meta = reader.ReadBytes(WireLimits.Meta);
            }
            else if (key.SequenceEqual("Incarnation"u8))
            {
                incarnation = reader.ReadUInt32();
            }
            else if (key.SequenceEqual("State"u8))
            {
                state = reader.ReadCount((int)MemberStatus.Left);
            }
            else if (key.SequenceEqual("Vsn"u8))
            {
                versions = reader.ReadVersions();
            }
            else
            {
                reader.Skip();
            }
        }

        // A member without a name cannot be spoken of.
        if (name.Length == 0)
        {
            reader.Fail(ReadFailure.OutOfRange);
        }

        entry = reader.Failed ? null : new StateEntry(name, MemberAddress.From(address, port), meta, incarnation, (MemberStatus)state, versions);
        return entry is not null;
    }

    /// <exception cref="InvalidOperationException">The metadata or the versions have a length that peers do not survive (annex A2).</exception>
    internal void Write(IBufferWriter<byte> output)
    {
        if (Meta.Length > WireLimits.Meta || Versions.Length is not (0 or WireLimits.Versions))
        {
            throw new InvalidOperationException(
                $"An entry may have {WireLimits.Meta} bytes of metadata and 0 or {WireLimits.Versions} of versions, not {Meta.Length} and {Versions.Length}.");
        }

        MessagePackWriter writer = new(output);
        writer.WriteMapHeader(7);
        writer.WriteRaw("Addr"u8);
        writer.WriteBytes(Address.Raw);
        writer.WriteRaw("Incarnation"u8);
        writer.WriteUnsigned(Incarnation);
        writer.WriteRaw("Meta"u8);
        writer.WriteBytes(Meta);
        writer.WriteRaw("Name"u8);
        writer.WriteText(Name);
        writer.WriteRaw("Port"u8);
        writer.WriteUnsigned(Address.Port);
        writer.WriteRaw("State"u8);
        writer.WriteUnsigned((byte)Status);
        writer.WriteRaw("Vsn"u8);
        writer.WriteBytes(Versions);
    }
}
