using System.Globalization;

namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>The sample program of the membership library, as a process on a host of the lab.</summary>
internal sealed class MemberProcess : IAsyncDisposable
{
    internal const string Key = "pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s=";
    private readonly ChildProcess _process;

    private MemberProcess(string name, ChildProcess process)
    {
        Name = name;
        _process = process;
    }

    internal string Name { get; }

    internal int Id => _process.Id;

    private static string Program { get; } = Path.Combine(
        Repository.Root, "samples", "membership", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "membership-sample.dll");

    /// <summary>Starts a member and waits until it listens.</summary>
    internal static async Task<MemberProcess> StartAsync(Lab lab, int host, string name, params string[] options)
    {
        string[] command = [.. lab.On(host), "dotnet", Program, "--listen", $"{Lab.AddressOf(host)}:7946", "--name", name, .. options];
        var member = new MemberProcess(name, ChildProcess.Start(command[0], command[1..]));
        await member.SeesAsync("listening", name);
        return member;
    }

    /// <summary>Waits for what it says about somebody; returns when it said so, in milliseconds since 1970.</summary>
    internal async Task<long> SeesAsync(string what, string whom, long after = 0)
    {
        string line = await _process.WaitForLineAsync(line => Time(line) >= after && Is(line, what, whom));
        return Time(line);
    }

    internal bool HasSeen(string what, string whom) => _process.Output.Any(line => Is(line, what, whom));

    internal bool HasSeen(string what) => _process.Output.Any(line => line.Split(' ') is [_, { } kind, ..] && kind == what);

    /// <summary>Waits for a line that has this text.</summary>
    internal Task<string> SaysAsync(string text) => _process.WaitForLineAsync(line => line.Contains(text, StringComparison.Ordinal));

    internal void Type(string line) => _process.WriteLine(line);

    /// <summary>How many members it takes for alive now.</summary>
    internal async Task<int> AliveAsync()
    {
        long asked = Now;
        Type("members");

        // Its own line is one of them; the end of the list is the answer to something else.
        Type("end");
        await _process.WaitForLineAsync(line => Time(line) >= asked && line.EndsWith("error end is no command", StringComparison.Ordinal));
        return _process.Output.Where(line => Time(line) >= asked && line.Contains(" alive [", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[2]).Distinct().Count();
    }

    internal void Kill() => _process.Signal("KILL");

    internal Task<int> EndAsync() => _process.WaitForExitAsync();

    internal string Transcript => _process.Transcript;

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    internal static long Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private static long Time(string line) =>
        long.TryParse(line.AsSpan(0, Math.Max(0, line.IndexOf(' ', StringComparison.Ordinal))), CultureInfo.InvariantCulture, out long time) ? time : 0;

    private static bool Is(string line, string what, string whom) => line.Split(' ') is [_, { } kind, { } name, ..] && kind == what && name == whom;
}
