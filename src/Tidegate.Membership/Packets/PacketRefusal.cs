namespace Tidegate.Membership.Packets;

/// <summary>Why a packet, or a part of one, was not taken. Each is counted, and logged at most once a second.</summary>
internal enum PacketRefusal : byte
{
    None,

    /// <summary>No bytes, or none left when label, seal or checksum were taken off.</summary>
    Empty,

    /// <summary>No label where the cluster has one, another one, or one where the cluster has none.</summary>
    WrongLabel,

    /// <summary>Encryption is on, and this is not sealed: no version, or too short for a seal.</summary>
    NotSealed,

    /// <summary>Sealed with a key that is not installed, or altered on the way.</summary>
    NoKeyOpens,

    /// <summary>Opened, but padded as nothing that version 0 writes.</summary>
    BadPadding,

    /// <summary>It has come before, seal and all.</summary>
    Replayed,

    /// <summary>The checksum does not match, or is cut off.</summary>
    WrongChecksum,

    /// <summary>A checksum inside a compound or compressed message (annex A2).</summary>
    ChecksumInside,

    /// <summary>A compound message that ends before its parts do. The parts that are whole count.</summary>
    CutOff,

    /// <summary>A part of a compound message, or what was compressed, without a byte; or a compound without a part.</summary>
    EmptyPart,

    /// <summary>More than <see cref="PacketLimits.Nesting"/> messages inside each other.</summary>
    TooDeep,

    /// <summary>More than <see cref="PacketLimits.Messages"/> messages.</summary>
    TooManyMessages,

    /// <summary>Compressed by something that is not LZW, or LZW that cannot be read.</summary>
    BadCompression,

    /// <summary>Compressed parts that become more than <see cref="PacketLimits.Inflated"/> bytes.</summary>
    InflatesTooMuch,

    /// <summary>A type that is unknown, or belongs on streams.</summary>
    UnknownType,

    /// <summary>A message of a known type that cannot be read. Counted by whoever reads messages.</summary>
    Unreadable,

    /// <summary>A member, or an entry, of another cluster. Counted by whoever knows names.</summary>
    OtherCluster,
}

/// <summary>The reasons in words for the log.</summary>
internal static class PacketRefusals
{
    internal static string Describe(PacketRefusal refusal) => refusal switch
    {
        PacketRefusal.Empty => "it is empty",
        PacketRefusal.WrongLabel => "its label is not this cluster's; all members must have the same label",
        PacketRefusal.NotSealed => "it is not encrypted, and this cluster is; give the sender the key",
        PacketRefusal.NoKeyOpens => "none of the keys opens it; give the sender one of them, or install its key here",
        PacketRefusal.BadPadding => "its padding is wrong",
        PacketRefusal.Replayed => "it came before; the network doubles packets, or somebody sends recorded ones",
        PacketRefusal.WrongChecksum => "its checksum does not match; it was damaged on the way",
        PacketRefusal.ChecksumInside => "it has a checksum inside another message",
        PacketRefusal.CutOff => "it ends before its messages do",
        PacketRefusal.EmptyPart => "it holds an empty message",
        PacketRefusal.TooDeep => $"it has more than {PacketLimits.Nesting} messages inside each other",
        PacketRefusal.TooManyMessages => $"it has more than {PacketLimits.Messages} messages",
        PacketRefusal.BadCompression => "what it has compressed cannot be read",
        PacketRefusal.InflatesTooMuch => $"what it has compressed is more than {PacketLimits.Inflated} bytes",
        PacketRefusal.UnknownType => "it is of an unknown type; it may be encrypted, and this member has no key",
        PacketRefusal.Unreadable => "it cannot be read",
        PacketRefusal.OtherCluster => "it is of another cluster",
        _ => "of no known reason",
    };
}
