namespace Tidegate.Engine.Sessions;

/// <summary>What a message is made of.</summary>
public enum MessageKind : byte
{
    /// <summary>Any bytes. What a byte stream brings is binary.</summary>
    Binary,

    /// <summary>UTF-8 text, already checked.</summary>
    Text,
}
