using System.Buffers;
using Tidegate.Engine.Sessions;

namespace Tidegate.Engine.Emulation;

/// <summary>The frames of an emulated WebSocket, and how those to the client are written (docs/spec/compat.md, chapter 3.6).</summary>
internal static class EmulationFrames
{
    internal const byte TextUntilMark = 0x00, Command = 0x01, Binary = 0x80, Text = 0x81, Ping = 0x89, Pong = 0x8a;

    private static readonly SearchValues<byte> s_escaped = SearchValues.Create([0x00, 0x0a, 0x0d, 0x7f]);

    /// <summary>Nothing, to show that somebody is there.</summary>
    internal static ReadOnlySpan<byte> Noop => [Command, (byte)'0', (byte)'0', 0xff];

    /// <summary>The response ends here, and the next one goes on.</summary>
    internal static ReadOnlySpan<byte> Reconnect => [Command, (byte)'0', (byte)'1', 0xff];

    /// <summary>The session is over.</summary>
    internal static ReadOnlySpan<byte> Close => [Command, (byte)'0', (byte)'2', 0xff];

    /// <summary>Writes a message.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="message">The whole message.</param>
    /// <param name="kind">What it is made of.</param>
    /// <param name="tellsText">Whether the client tells text from bytes; where not, all is sent as bytes.</param>
    /// <param name="encoding">How bytes are written.</param>
    internal static void WriteMessage(IBufferWriter<byte> target, ReadOnlySpan<byte> message, MessageKind kind, bool tellsText, EmulationEncoding encoding)
    {
        Span<byte> head = stackalloc byte[6];
        int at = head.Length;
        uint rest = (uint)message.Length;
        head[--at] = (byte)(rest & 0x7f);
        while ((rest >>= 7) > 0)
        {
            head[--at] = (byte)(0x80 | (rest & 0x7f));
        }

        head[--at] = tellsText && kind == MessageKind.Text ? Text : Binary;
        Write(target, head[at..], encoding);
        Write(target, message, encoding);
    }

    /// <summary>Writes a ping.</summary>
    internal static void WritePing(IBufferWriter<byte> target, EmulationEncoding encoding) => Write(target, [Ping, 0], encoding);

    /// <summary>Writes a pong.</summary>
    internal static void WritePong(IBufferWriter<byte> target, EmulationEncoding encoding) => Write(target, [Pong, 0], encoding);

    private static void Write(IBufferWriter<byte> target, ReadOnlySpan<byte> bytes, EmulationEncoding encoding)
    {
        if (encoding != EmulationEncoding.EscapedText)
        {
            target.Write(bytes);
            return;
        }

        while (bytes.IndexOfAny(s_escaped) is var next and >= 0)
        {
            target.Write(bytes[..next]);
            ReadOnlySpan<byte> pair = [0x7f, bytes[next] switch { 0x00 => (byte)'0', 0x0a => (byte)'n', 0x0d => (byte)'r', _ => 0x7f }];
            target.Write(pair);
            bytes = bytes[(next + 1)..];
        }

        target.Write(bytes);
    }
}
