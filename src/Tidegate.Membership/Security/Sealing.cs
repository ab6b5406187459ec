using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Tidegate.Membership.Security;

/// <summary>What came of opening a sealed blob.</summary>
internal enum SealFailure : byte
{
    None,

    /// <summary>Too few bytes for version, nonce and tag.</summary>
    TooShort,

    /// <summary>The first byte is neither 0 nor 1: most likely not sealed at all.</summary>
    UnknownVersion,

    /// <summary>None of the keys opens it, or it or its associated data was altered.</summary>
    NoKeyOpens,

    /// <summary>Opened, but its padding (version 0) is not of 1 to 16 bytes that all say how many.</summary>
    BadPadding,
}

/// <summary>
/// Sealing with AES-GCM (specification, section 1): version byte, nonce of 12 bytes, ciphertext, tag of 16. Version 1 is
/// written; version 0, which pads by PKCS#7, is read as well.
/// </summary>
internal static class Sealing
{
    internal const int NonceLength = 12;
    internal const int TagLength = 16;

    /// <summary>Bytes that sealing adds.</summary>
    internal const int Overhead = 1 + NonceLength + TagLength;

    private const byte PaddedVersion = 0;
    private const byte Version = 1;
    private const int Block = 16;

    /// <summary>
    /// Seals with the primary key and a nonce from the system's cryptographic source. The output is exactly
    /// <see cref="Overhead"/> longer than the plain bytes and must not overlap them.
    /// </summary>
    internal static void Seal(Keyring keyring, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> associated, Span<byte> output)
    {
        Span<byte> nonce = output.Slice(1, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        output[0] = Version;
        Span<byte> cipher = output[(1 + NonceLength)..^TagLength];
        keyring.Primary.Encrypt(nonce, plain, cipher, output[^TagLength..], associated);
    }

    /// <summary>
    /// Opens with whichever key fits, trying them in their order. The plain bytes need room for the blob less
    /// <see cref="Overhead"/>, must not overlap it, and count only on success, for the length that is returned.
    /// </summary>
    internal static SealFailure Open(Keyring keyring, ReadOnlySpan<byte> blob, ReadOnlySpan<byte> associated, Span<byte> plain, out int length)
    {
        length = 0;
        if (blob.IsEmpty || blob[0] > Version)
        {
            return blob.IsEmpty ? SealFailure.TooShort : SealFailure.UnknownVersion;
        }

        if (blob.Length < Overhead)
        {
            return SealFailure.TooShort;
        }

        ReadOnlySpan<byte> nonce = blob.Slice(1, NonceLength);
        ReadOnlySpan<byte> cipher = blob[(1 + NonceLength)..^TagLength];
        Span<byte> target = plain[..cipher.Length];
        ImmutableArray<SealingKey> keys = keyring.Keys;
        foreach (SealingKey key in keys)
        {
            if (key.TryDecrypt(nonce, cipher, blob[^TagLength..], target, associated))
            {
                return blob[0] == PaddedVersion ? Unpad(target, out length) : Whole(target, out length);
            }
        }

        return SealFailure.NoKeyOpens;
    }

    private static SealFailure Whole(ReadOnlySpan<byte> plain, out int length)
    {
        length = plain.Length;
        return SealFailure.None;
    }

    // The bytes are authentic, so how long this takes tells a stranger nothing.
    private static SealFailure Unpad(ReadOnlySpan<byte> plain, out int length)
    {
        length = 0;
        if (plain.IsEmpty)
        {
            return SealFailure.BadPadding;
        }

        byte padding = plain[^1];
        if (padding is 0 or > Block || padding > plain.Length || plain[^padding..].ContainsAnyExcept(padding))
        {
            return SealFailure.BadPadding;
        }

        length = plain.Length - padding;
        return SealFailure.None;
    }
}
