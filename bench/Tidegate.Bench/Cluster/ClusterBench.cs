using System.Runtime.InteropServices;

namespace Tidegate.Bench.Cluster;

/// <summary>Measures what a cluster does for its clients, one thing after another, and prints a table for each.</summary>
internal static class ClusterBench
{
    internal static int Run(ClusterOptions options)
    {
        // However this ends, no process and no network stays behind.
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            foreach (string chosen in options.Chosen)
            {
                switch (chosen)
                {
                    case "choice":
                        ChoiceBench.Run(options);
                        break;
                    case "drain":
                        DrainBench.Run(options);
                        break;
                    default:
                        FaultBench.Run(options, isCut: chosen == "cut");
                        break;
                }
            }

            return 0;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // What waited for a process that was ended may find no process at all.
            Console.Error.WriteLine($"bench/cluster: {e.Message}");
            return 1;
        }
        finally
        {
            LabProcess.EndAll();
        }
    }

    /// <summary>Processes are ended here, and what waits for one of them fails; that takes the network away.</summary>
    private static void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        LabProcess.EndAll();
    }
}
