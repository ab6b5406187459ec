namespace Tidegate.Engine.Emulation;

/// <summary>How the bytes of an emulated WebSocket travel in HTTP bodies (docs/spec/compat.md, chapter 3.6).</summary>
public enum EmulationEncoding
{
    /// <summary>As they are.</summary>
    Binary,

    /// <summary>As text: to the gateway each byte is a character in UTF-8, where zero may be U+0100; to the client they are as they are.</summary>
    Text,

    /// <summary>As <see cref="Text"/>, and zero, line feed, carriage return and 0x7f are escaped with 0x7f both ways.</summary>
    EscapedText,
}
