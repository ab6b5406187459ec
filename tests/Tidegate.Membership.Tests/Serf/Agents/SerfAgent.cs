using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tidegate.Membership.Tests.Serf.Agents;

/// <summary>A Serf agent as Debian packages it, on a loopback address of its own.</summary>
internal sealed class SerfAgent : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _log = new();
    private readonly string _rpc;

    private SerfAgent(Process process, IPAddress address, string rpc)
    {
        _process = process;
        _rpc = rpc;
        Address = address;
    }

    internal IPAddress Address { get; }

    internal int Port { get; private set; }

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

    internal static async Task<SerfAgent> StartAsync(string name, params string[] arguments)
    {
        IPAddress address = new([127, (byte)Random.Shared.Next(1, 255), (byte)Random.Shared.Next(256), (byte)Random.Shared.Next(1, 255)]);
        string rpc = $"{address}:{FreePort(address)}";
        Process process = Start(
            ["agent", $"-node={name}", $"-bind={address}:0", $"-rpc-addr={rpc}", "-disable-compression", "-log-level=debug", .. arguments]);
        SerfAgent agent = new(process, address, rpc);
        process.OutputDataReceived += agent.Note;
        process.ErrorDataReceived += agent.Note;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await agent.WaitForAsync(() => agent.Log.Contains("Received event: member-join", StringComparison.Ordinal), "the agent has started");
        string log = agent.Log;
        const string Mark = "dynamic bind port ";
        int at = log.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
        agent.Port = int.Parse(log.AsSpan(at, log.AsSpan(at).IndexOfAnyExceptInRange('0', '9')));
        return agent;
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
    internal async Task RunUntilAsync(string text, string command, params string[] arguments)
    {
        string output = "";
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < Patience)
        {
            output = await RunAsync(command, arguments);
            if (output.Contains(text, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"no '{text}' in:\n{output}\n{Log}");
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
