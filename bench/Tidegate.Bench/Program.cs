using Tidegate.Bench.Cluster;
using Tidegate.Bench.Echo;
using Tidegate.Bench.Load;
using Tidegate.Bench.Orchestration;

namespace Tidegate.Bench;

/// <summary>The modes of the tool; <c>bench/run</c> is the way in, and starts the other modes as processes of their own.</summary>
internal static class Program
{
    private const string Usage = """
        Tidegate.Bench orchestrate  [--starts N] [--rounds N] [--seconds N] [--only NAME,…] [--columns NAME,…] [--pairs N] [--quick]
                                    [--server-core N] [--load-core N] [--root DIRECTORY]
        Tidegate.Bench load         --kind messages|latency|handshakes|idle --port N [--path P] [--size BYTES] [--window N]
                                    [--connections N] [--rate PER-SECOND] [--warm SECONDS] [--seconds SECONDS] [--server PID] [--family PID] [--backend-port N [--backend-ws]]
        Tidegate.Bench backend-tcp  --port N
        Tidegate.Bench backend-ws   --port N
        Tidegate.Bench cluster      [--measure choice,kill,cut,drain] [--only members,front,haproxy] [--rounds N] [--connections N]
                                    [--choices N] [--drained N] [--rate PER-SECOND] [--balancers N] [--root DIRECTORY]
        Tidegate.Bench crowd        --balancers IP:PORT,… [--relayed PATH] [--redirected PATH] [--authority HOST:PORT] [--nodes NAME,…]
                                    [--interval MS] [--silence MS] [--connect-timeout MS] [--answer-timeout MS]
        """;

    private static int Main(string[] args)
    {
        try
        {
            string mode = args.Length > 0 ? args[0] : "";
            var arguments = new Arguments(args.AsSpan(Math.Min(1, args.Length)));
            switch (mode)
            {
                case "orchestrate":
                    return Orchestrator.Run(OrchestrationOptions.Parse(arguments));
                case "load":
                    return LoadCommand.Run(LoadOptions.Parse(arguments));
                case "backend-tcp":
                    return EchoServer.Run(new TcpEcho(), arguments);
                case "backend-ws":
                    return EchoServer.Run(new WebSocketEcho(), arguments);
                case "cluster":
                    return ClusterBench.Run(ClusterOptions.Parse(arguments));
                case "crowd":
                    return RunCrowd(CrowdOptions.Parse(arguments));
                default:
                    Console.Error.WriteLine(Usage);
                    return 2;
            }
        }
        catch (UsageException e)
        {
            Console.Error.WriteLine($"{e.Message}\n\n{Usage}");
            return 2;
        }
    }

    private static int RunCrowd(CrowdOptions options)
    {
        using var crowd = new Crowd(options, Console.In, Console.Out);
        return crowd.Run();
    }
}
