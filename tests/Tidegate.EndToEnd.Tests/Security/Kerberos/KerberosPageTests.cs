using System.Text.RegularExpressions;

namespace Tidegate.EndToEnd.Tests.Security.Kerberos;

/// <summary>docs/kerberos.md: its commands are run, and its configuration is used, as they are printed.</summary>
[Collection(KerberosFixture.Collection)]
public sealed partial class KerberosPageTests
{
    [Fact]
    public async Task Joe_gets_the_page_by_what_is_printed()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "kerberos.md"));
        string[] blocks = [.. Block().Matches(page).Select(block => block.Groups[1].Value)];
        Assert.Equal(3, blocks.Length);

        // The service is there already, and its keys are made anew in the course of this, which is why they have a file of their own.
        await KeyDistributionCenter.RunAsync(blocks[0].Replace("HTTP/localhost", "HTTP/printed", StringComparison.Ordinal).Replace("gateway.keytab", "printed.keytab", StringComparison.Ordinal));
        await KeyDistributionCenter.RunAsync("kadmin.local -q 'ktadd -norandkey -k printed.keytab HTTP/localhost'");
        string elements = Root().Replace(blocks[1], "").Replace("gateway.keytab", "printed.keytab", StringComparison.Ordinal).Replace("localhost:8000", "localhost:0", StringComparison.Ordinal);
        await using GatewayProcess gateway = await KerberosFixture.StartAsync(elements);
        string commands = blocks[2].Replace("localhost:8000", gateway.Served("http://localhost:0/").Authority, StringComparison.Ordinal);

        ChildProcess joe = await KeyDistributionCenter.RunAsync($"export KRB5CCNAME=FILE:printed-tickets; echo welcome | {commands}");

        Assert.Contains(joe.Output, line => line.Contains("<title>", StringComparison.Ordinal));
    }

    [GeneratedRegex("```.*\n((?:.*\n)*?)```\n")]
    private static partial Regex Block();

    [GeneratedRegex("</?gateway-config[^>]*>")]
    private static partial Regex Root();
}
