using System.Runtime.InteropServices;

namespace Tidegate.Host;

/// <summary>Whether somebody is still at the other end of this process's standard streams.</summary>
internal static partial class StandardStreams
{
    private const int Output = 1;

    // From <poll.h>, the same on all systems that have it.
    private const short PollError = 8;

    /// <summary>
    /// Whether nobody reads standard output any more, as behind <c>| head -1</c>. .NET leaves aside what can not be written there, so a command
    /// that goes on has to ask. False on Windows.
    /// </summary>
    internal static bool IsOutputDeserted => !OperatingSystem.IsWindows() && IsDeserted(Output);

    /// <summary>Asks for a stop when standard input ends. Whoever has started this process with a pipe there need not be alive to end it.</summary>
    internal static void StopAtInputEnd(StopSignals signals)
    {
        // Reading a pipe blocks, and nothing ends that.
        new Thread(() =>
        {
            using Stream input = Console.OpenStandardInput();
            try
            {
                byte[] ignored = new byte[64];
                while (input.Read(ignored) > 0)
                {
                }
            }
            catch (IOException)
            {
                // Gone, too.
            }

            signals.Request();
        })
        { IsBackground = true, Name = "standard input" }.Start();
    }

    private static unsafe bool IsDeserted(int descriptor)
    {
        var asked = new Asked { Descriptor = descriptor };
        return poll(&asked, 1, 0) > 0 && (asked.Found & PollError) != 0;
    }

    [LibraryImport("libc")]
    private static unsafe partial int poll(Asked* asked, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct Asked
    {
        internal int Descriptor;
        internal short Wanted;
        internal short Found;
    }
}
