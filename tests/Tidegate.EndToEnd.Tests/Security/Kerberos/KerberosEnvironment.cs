using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tidegate.EndToEnd.Tests.Security.Kerberos;

/// <summary>
/// Where this process looks for Kerberos, which is how clients of .NET in it get their tickets. The library reads the process's own
/// environment, which .NET does not change, and which is safe to change only before there is anybody else to read it.
/// </summary>
internal static class KerberosEnvironment
{
    /// <summary>The files of the key distribution centre, and of its clients. There are none until it is started.</summary>
    internal static string Directory { get; } = Path.Combine(Path.GetTempPath(), $"tidegate-test-kerberos-{Environment.ProcessId}");

    /// <summary>Where clients keep their tickets.</summary>
    internal static string Cache { get; } = $"FILE:{Path.Combine(Directory, "tickets")}";

#pragma warning disable CA2255 // A test assembly is an application's last part, and no library.
    [ModuleInitializer]
    internal static void Set()
    {
        _ = setenv("KRB5_CONFIG", Path.Combine(Directory, "krb5.conf"), 1);
        _ = setenv("KRB5CCNAME", Cache, 1);
    }
#pragma warning restore CA2255

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int setenv(string name, string value, int overwrite);
}
