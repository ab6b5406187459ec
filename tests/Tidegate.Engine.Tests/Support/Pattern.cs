namespace Tidegate.Engine.Tests.Support;

/// <summary>Bytes that depend on their position, so that a lost, doubled or moved one shows.</summary>
internal static class Pattern
{
    internal static byte At(long position) => (byte)((position * 31) ^ (position >> 8) ^ (position >> 17));

    internal static byte[] Bytes(int length, long from = 0)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = At(from + i);
        }

        return bytes;
    }

    /// <summary>Checks bytes that begin at <paramref name="position"/>; returns the position after them.</summary>
    internal static long Check(ReadOnlySpan<byte> bytes, long position)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] != At(position + i))
            {
                Assert.Fail($"byte {position + i} is {bytes[i]}, not {At(position + i)}");
            }
        }

        return position + bytes.Length;
    }
}
