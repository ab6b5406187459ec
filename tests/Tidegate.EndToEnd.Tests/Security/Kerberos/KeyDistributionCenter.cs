using System.Globalization;

namespace Tidegate.EndToEnd.Tests.Security.Kerberos;

/// <summary>
/// A key distribution centre of MIT Kerberos for the realm EXAMPLE.COM, on a port of its own, with its files in a directory of its own. It knows
/// joe and jane, whose passwords are "welcome".
/// </summary>
internal sealed class KeyDistributionCenter : IAsyncDisposable
{
    // Its port has to be named before it starts, and may be taken by then.
    private const int Attempts = 5;

    private readonly ChildProcess _process;

    private KeyDistributionCenter(ChildProcess process) => _process = process;

    /// <summary>What programs have to be told to find it, and nothing of the machine's own Kerberos.</summary>
    internal static Dictionary<string, string> Variables { get; } = new()
    {
        ["KRB5_CONFIG"] = In("krb5.conf"),
        ["KRB5_KDC_PROFILE"] = In("kdc.conf"),
        ["KRB5CCNAME"] = KerberosEnvironment.Cache,
        ["KRB5RCACHENAME"] = $"file2:{In("replays")}",
        ["PATH"] = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin",
    };

    /// <summary>A file of it.</summary>
    internal static string In(string name) => Path.Combine(KerberosEnvironment.Directory, name);

    internal static async Task<KeyDistributionCenter> StartAsync()
    {
        Directory.CreateDirectory(KerberosEnvironment.Directory);
        for (int attempt = 1; ; attempt++)
        {
            int port;
            using (var free = new DeadPort())
            {
                port = free.Number;
            }

            Configure(port);
            if (attempt == 1)
            {
                await RunAsync("kdb5_util create -s -r EXAMPLE.COM -P master");
                await AdministerAsync("addprinc -pw welcome joe", "addprinc -pw welcome jane");
            }

            ChildProcess process = ChildProcess.Start("bash", ["-c", "exec krb5kdc -n 2>&1"], Variables);
            try
            {
                await process.WaitForLineAsync(line => line.Contains("starting", StringComparison.Ordinal));
                return new KeyDistributionCenter(process);
            }
            catch (InvalidOperationException) when (process.HasExited && attempt < Attempts)
            {
                await process.DisposeAsync();
            }
        }
    }

    /// <summary>Runs a shell command among the centre's files, which has to succeed.</summary>
    internal static async Task<ChildProcess> RunAsync(string command)
    {
        ChildProcess run = await TryAsync(command);
        Assert.True(run.ExitCode == 0, command + run.Transcript);
        return run;
    }

    /// <summary>Runs a shell command among the centre's files.</summary>
    internal static async Task<ChildProcess> TryAsync(string command)
    {
        ChildProcess run = ChildProcess.Start("bash", ["-c", $"cd {KerberosEnvironment.Directory} && {command}"], Variables);
        await using (run)
        {
            await run.WaitForExitAsync();
        }

        return run;
    }

    /// <summary>Has the centre's database changed.</summary>
    internal static Task AdministerAsync(params string[] queries) =>
        RunAsync(string.Join(" && ", queries.Select(query => $"kadmin.local -q '{query}'")));

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(KerberosEnvironment.Directory, recursive: true);
    }

    private static void Configure(int port)
    {
        string at = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        File.WriteAllText(In("krb5.conf"), $$"""
            [libdefaults]
              default_realm = EXAMPLE.COM
              dns_lookup_kdc = false
              dns_lookup_realm = false
              dns_canonicalize_hostname = false
              rdns = false
              udp_preference_limit = 1
            [realms]
              EXAMPLE.COM = {
                kdc = {{at}}
              }
            [domain_realm]
              localhost = EXAMPLE.COM

            """);
        File.WriteAllText(In("kdc.conf"), $$"""
            [kdcdefaults]
              kdc_listen = {{at}}
              kdc_tcp_listen = {{at}}
            [realms]
              EXAMPLE.COM = {
                database_name = {{In("principal")}}
                key_stash_file = {{In("stash")}}
                acl_file = {{In("acl")}}
              }
            [logging]
              kdc = FILE:{{In("kdc.log")}}

            """);
    }
}
