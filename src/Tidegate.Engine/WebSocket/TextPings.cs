namespace Tidegate.Engine.WebSocket;

/// <summary>What a text message turned out to be, by how it begins.</summary>
internal enum TextStart : byte
{
    /// <summary>Not to be told yet: all that came is the beginning of the escape.</summary>
    Open,

    /// <summary>The application's.</summary>
    Application,

    /// <summary>It begins with the escape.</summary>
    Escaped,
}

/// <summary>
/// Follows the beginning of text messages that may come in parts. Messages that begin otherwise are told by their first byte, so
/// nearly all of them are never looked at further.
/// </summary>
internal struct EscapeMatch
{
    // How many bytes of the escape the message has begun with.
    private byte _matched;
    private bool _isDecided;

    /// <summary>How many bytes of the escape were taken from parts before, while it was open what the message is.</summary>
    internal readonly int Held => _isDecided ? 0 : _matched;

    /// <summary>True where it is known what the message is, and only its end is waited for.</summary>
    internal readonly bool IsDecided => _isDecided;

    /// <summary>Takes the next part of a message that was open until now.</summary>
    internal TextStart Take(ReadOnlySpan<byte> part, bool endOfMessage)
    {
        ReadOnlySpan<byte> rest = ClientExtensions.Escape[_matched..];
        int common = part.CommonPrefixLength(rest);
        if (common == rest.Length)
        {
            _isDecided = true;
            return TextStart.Escaped;
        }

        if (common < part.Length || endOfMessage)
        {
            _isDecided = true;
            return TextStart.Application;
        }

        _matched += (byte)common;
        return TextStart.Open;
    }

    /// <summary>The message is over.</summary>
    internal void Reset() => this = default;
}
