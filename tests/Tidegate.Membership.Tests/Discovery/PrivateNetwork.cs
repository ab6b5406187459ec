using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tidegate.Membership.Tests.Discovery;

/// <summary>
/// A network namespace of one test: loopback has no IPv6 multicast, and nothing may leave this machine. A thread enters
/// it, opens sockets, and ends; the sockets stay in it and keep it alive. Needs root, and the programs ip and nsenter.
/// </summary>
internal static class PrivateNetwork
{
    /// <summary>The number of an interface with multicast in every such network, with a link-local address of its own.</summary>
    internal const int InterfaceIndex = 77;

    private const int NewNetwork = 0x40000000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly string[] Commands =
    [
        $"ip link add v0 index {InterfaceIndex} type veth peer name v1",
        "ip link set v0 up",
        "ip link set v1 up",
        "ip addr add fe80::77/64 dev v0 nodad",
    ];

    /// <summary>Runs what opens sockets inside a new network. It must not start threads or tasks: they would stay in it.</summary>
    internal static async Task<T> OpenAsync<T>(Func<T> open)
    {
        TaskCompletionSource<int> entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<T> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using ManualResetEventSlim ready = new();
        Thread thread = new(() =>
        {
            try
            {
                int failed = EnterNew(NewNetwork);
                entered.SetResult(failed == 0 ? ThreadNumber() : throw new InvalidOperationException($"unshare: error {Marshal.GetLastPInvokeError()}. This test needs root."));
                Assert.True(ready.Wait(Patience));
                opened.SetResult(open());
            }
            catch (Exception exception)
            {
                entered.TrySetException(exception);
                opened.TrySetException(exception);
            }
        });
        thread.Start();
        int number = await entered.Task;
        foreach (string command in Commands)
        {
            using Process process = Process.Start("nsenter", $"--net=/proc/{Environment.ProcessId}/task/{number}/ns/net {command}");
            await process.WaitForExitAsync().WaitAsync(Patience);
            Assert.Equal(0, process.ExitCode);
        }

        ready.Set();
        T result = await opened.Task.WaitAsync(Patience);
        thread.Join();
        return result;
    }

    [DllImport("libc", EntryPoint = "unshare", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int EnterNew(int flags);

    [DllImport("libc", EntryPoint = "gettid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ThreadNumber();
}
