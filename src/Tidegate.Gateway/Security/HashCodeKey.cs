using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Tidegate.Gateway.Security;

/// <summary>Puts things into places of a table that nobody outside can foretell.</summary>
internal sealed class HashCodeKey
{
    private readonly byte[] _key;

    private HashCodeKey(byte[] key) => _key = key;

    internal static HashCodeKey Random() => new(RandomNumberGenerator.GetBytes(32));

    /// <summary>A number that stands for something.</summary>
    internal ulong Of(ReadOnlySpan<byte> what)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, what, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }
}
