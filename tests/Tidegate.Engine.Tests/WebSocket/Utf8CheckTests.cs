using System.Text.Unicode;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.WebSocket;

public sealed class Utf8CheckTests
{
    // One byte of each kind that RFC 3629 tells apart.
    private static readonly byte[] Kinds = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF];

    [Fact]
    public void Every_sequence_of_four_kinds_of_bytes_is_judged_as_a_whole_at_every_split()
    {
        Span<byte> text = stackalloc byte[4];
        for (int number = 0; number < Kinds.Length * Kinds.Length * Kinds.Length * Kinds.Length; number++)
        {
            for (int i = 0, rest = number; i < 4; i++, rest /= Kinds.Length)
            {
                text[i] = Kinds[rest % Kinds.Length];
            }

            bool valid = Utf8.IsValid(text);
            for (int cuts = 0; cuts < 8; cuts++)
            {
                if (Accepts(text, cuts) != valid)
                {
                    Assert.Fail($"{Convert.ToHexString(text)} at cuts {cuts:b3}: not {valid}");
                }
            }
        }
    }

    // Bit i of cuts: a part ends after byte i.
    private static bool Accepts(ReadOnlySpan<byte> text, int cuts)
    {
        var check = default(Utf8Check);
        int start = 0;
        for (int i = 0; i < 3; i++)
        {
            if ((cuts & (1 << i)) != 0)
            {
                if (!check.Accept(text[start..(i + 1)], endOfMessage: false))
                {
                    return false;
                }

                start = i + 1;
            }
        }

        return check.Accept(text[start..], endOfMessage: true);
    }
}
