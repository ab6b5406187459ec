using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Membership.Transport;

namespace Tidegate.Membership.Tests.Peers;

/// <summary>A Serf agent as Debian has it, on loopback, on ports that were free a moment ago.</summary>
internal sealed class SerfAgent : IAsyncDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly IPEndPoint _rpc;
    private readonly List<string> _log = [];

    private SerfAgent(string name, IPEndPoint listen, IPEndPoint rpc, string? key)
    {
        Address = MemberAddress.From(listen);
        _rpc = rpc;
        string[] encrypt = key is null ? [] : [$"-encrypt={key}"];
        _process = Begin(["agent", $"-node={name}", $"-bind={listen}", $"-rpc-addr={rpc}", "-log-level=debug", .. encrypt]);
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    internal MemberAddress Address { get; }

    /// <summary>What it has said so far, for the message of a test that fails.</summary>
    internal string Log
    {
        get
        {
            lock (_log)
            {
                return string.Join('\n', _log);
            }
        }
    }

    /// <summary>Starts an agent and waits until it is ready.</summary>
    internal static async Task<SerfAgent> StartAsync(string name, IPAddress address, string? key)
    {
        SerfAgent agent = new(name, await FreeAsync(address), await FreeAsync(address), key);
        try
        {
            long start = Stopwatch.GetTimestamp();
            while (!(await agent.RunAsync("info")).Contains(name, StringComparison.Ordinal))
            {
                Assert.False(agent._process.HasExited, agent.Log);
                Assert.True(Stopwatch.GetElapsedTime(start) < Patience, agent.Log);
                await Task.Delay(50);
            }

            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command that talks to the agent, and returns what it prints.</summary>
    internal async Task<string> RunAsync(string command, params string[] arguments)
    {
        using Process process = Begin([command, $"-rpc-addr={_rpc}", .. arguments]);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync().WaitAsync(Patience);
        return output + await error.WaitAsync(Patience);
    }

    /// <summary>Runs a command again and again until what it prints is what a test waits for.</summary>
    internal async Task<string> RunUntilAsync(Func<string, bool> condition, string command, params string[] arguments)
    {
        long start = Stopwatch.GetTimestamp();
        string output = await RunAsync(command, arguments);
        while (!condition(output))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"{output}\n{Log}");
            await Task.Delay(50);
            output = await RunAsync(command, arguments);
        }

        return output;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(Patience);
        _process.Dispose();
    }

    private static Process Begin(IEnumerable<string> arguments) => Process.Start(new ProcessStartInfo("serf", arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static async Task<IPEndPoint> FreeAsync(IPAddress address)
    {
        await using MemberTransport transport = MemberTransport.Open(new IPEndPoint(address, 0), NullLogger.Instance);
        return transport.LocalEndPoint;
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_log)
        {
            _log.Add(line.Data ?? "");
        }
    }
}
