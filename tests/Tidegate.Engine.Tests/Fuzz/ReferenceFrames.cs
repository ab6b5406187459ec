using System.Text;

namespace Tidegate.Engine.Tests.Fuzz;

/// <summary>
/// RFC 6455, sections 5 and 7.4, read from a whole byte array with no thought of speed. Notes what it finds: a message
/// (t or b, and its bytes), a control frame (P, p, C and its payload), or a violation (! and the status).
/// </summary>
internal static class ReferenceFrames
{
    internal static List<string> Read(byte[] bytes, bool fromClient, int maximum, bool compression)
    {
        var found = new List<string>();
        var message = new List<byte>();
        char kind = '\0';
        bool compressed = false;
        long declared = 0;
        int at = 0;
        while (true)
        {
            if (bytes.Length - at < 2)
            {
                return found;
            }

            bool final = bytes[at] >= 128;
            int reserved = bytes[at] / 16 % 8, opcode = bytes[at] % 16;
            bool masked = bytes[at + 1] >= 128;
            ulong length = (ulong)(bytes[at + 1] % 128);
            int lengthBytes = length == 126 ? 2 : length == 127 ? 8 : 0;
            if (bytes.Length - at < 2 + lengthBytes)
            {
                return found;
            }

            if (lengthBytes > 0)
            {
                length = 0;
                for (int i = 0; i < lengthBytes; i++)
                {
                    length = (length * 256) + bytes[at + 2 + i];
                }

                if (length < (lengthBytes == 2 ? 126ul : 65536ul) || length > long.MaxValue)
                {
                    found.Add("!1002");
                    return found;
                }
            }

            int headLength = 2 + lengthBytes + (masked ? 4 : 0);
            if (bytes.Length - at < headLength)
            {
                return found;
            }

            bool control = opcode >= 8;
            bool mayCompress = compression && opcode is 1 or 2;
            if (masked != fromClient
                || (mayCompress ? (reserved & 3) != 0 : reserved != 0)
                || opcode is (> 2 and < 8) or > 10
                || (control && (!final || length > 125))
                || (opcode == 0 && kind == '\0')
                || (opcode is 1 or 2 && kind != '\0'))
            {
                found.Add("!1002");
                return found;
            }

            byte[] key = masked ? bytes[(at + headLength - 4)..(at + headLength)] : new byte[4];
            int available = (int)Math.Min((ulong)(bytes.Length - at - headLength), length);
            byte[] payload = bytes[(at + headLength)..(at + headLength + available)];
            for (int i = 0; i < payload.Length; i++)
            {
                payload[i] ^= key[i % 4];
            }

            bool whole = (ulong)available == length;
            at += headLength + available;
            if (control)
            {
                if (!whole)
                {
                    return found;
                }

                if (opcode == 8)
                {
                    found.Add(Close(payload));
                    return found;
                }

                found.Add((opcode == 9 ? "P" : "p") + Convert.ToHexString(payload));
                continue;
            }

            if (opcode != 0)
            {
                kind = opcode == 1 ? 't' : 'b';
                compressed = reserved != 0;
                message.Clear();
                declared = 0;
            }

            if (length > (ulong)((compressed ? maximum + (maximum / 256) + 64 : maximum) - declared))
            {
                found.Add("!1009");
                return found;
            }

            declared += (long)length;
            message.AddRange(payload);
            bool end = whole && final;
            if (kind == 't' && !compressed && !IsUtf8([.. message], end))
            {
                found.Add("!1007");
                return found;
            }

            if (!whole)
            {
                return found;
            }

            if (end)
            {
                found.Add(kind + (compressed ? "z" : "") + Convert.ToHexString([.. message]));
                kind = '\0';
            }
        }
    }

    private static string Close(byte[] payload)
    {
        if (payload.Length == 0)
        {
            return "C";
        }

        int status = payload.Length == 1 ? 0 : (payload[0] * 256) + payload[1];
        bool valid = status is 1000 or 1001 or 1002 or 1003 or 1007 or 1008 or 1009 or 1010 or 1011 or 1012 or 1013 or 1014 || status / 1000 is 3 or 4;
        return !valid ? "!1002" : !IsUtf8(payload[2..], true) ? "!1007" : "C" + Convert.ToHexString(payload);
    }

    /// <summary>RFC 3629, section 4, rule by rule; a text that has not ended may lack the rest of its last character.</summary>
    private static bool IsUtf8(byte[] text, bool ended)
    {
        for (int i = 0; i < text.Length;)
        {
            byte first = text[i];
            (int more, byte low, byte high) = first switch
            {
                < 0x80 => (0, (byte)0, (byte)0),
                >= 0xC2 and <= 0xDF => (1, (byte)0x80, (byte)0xBF),
                0xE0 => (2, (byte)0xA0, (byte)0xBF),
                0xED => (2, (byte)0x80, (byte)0x9F),
                >= 0xE1 and <= 0xEF => (2, (byte)0x80, (byte)0xBF),
                0xF0 => (3, (byte)0x90, (byte)0xBF),
                >= 0xF1 and <= 0xF3 => (3, (byte)0x80, (byte)0xBF),
                0xF4 => (3, (byte)0x80, (byte)0x8F),
                _ => (-1, (byte)0, (byte)0),
            };
            if (more < 0)
            {
                return false;
            }

            i++;
            for (int n = 0; n < more; n++, i++)
            {
                if (i == text.Length)
                {
                    return !ended;
                }

                if (text[i] < (n == 0 ? low : 0x80) || text[i] > (n == 0 ? high : 0xBF))
                {
                    return false;
                }
            }
        }

        return true;
    }
}
