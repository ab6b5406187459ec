using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tidegate.Gateway.Files;

/// <summary>What .NET does not tell of files on Linux: whose they are, and of which kind, with or without following a symbolic link.</summary>
internal static partial class UnixFiles
{
    // statx(2) has one layout on every architecture; stat(2) has not.
    private const int StatxSize = 256;
    private const int UserAt = 20;
    private const int ModeAt = 28;
    private const int AtWorkingDirectory = -100;
    private const int NoFollow = 0x100;
    private const uint BasicFields = 0x7ff;

    /// <summary>The user that this process runs as; 0 is root.</summary>
    internal static uint User => geteuid();

    /// <summary>Looks at what is there, a symbolic link itself and not what it leads to; null where there is nothing, or nothing to be seen.</summary>
    internal static FileFacts? Look(string path) => Look(path, NoFollow);

    /// <summary>Looks at what is there, or at what a symbolic link leads to; null where there is nothing, or nothing to be seen.</summary>
    internal static FileFacts? LookThrough(string path) => Look(path, 0);

    private static unsafe FileFacts? Look(string path, int flags)
    {
        byte* facts = stackalloc byte[StatxSize];
        if (statx(AtWorkingDirectory, path, flags, BasicFields, facts) != 0)
        {
            return null;
        }

        var bytes = new ReadOnlySpan<byte>(facts, StatxSize);
        uint user = BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(bytes[UserAt..]) : BinaryPrimitives.ReadUInt32BigEndian(bytes[UserAt..]);
        int mode = BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[ModeAt..]) : BinaryPrimitives.ReadUInt16BigEndian(bytes[ModeAt..]);
        return new FileFacts(user, mode);
    }

    [LibraryImport("libc")] private static partial uint geteuid();

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int directory, string path, int flags, uint mask, byte* facts);
}

/// <summary>Facts about a file.</summary>
/// <param name="Owner">The user whose it is.</param>
/// <param name="Mode">Its kind and its permissions, as in inode(7).</param>
internal readonly record struct FileFacts(uint Owner, int Mode)
{
    private const int KindBits = 0xF000;
    private const int Pipe = 0x1000;
    private const int CharacterDevice = 0x2000;
    private const int Directory = 0x4000;
    private const int BlockDevice = 0x6000;
    private const int Regular = 0x8000;
    private const int Socket = 0xC000;
    private const int StickyBit = 0x200;
    private const int GroupOrAllMayWrite = 0x12;

    /// <summary>Whether it is a directory, and no link to one.</summary>
    internal bool IsDirectory => (Mode & KindBits) == Directory;

    /// <summary>Whether it has content of its own, and an end.</summary>
    internal bool IsRegular => (Mode & KindBits) == Regular;

    /// <summary>Whether its group or everybody may change it.</summary>
    internal bool OthersMayWrite => (Mode & GroupOrAllMayWrite) != 0;

    /// <summary>Whether, in a directory that others may write to, each may remove only what is his, as in /tmp.</summary>
    internal bool IsSticky => (Mode & StickyBit) != 0;

    /// <summary>What it is, for a message.</summary>
    internal string Kind => (Mode & KindBits) switch
    {
        Pipe => "a pipe",
        CharacterDevice or BlockDevice => "a device",
        Directory => "a directory",
        Socket => "a socket",
        Regular => "an ordinary file",
        _ => "no file",
    };
}
