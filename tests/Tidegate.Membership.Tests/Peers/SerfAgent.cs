using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tidegate.Membership.Tests.Peers;

/// <summary>A Serf agent as Debian packages it, on loopback, on a port of the kernel's choice.</summary>
internal sealed class SerfAgent : IAsyncDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _log = new();
    private readonly string _rpc;

    private SerfAgent(Process process, string rpc)
    {
        _process = process;
        _rpc = rpc;
    }

    internal MemberAddress Address { get; private set; }

    /// <summary>What it has said so far, for the message of a test that fails.</summary>
    internal string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>What it took for wrong, but for what only says that this machine is slow.</summary>
    internal IEnumerable<string> Errors() =>
        Log.Split('\n').Where(line => line.Contains("[ERR]", StringComparison.Ordinal) && !line.Contains("timeout", StringComparison.Ordinal));

    /// <summary>Starts an agent on an address of its own and waits until it is there.</summary>
    internal static Task<SerfAgent> StartAsync(string name, params string[] arguments) => StartAsync(name, OwnAddress(), arguments);

    internal static async Task<SerfAgent> StartAsync(string name, IPAddress address, params string[] arguments)
    {
        IPAddress local = OwnAddress();
        string rpc = $"{local}:{FreePort(local)}";
        Process process = Start(["agent", $"-node={name}", $"-bind={new IPEndPoint(address, 0)}", $"-rpc-addr={rpc}", "-log-level=debug", .. arguments]);
        SerfAgent agent = new(process, rpc);
        process.OutputDataReceived += agent.Note;
        process.ErrorDataReceived += agent.Note;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await agent.WaitForAsync(() => agent.Log.Contains("Received event: member-join", StringComparison.Ordinal), "the agent has started");
            string log = agent.Log;
            const string Mark = "dynamic bind port ";
            int at = log.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
            int port = int.Parse(log.AsSpan(at, log.AsSpan(at).IndexOfAnyExceptInRange('0', '9')));
            agent.Address = MemberAddress.From(new IPEndPoint(address, port));
            await agent.RunUntilAsync(name, "info");
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs one of the agent's commands to its end; its output and errors.</summary>
    internal async Task<string> RunAsync(string command, params string[] arguments)
    {
        using Process process = Start([command, $"-rpc-addr={_rpc}", .. arguments]);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource late = new(Patience);
        await process.WaitForExitAsync(late.Token);
        return await output + await errors;
    }

    /// <summary>Runs a command again until its output has a line with that text: an agent's queries end after seconds, which a slow machine may need.</summary>
    internal async Task<string> RunUntilAsync(string text, string command, params string[] arguments)
    {
        string output = "";
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < Patience)
        {
            output = await RunAsync(command, arguments);
            if (output.Contains(text, StringComparison.Ordinal))
            {
                return output;
            }
        }

        Assert.Fail($"no '{text}' in:\n{output}\n{Log}");
        return output;
    }

    internal Task WaitForLogAsync(string text) => WaitForAsync(() => Log.Contains(text, StringComparison.Ordinal), $"the agent logs '{text}'");

    /// <summary>Waits until the members as the agent lists them have a line with all of these.</summary>
    internal async Task WaitForMemberAsync(params string[] parts)
    {
        string members = "";
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < Patience)
        {
            members = await RunAsync("members");
            if (members.Split('\n').Any(line => parts.All(part => line.Contains(part, StringComparison.Ordinal))))
            {
                return;
            }

            await Task.Delay(100);
        }

        Assert.Fail($"no member '{string.Join(", ", parts)}' in:\n{members}\n{Log}");
    }

    internal async Task WaitForAsync(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"not in a minute: {what}. The agent's log:\n{Log}");
            await Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>A loopback address that most likely nobody else uses.</summary>
    internal static IPAddress OwnAddress() =>
        new([127, (byte)Random.Shared.Next(1, 255), (byte)Random.Shared.Next(256), (byte)Random.Shared.Next(1, 255)]);

    private static Process Start(string[] arguments)
    {
        ProcessStartInfo start = new("serf", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        return Process.Start(start) ?? throw new InvalidOperationException("serf could not be started; ./test installs it.");
    }

    private static int FreePort(IPAddress address)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private void Note(object sender, DataReceivedEventArgs line)
    {
        lock (_log)
        {
            _log.Append(line.Data).Append('\n');
        }
    }
}
