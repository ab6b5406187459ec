using System.Buffers;
using System.Security.Cryptography;
using Tidegate.Membership.Packets;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Security;

/// <summary>One key of a cluster, for AES-128, -192 or -256. Equal where the bytes are; never shown in text.</summary>
internal sealed class SealingKey : IEquatable<SealingKey>
{
    private readonly byte[] _bytes;
    private readonly AesGcm _cipher;

    // The cipher keeps a context between calls, and packets and streams are sealed on several threads.
    private readonly Lock _lock = new();

    /// <exception cref="ArgumentException">Not 16, 24 or 32 bytes.</exception>
    internal SealingKey(ReadOnlySpan<byte> bytes)
    {
        if (!IsKeyLength(bytes.Length))
        {
            throw new ArgumentException($"A key has 16, 24 or 32 bytes, not {bytes.Length}.", nameof(bytes));
        }

        _bytes = bytes.ToArray();
        _cipher = new AesGcm(_bytes, Sealing.TagLength);
    }

    /// <summary>The key itself, for the one request of Serf that carries keys.</summary>
    internal ReadOnlySpan<byte> Bytes => _bytes;

    internal static bool IsKeyLength(int length) => length is 16 or 24 or 32;

    /// <summary>Reads a key as <c>serf keygen</c> prints it: base64.</summary>
    /// <exception cref="FormatException">The text is no base64 or holds another number of bytes. The key is not in the message.</exception>
    internal static SealingKey Parse(string text)
    {
        byte[] bytes;
        try
        {
            bytes = Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            throw new FormatException("A key is 16, 24 or 32 bytes in base64, such as 'serf keygen' prints, but this text is not base64.");
        }

        if (!IsKeyLength(bytes.Length))
        {
            throw new FormatException($"A key is 16, 24 or 32 bytes in base64, such as 'serf keygen' prints, but this text holds {bytes.Length}.");
        }

        return new SealingKey(bytes);
    }

    /// <summary>The key as text, which whoever asks for it must guard.</summary>
    internal string ToBase64() => Convert.ToBase64String(_bytes);

    internal void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plain, Span<byte> cipher, Span<byte> tag, ReadOnlySpan<byte> associated)
    {
        lock (_lock)
        {
            _cipher.Encrypt(nonce, plain, cipher, tag, associated);
        }
    }

    /// <summary>False where this key or one of the bytes is wrong; the plain bytes mean nothing then.</summary>
    /// <remarks>
    /// The framework's decryption throws where a tag is wrong, which makes garbage and takes two to five times as long: a gift to whoever floods a
    /// member with junk, and a burden while keys are changed and packets come that the second one opens. So what fits a packet is decrypted by encrypting it, which is the same stream of key bytes, and encrypted again to
    /// see which tag it must have. Longer messages come by TCP, a connection each, where the exception does not count.
    /// </remarks>
    internal bool TryDecrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> cipher, ReadOnlySpan<byte> tag, Span<byte> plain, ReadOnlySpan<byte> associated) =>
        cipher.Length <= PacketLimits.Read
            ? TryDecryptTwice(nonce, cipher, tag, plain, associated)
            : TryDecryptOnce(nonce, cipher, tag, plain, associated);

    private bool TryDecryptTwice(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> cipher, ReadOnlySpan<byte> tag, Span<byte> plain, ReadOnlySpan<byte> associated)
    {
        Span<byte> found = stackalloc byte[Sealing.TagLength];
        byte[] scratch = ArrayPool<byte>.Shared.Rent(cipher.Length);
        try
        {
            Span<byte> again = scratch.AsSpan(0, cipher.Length);
            lock (_lock)
            {
                _cipher.Encrypt(nonce, cipher, plain, found);
                _cipher.Encrypt(nonce, plain, again, found, associated);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }

        if (CryptographicOperations.FixedTimeEquals(found, tag))
        {
            return true;
        }

        // Never what nobody has vouched for.
        plain.Clear();
        return false;
    }

    private bool TryDecryptOnce(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> cipher, ReadOnlySpan<byte> tag, Span<byte> plain, ReadOnlySpan<byte> associated)
    {
        try
        {
            lock (_lock)
            {
                _cipher.Decrypt(nonce, cipher, tag, plain, associated);
            }

            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public bool Equals(SealingKey? other) => other is not null && CryptographicOperations.FixedTimeEquals(_bytes, other._bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SealingKey);

    /// <inheritdoc/>
    public override int GetHashCode() => RawBytes.CopyOf(_bytes).GetHashCode();

    /// <summary>Its length, and not the key.</summary>
    public override string ToString() => $"a key of {_bytes.Length} bytes";
}
