using System.Buffers.Binary;
using System.Text;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Registry;

/// <summary>What one member publishes about itself (specification, section 4).</summary>
/// <param name="Owner">The member, which alone writes it.</param>
/// <param name="Instance">One life of the owner; a later life has a higher one.</param>
/// <param name="Version">Counts the owner's changes in this life.</param>
/// <param name="Payload">What it says; nobody here looks into it. Nil: the owner has withdrawn it.</param>
internal sealed record PublishedRecord(string Owner, ulong Instance, ulong Version, RawBytes Payload)
{
    internal bool IsWithdrawn => Payload.IsNil;

    /// <summary>True where this replaces the other one, of the same owner.</summary>
    internal bool IsNewerThan(PublishedRecord other) =>
        Instance != other.Instance ? Instance > other.Instance : Version > other.Version;

    /// <summary>FNV-1a in 64 bits over the owner, then instance and version as 8 bytes each. The payload follows from these three.</summary>
    internal ulong Hash()
    {
        Span<byte> numbers = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(numbers, Instance);
        BinaryPrimitives.WriteUInt64BigEndian(numbers[8..], Version);
        return Continue(Continue(0xcbf29ce484222325, Encoding.UTF8.GetBytes(Owner)), numbers);
    }

    private static ulong Continue(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            hash = unchecked((hash ^ value) * 0x100000001b3);
        }

        return hash;
    }
}
