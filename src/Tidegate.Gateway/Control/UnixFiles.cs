using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tidegate.Gateway.Control;

/// <summary>What .NET does not tell of files on Linux: whose they are, without following a symbolic link.</summary>
internal static partial class UnixFiles
{
    // statx(2) has one layout on every architecture; stat(2) has not.
    private const int StatxSize = 256;
    private const int UserAt = 20;
    private const int ModeAt = 28;
    private const int AtWorkingDirectory = -100;
    private const int NoFollow = 0x100;
    private const uint BasicFields = 0x7ff;
    private const int TypeBits = 0xF000;
    private const int DirectoryType = 0x4000;
    private const int StickyBit = 0x200;
    private const int OthersMayWrite = 0x12;

    /// <summary>The user that this process runs as; 0 is root.</summary>
    internal static uint User => geteuid();

    /// <summary>Looks at what is there, a symbolic link itself and not what it leads to; null where there is nothing, or nothing to be seen.</summary>
    internal static unsafe FileFacts? Look(string path)
    {
        byte* facts = stackalloc byte[StatxSize];
        if (statx(AtWorkingDirectory, path, NoFollow, BasicFields, facts) != 0)
        {
            return null;
        }

        var bytes = new ReadOnlySpan<byte>(facts, StatxSize);
        uint user = BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(bytes[UserAt..]) : BinaryPrimitives.ReadUInt32BigEndian(bytes[UserAt..]);
        int mode = BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[ModeAt..]) : BinaryPrimitives.ReadUInt16BigEndian(bytes[ModeAt..]);
        return new FileFacts(user, (mode & TypeBits) == DirectoryType, (mode & OthersMayWrite) != 0, (mode & StickyBit) != 0);
    }

    [LibraryImport("libc")] private static partial uint geteuid();

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int directory, string path, int flags, uint mask, byte* facts);
}

/// <summary>Facts about a file.</summary>
/// <param name="Owner">The user whose it is.</param>
/// <param name="IsDirectory">Whether it is a directory, and no link to one.</param>
/// <param name="OthersMayWrite">Whether its group or everybody may change it.</param>
/// <param name="IsSticky">Whether, in a directory that others may write to, each may remove only what is his, as in /tmp.</param>
internal readonly record struct FileFacts(uint Owner, bool IsDirectory, bool OthersMayWrite, bool IsSticky);
