using System.Numerics;
using System.Runtime.Intrinsics;

namespace Tidegate.Engine.WebSocket;

/// <summary>Masking and unmasking of payload bytes in place (RFC 6455, section 5.3); the two are the same operation.</summary>
internal static unsafe class Masking
{
    /// <summary>
    /// Applies <paramref name="key"/> (as it lies in memory) to <paramref name="length"/> bytes. Returns the key turned so
    /// that it fits the byte after the last one, for a payload that comes in parts.
    /// </summary>
    internal static uint Apply(byte* data, int length, uint key)
    {
        byte* end = data + length;
        if (Vector256.IsHardwareAccelerated && length >= Vector256<byte>.Count)
        {
            Vector256<byte> keys = Vector256.Create(key).AsByte();
            byte* last = end - Vector256<byte>.Count;
            for (; data <= last; data += Vector256<byte>.Count)
            {
                (Vector256.Load(data) ^ keys).Store(data);
            }
        }
        else if (length >= Vector128<byte>.Count)
        {
            Vector128<byte> keys = Vector128.Create(key).AsByte();
            byte* last = end - Vector128<byte>.Count;
            for (; data <= last; data += Vector128<byte>.Count)
            {
                (Vector128.Load(data) ^ keys).Store(data);
            }
        }

        for (; data + sizeof(uint) <= end; data += sizeof(uint))
        {
            *(uint*)data ^= key;
        }

        for (; data < end; data++)
        {
            *data ^= (byte)key;
            key = BitOperations.RotateRight(key, 8);
        }

        return key;
    }

    /// <summary>
    /// Unmasks <paramref name="length"/> bytes and moves them forward from <paramref name="source"/> to
    /// <paramref name="target"/>, which lies in front of it; the two may overlap.
    /// </summary>
    internal static void Move(byte* source, byte* target, int length, uint key)
    {
        byte* end = source + length;
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<byte> keys = Vector256.Create(key).AsByte();
            for (; end - source >= Vector256<byte>.Count; source += Vector256<byte>.Count, target += Vector256<byte>.Count)
            {
                (Vector256.Load(source) ^ keys).Store(target);
            }
        }

        Vector128<byte> halfKeys = Vector128.Create(key).AsByte();
        for (; end - source >= Vector128<byte>.Count; source += Vector128<byte>.Count, target += Vector128<byte>.Count)
        {
            (Vector128.Load(source) ^ halfKeys).Store(target);
        }

        for (; end - source >= sizeof(uint); source += sizeof(uint), target += sizeof(uint))
        {
            *(uint*)target = *(uint*)source ^ key;
        }

        for (; source < end; source++, target++)
        {
            *target = (byte)(*source ^ (byte)key);
            key >>= 8;
        }
    }
}
