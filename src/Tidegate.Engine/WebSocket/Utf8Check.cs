using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Tidegate.Engine.WebSocket;

/// <summary>Checks that text which comes in parts is UTF-8 (RFC 3629), a character cut by a boundary included.</summary>
internal struct Utf8Check
{
    // The bytes of a character that has begun: 3 at most, the first in the lowest byte.
    private uint _begun;
    private byte _begunLength;

    /// <summary>False as soon as the text can not be UTF-8 any more. At the end no character may be unfinished.</summary>
    internal bool Accept(ReadOnlySpan<byte> part, bool endOfMessage)
    {
        if (_begunLength > 0 && !FinishBegun(ref part))
        {
            return false;
        }

        if (_begunLength > 0)
        {
            return !endOfMessage;
        }

        if (Utf8.IsValid(part))
        {
            return true;
        }

        if (endOfMessage)
        {
            return false;
        }

        int tail = UnfinishedTail(part);
        if (tail == 0 || !Utf8.IsValid(part[..^tail]))
        {
            return false;
        }

        foreach (byte value in part[^tail..])
        {
            Append(value);
        }

        return true;
    }

    internal void Reset()
    {
        _begun = 0;
        _begunLength = 0;
    }

    /// <summary>Number of bytes at the end that begin a character without finishing it, and that may still become one.</summary>
    private static int UnfinishedTail(ReadOnlySpan<byte> part)
    {
        for (int length = 1; length <= Math.Min(3, part.Length); length++)
        {
            if ((part[^length] & 0xC0) != 0x80)
            {
                return Rune.DecodeFromUtf8(part[^length..], out _, out _) == OperationStatus.NeedMoreData ? length : 0;
            }
        }

        return 0;
    }

    private bool FinishBegun(ref ReadOnlySpan<byte> part)
    {
        Span<byte> character = stackalloc byte[4];
        while (!part.IsEmpty)
        {
            Append(part[0]);
            part = part[1..];
            for (int i = 0; i < _begunLength; i++)
            {
                character[i] = (byte)(_begun >> (8 * i));
            }

            switch (Rune.DecodeFromUtf8(character[.._begunLength], out _, out _))
            {
                case OperationStatus.Done:
                    Reset();
                    return true;
                case OperationStatus.InvalidData:
                    return false;
            }
        }

        return true;
    }

    private void Append(byte value) => _begun |= (uint)value << (8 * _begunLength++);
}
