using System.Diagnostics;

namespace Tidegate.Bench.Orchestration;

/// <summary>A server did not do what a measurement needs; the message says what it said.</summary>
internal sealed class ServerException(string message) : Exception(message);

/// <summary>A server and its back-end, running on ports and in a directory of their own.</summary>
internal sealed class RunningServer : IDisposable
{
    private const double PatienceSeconds = 20;
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-bench-").FullName;
    private readonly List<ChildProcess> _children = [];

    private RunningServer(Peer peer) => Peer = peer;

    internal Peer Peer { get; }

    internal int Port { get; private set; }

    internal int ProcessId { get; private set; }

    /// <summary>Where the load has to answer as its back-end; 0 where another process does, or none is asked.</summary>
    internal int Backend { get; private set; }

    /// <summary>The file of its certificate, or empty where it speaks no TLS.</summary>
    internal string Certificate { get; private set; } = "";

    /// <param name="separateBackend">Whether its back-end is a process of its own, and not part of the load.</param>
    /// <exception cref="ServerException">It did not start; nothing is left of it.</exception>
    internal static RunningServer Start(Peer peer, OrchestrationOptions options, bool separateBackend)
    {
        var server = new RunningServer(peer);
        try
        {
            server.Start(options, separateBackend);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (ChildProcess child in Enumerable.Reverse(_children))
            child.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private void Start(OrchestrationOptions options, bool separateBackend)
    {
        string bench = Environment.ProcessPath!;
        int backend = Ports.Free();
        if (Peer.Backend != Orchestration.Backend.None && !separateBackend)
        {
            Backend = backend;
        }
        else if (Peer.Backend != Orchestration.Backend.None)
        {
            string mode = Peer.Backend == Orchestration.Backend.Tcp ? "backend-tcp" : "backend-ws";
            Begin(options.LoadCore, "backend", backend, [], [bench, mode, "--port", $"{backend}"]);
        }

        Port = Ports.Free();
        string keystore = Path.Combine(_directory, "keystore.pem");
        if (options.Tls)
            Certificate = ServerCertificate.Write(keystore);
        Dictionary<string, string> own = (options.Tls ? Peer.TlsWords : Peer.Words) ?? [];
        var words = new Dictionary<string, string>(own.ToDictionary(w => w.Key, w => w.Value.Replace("@KEYSTORE@", keystore, StringComparison.Ordinal)))
        {
            ["PORT"] = $"{Port}",
            ["BACKEND"] = $"{backend}",
            ["TEMP"] = _directory,
            ["CONFIG"] = Path.Combine(_directory, Peer.Configuration ?? "none"),
            ["USER"] = Environment.UserName,
            ["ROOT"] = options.Root,
            ["BENCH"] = bench,
        };
        if (Peer.Configuration is string file)
            File.WriteAllText(words["CONFIG"], Peer.Fill(File.ReadAllText(Path.Combine(options.Root, "bench", "peers", file)), words));
        string command = Peer.Fill(Peer.Command, words);
        ChildProcess child = Begin(options.ServerCore, "server", Port,
            Peer.Environment.ToDictionary(e => e.Key, e => Peer.Fill(e.Value, words)),
            [PeerCatalog.Find(command) ?? command, .. Peer.Arguments.Select(a => Peer.Fill(a, words))]);
        ProcessId = child.Id;
    }

    /// <summary>Starts a process and waits until it answers on its port.</summary>
    private ChildProcess Begin(int core, string name, int port, Dictionary<string, string> environment, string[] command)
    {
        ChildProcess child = ChildProcess.Start(core, Path.Combine(_directory, name + ".log"), environment, command);
        _children.Add(child);
        long started = Stopwatch.GetTimestamp();
        while (!Ports.Answers(port))
        {
            if (child.HasExited)
                throw new ServerException($"the {name} did not start{LastWords(child)}");
            if (Stopwatch.GetElapsedTime(started).TotalSeconds > PatienceSeconds)
                throw new ServerException($"the {name} did not answer within {PatienceSeconds} s{LastWords(child)}");
            Thread.Sleep(20);
        }
        return child;
    }

    private string LastWords(ChildProcess child)
    {
        string words = child.LastWords().Replace(_directory + "/", "", StringComparison.Ordinal);
        return words.Length == 0 ? " and said nothing" : ": " + words;
    }
}
