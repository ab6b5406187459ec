namespace Tidegate.Membership.Wire;

/// <summary>The first bytes of msgpack values. Codes from 0 to 7f and from e0 are integers that are complete in one byte.</summary>
internal static class MessagePackCode
{
    internal const byte PositiveFixMax = 0x7f;
    internal const byte FixMap = 0x80;
    internal const byte FixMapMax = 0x8f;
    internal const byte FixArray = 0x90;
    internal const byte FixArrayMax = 0x9f;
    internal const byte FixRaw = 0xa0;
    internal const byte FixRawMax = 0xbf;
    internal const byte Nil = 0xc0;
    internal const byte False = 0xc2;
    internal const byte True = 0xc3;
    internal const byte Bin8 = 0xc4;
    internal const byte Bin16 = 0xc5;
    internal const byte Bin32 = 0xc6;
    internal const byte Ext8 = 0xc7;
    internal const byte Ext16 = 0xc8;
    internal const byte Ext32 = 0xc9;
    internal const byte Float32 = 0xca;
    internal const byte Float64 = 0xcb;
    internal const byte UInt8 = 0xcc;
    internal const byte UInt16 = 0xcd;
    internal const byte UInt32 = 0xce;
    internal const byte UInt64 = 0xcf;
    internal const byte Int8 = 0xd0;
    internal const byte Int16 = 0xd1;
    internal const byte Int32 = 0xd2;
    internal const byte Int64 = 0xd3;
    internal const byte FixExt1 = 0xd4;
    internal const byte FixExt16 = 0xd8;
    internal const byte Str8 = 0xd9;
    internal const byte Raw16 = 0xda;
    internal const byte Raw32 = 0xdb;
    internal const byte Array16 = 0xdc;
    internal const byte Array32 = 0xdd;
    internal const byte Map16 = 0xde;
    internal const byte Map32 = 0xdf;
    internal const byte NegativeFix = 0xe0;
}
