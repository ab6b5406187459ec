using System.Runtime.InteropServices;

namespace Tidegate.Gateway.Tests;

/// <summary>What .NET can not do with files.</summary>
internal static class Unix
{
    /// <summary>A user who owns nothing.</summary>
    internal const uint Nobody = 65534;

    private const uint OwnersAlone = 0x180;

    /// <summary>Makes a pipe that only its owner may use; 0 if it could.</summary>
    internal static int MakePipe(string path) => mkfifo(path, OwnersAlone);

    /// <summary>Gives a file, or a link itself, to another user and group, which only root may; 0 if it could.</summary>
    internal static int ChangeOwner(string path, uint user, uint group) => lchown(path, user, group);

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int mkfifo([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int lchown([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint user, uint group);
}
