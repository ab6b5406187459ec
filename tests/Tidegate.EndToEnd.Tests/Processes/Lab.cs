using System.Globalization;

namespace Tidegate.EndToEnd.Tests.Processes;

/// <summary>A small network of hosts, each a network namespace: tests/lab/lab says what it can do.</summary>
internal sealed class Lab : IAsyncDisposable
{
    private static int s_count;

    // Labs of other tests and of other runs stay out of each other's way.
    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"t{Environment.ProcessId}x{Interlocked.Increment(ref s_count)}");

    private Lab()
    {
    }

    /// <summary>Builds a network of this many hosts, numbered from 1, whose addresses are ready to be bound.</summary>
    internal static async Task<Lab> UpAsync(int hosts)
    {
        Assert.True(Environment.IsPrivilegedProcess, "This test builds network namespaces, which needs root: run ./test as root.");
        var lab = new Lab();
        try
        {
            await lab.RunAsync("up", hosts.ToString(CultureInfo.InvariantCulture));
            for (int host = 1; host <= hosts; host++)
            {
                await lab.WaitForAddressesAsync(host);
            }

            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>The IPv4 address of a host.</summary>
    internal static string AddressOf(int host) => $"192.168.2.{9 + host}";

    /// <summary>An IPv6 address of a host.</summary>
    internal static string Address6Of(int host) => $"fd00:2::{9 + host}";

    /// <summary>Unplugs a host's cable: nothing is refused, packets vanish.</summary>
    internal Task CutAsync(int host) => RunAsync("cut", Text(host));

    /// <summary>Plugs it in again.</summary>
    internal Task HealAsync(int host) => RunAsync("heal", Text(host));

    /// <summary>One host no longer hears another.</summary>
    internal Task DeafAsync(int host, int other) => RunAsync("deaf", Text(host), Text(other));

    /// <summary>Neither of two hosts hears the other.</summary>
    internal Task BlockAsync(int host, int other) => RunAsync("block", Text(host), Text(other));

    /// <summary>They hear each other again.</summary>
    internal Task UnblockAsync(int host, int other) => RunAsync("unblock", Text(host), Text(other));

    /// <summary>On that host a name has this address, beside those it has already.</summary>
    internal Task NameAsync(int host, string name, string address) => RunAsync("name", Text(host), name, address);

    /// <summary>What to put in front of a command to run it on a host.</summary>
    internal string[] On(int host) => [.. Program, "exec", host.ToString(CultureInfo.InvariantCulture)];

    /// <summary>Runs a command on a host, which must succeed, and returns its output.</summary>
    internal Task<string[]> RunOnAsync(int host, params string[] command) => RunAsync(["exec", host.ToString(CultureInfo.InvariantCulture), .. command]);

    /// <summary>The link-local IPv6 address of a host's eth0.</summary>
    internal async Task<string> LinkLocalAsync(int host)
    {
        string[] lines = await RunOnAsync(host, "ip", "-6", "-o", "addr", "show", "dev", "eth0", "scope", "link");
        string[] words = Assert.Single(lines).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words[Array.IndexOf(words, "inet6") + 1].Split('/')[0];
    }

    public async ValueTask DisposeAsync() => await RunAsync("down");

    private static string Text(int host) => host.ToString(CultureInfo.InvariantCulture);

    private string[] Program => ["env", $"LAB_NAME={_name}", Path.Combine(Repository.Root, "tests", "lab", "lab")];

    private async Task<string[]> RunAsync(params string[] arguments)
    {
        ChildProcess run = await ChildProcess.RunAsync(Program[0], [.. Program[1..], .. arguments]);
        Assert.True(run.ExitCode == 0, $"lab {string.Join(' ', arguments)} failed.{run.Transcript}");
        return run.Output;
    }

    /// <summary>A new IPv6 address can not be bound until the kernel has asked whether somebody else has it (RFC 4862, section 5.4).</summary>
    private async Task WaitForAddressesAsync(int host)
    {
        CancellationToken patience = Patience.Token;
        while ((await RunOnAsync(host, "ip", "-6", "-o", "addr", "show", "tentative")).Length > 0
            || (await RunOnAsync(host, "ip", "-6", "-o", "addr", "show", "dev", "eth0", "scope", "link")).Length == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), patience);
        }
    }
}
