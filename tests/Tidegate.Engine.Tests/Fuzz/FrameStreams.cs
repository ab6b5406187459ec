using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Fuzz;

/// <summary>Streams of frames that are mostly well-formed, then changed at random.</summary>
internal static class FrameStreams
{
    private static readonly byte[][] Texts =
    [
        "a"u8.ToArray(), "é€😀"u8.ToArray(), [0xE2, 0x82], [0xAC], [0xF0, 0x9F, 0x98], [0x80], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90], [], "plain text"u8.ToArray(),
    ];

    internal static byte[] Next(Random random, bool fromClient)
    {
        if (random.Next(20) == 0)
        {
            byte[] noise = new byte[random.Next(60)];
            random.NextBytes(noise);
            return noise;
        }

        var stream = new List<byte>();
        bool inMessage = false;
        for (int frames = random.Next(1, 8); frames > 0; frames--)
        {
            int opcode = random.Next(10) switch
            {
                0 => Wire.Ping,
                1 => Wire.Pong,
                2 when random.Next(4) == 0 => Wire.Close,
                3 when random.Next(8) == 0 => random.Next(16),
                _ => inMessage ? Wire.Continuation : random.Next(1, 3),
            };
            bool control = opcode >= 8;
            bool final = control || random.Next(2) == 0;
            byte[] payload = Payload(random, opcode);
            int reserved = random.Next(15) == 0 ? random.Next(8) << 4 : 0;
            bool mask = random.Next(100) == 0 ? !fromClient : fromClient;
            int lengthBytes = random.Next(100) == 0 ? new[] { 0, 2, 8 }[random.Next(3)] : -1;
            ulong? claims = random.Next(60) == 0 ? (ulong)random.NextInt64() >> random.Next(63) : null;
            if (lengthBytes == 0 && (claims ?? (ulong)payload.Length) > 125)
            {
                lengthBytes = -1;
            }

            uint key = random.Next(8) == 0 ? 0 : (uint)random.NextInt64();
            stream.AddRange(Wire.Frame(opcode, payload, final, mask, reserved, lengthBytes, claims, key));
            inMessage = control ? inMessage : !final;
        }

        byte[] bytes = [.. stream];
        for (int changes = random.Next(4) == 0 ? random.Next(1, 4) : 0; changes > 0 && bytes.Length > 0; changes--)
        {
            bytes[random.Next(bytes.Length)] = (byte)(random.Next(2) == 0 ? random.Next(256) : bytes[random.Next(bytes.Length)] ^ (1 << random.Next(8)));
        }

        return random.Next(10) == 0 ? bytes[..random.Next(bytes.Length + 1)] : bytes;
    }

    private static byte[] Payload(Random random, int opcode)
    {
        if (opcode == Wire.Close)
        {
            return random.Next(4) switch
            {
                0 => [],
                1 => [3],
                2 => [.. Wire.ClosePayload(random.Next(990, 1020)), .. Texts[random.Next(Texts.Length)]],
                _ => [.. Wire.ClosePayload(random.Next(65536)), .. Texts[random.Next(Texts.Length)]],
            };
        }

        if (random.Next(3) > 0)
        {
            return Texts[random.Next(Texts.Length)];
        }

        int length = random.Next(12) switch
        {
            0 => random.Next(120, 132),
            1 => random.Next(400),
            2 when random.Next(20) == 0 => random.Next(65530, 65540),
            _ => random.Next(20),
        };
        byte[] payload = new byte[length];
        payload.AsSpan().Fill((byte)random.Next(32, 127));
        return payload;
    }
}
