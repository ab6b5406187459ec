using System.Text;
using Tidegate.Engine.Emulation;

namespace Tidegate.Engine.Tests.Fuzz;

/// <summary>Frames of an emulated WebSocket as clients write them.</summary>
internal static class EmulatedFrames
{
    /// <summary>Appends a frame with its length; payloads have less than 16,384 bytes.</summary>
    internal static void AddFrame(List<byte> frames, byte type, byte[] payload)
    {
        frames.Add(type);
        if (payload.Length >= 128)
        {
            frames.Add((byte)(0x80 | (payload.Length >> 7)));
        }

        frames.Add((byte)(payload.Length & 0x7f));
        frames.AddRange(payload);
    }

    /// <summary>Text as scripts write it: each half of a surrogate pair by itself.</summary>
    internal static byte[] ToCesu8(string text) =>
        [.. text.SelectMany(c => c < 0x80 ? new[] { (byte)c } : c < 0x800 ? [(byte)(0xc0 | (c >> 6)), (byte)(0x80 | (c & 0x3f))] : [(byte)(0xe0 | (c >> 12)), (byte)(0x80 | ((c >> 6) & 0x3f)), (byte)(0x80 | (c & 0x3f))])];

    /// <summary>Frames as a body; of two ways to write a zero byte, either.</summary>
    internal static byte[] Encode(List<byte> frames, EmulationEncoding encoding, Random random)
    {
        IEnumerable<byte> bytes = frames;
        if (encoding == EmulationEncoding.EscapedText)
        {
            bytes = bytes.SelectMany(one => one switch
            {
                0x00 => [0x7f, (byte)'0'],
                0x0a => [0x7f, (byte)'n'],
                0x0d => [0x7f, (byte)'r'],
                0x7f => [0x7f, 0x7f],
                _ => new[] { one },
            });
        }

        return encoding == EmulationEncoding.Binary
            ? [.. bytes]
            : [.. bytes.SelectMany(one => one == 0 && random.Next(2) == 0 ? [0xc4, 0x80] : Encoding.UTF8.GetBytes(((char)one).ToString()))];
    }
}
