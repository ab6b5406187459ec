namespace Tidegate.Membership.Wire;

/// <summary>The first byte of every message, in packets and on streams (specification, section 1).</summary>
internal enum MessageType : byte
{
    Ping = 0,
    IndirectPing = 1,
    Ack = 2,
    Suspect = 3,
    Alive = 4,
    Dead = 5,
    PushPull = 6,
    Compound = 7,
    User = 8,
    Compress = 9,
    Encrypt = 10,
    Nack = 11,
    Crc = 12,
    Error = 13,

    /// <summary>Not a message: a label in front of a packet or a stream.</summary>
    Label = 244,
}
