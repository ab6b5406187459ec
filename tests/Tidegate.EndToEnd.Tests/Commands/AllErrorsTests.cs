using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Commands;

/// <summary>One file with something wrong of every kind: both commands say all of it, with the warnings, line by line.</summary>
public sealed class AllErrorsTests : IDisposable
{
    // Names under .invalid resolve nowhere (RFC 2606, section 2); 192.0.2.0/24 is for documentation (RFC 5737): nobody has it.
    private static readonly string s_file = Configuration(
        """
        <security><keystore><file>nowhere.pem</file></keystore></security>
        <service><name>a</name><type>ehco</type><accept>ws://localhost:0/</accept></service>
        <service><name>b</name><type>echo</type><accept>wss://localhost:3/</accept></service>
        <service><name>c</name><type>echo</type><accept>tcp://192.0.2.1:1</accept></service>
        <service><name>d</name><type>echo</type><accept>tcp://@no-such0:1</accept></service>
        <service><name>e</name><type>echo</type><accept>ws://localhost:2/e</accept></service>
        <service><name>f</name><type>echo</type><accept>ws://127.0.0.1:2/e</accept></service>
        <service><name>g</name><type>echo</type><accept>ws://one.invalid/</accept></service>
        <service><name>h</name><type>echo</type><accept>ws://two.invalid/</accept></service>
        <service><name>i</name><type>proxy</type><accept>ws://localhost:0/i</accept><connect>tcp://three.invalid:1</connect></service>
        <service><name>j</name><type>jms</type><accept>ws://localhost:0/j</accept><properties/></service>
        <service><name>k</name><type>directory</type><accept>http://localhost:0/k</accept><properties><directory>no-such-directory</directory></properties></service>
        <service><name>l</name><type>management.jmx</type><properties/></service>
        <service><name>m</name><type>echo</type><accept>ws://localhost:0/m</accept><accept-options><ws.compression>maybe</ws.compression></accept-options></service>
        """);

    // Line, whether validate calls it an error, whether start does, and words of it.
    private static readonly (int Line, bool Validate, bool Start, string Words)[] s_found =
    [
        (2, true, true, "nowhere.pem can not be read: "),
        (3, true, true, "Unrecognized service type: ehco. Did you mean echo?"),
        (5, true, true, "No network interface of this machine has the address 192.0.2.1."),
        (6, true, true, "The interface name no-such0 is not recognized."),
        (8, true, true, "ws://127.0.0.1:2/e is served already at 127.0.0.1:2 by ws://localhost:2/e of service \"e\""),
        (9, false, true, "Unable to resolve DNS name: one.invalid (in ws://one.invalid/)"),
        (10, false, true, "Unable to resolve DNS name: two.invalid (in ws://two.invalid/)"),
        (11, false, false, "Unable to resolve DNS name: three.invalid (in tcp://three.invalid:1)"),
        (12, false, true, "Tidegate does not serve services of type jms yet."),
        (13, false, true, "no-such-directory does not exist. Create it, or name one that does."),
        (14, false, false, "The service is left out."),
        (15, true, true, "<ws.compression>: "),
    ];

    private readonly ScratchDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Validate_prints_errors_and_warnings_together_in_the_order_of_the_file()
    {
        string file = _directory.Write("wrong.xml", s_file);

        ChildProcess run = await ChildProcess.RunAsync(Path.Combine(Repository.Root, "tidegate"), "validate", file);

        Assert.Equal(1, run.ExitCode);
        Assert.Empty(run.Output);
        // The script may have built first.
        string[] errors = [.. run.Errors.Where(line => !line.StartsWith("Building Tidegate", StringComparison.Ordinal))];
        Assert.Equal("Validation errors in gateway configuration file", errors[0]);
        Check(errors[1..^1], found => $"  {(found.Validate ? "" : "Warning: ")}{file}:{found.Line}:", run);
        Assert.Equal(
            "  Warning: tidegate start refuses a file that asks for what is not served yet; with --lenient it leaves those services out.", errors[^1]);
    }

    [Fact]
    public async Task Start_logs_errors_and_warnings_together_in_the_order_of_the_file_and_ends()
    {
        string file = _directory.Write("wrong.xml", s_file);
        await using ChildProcess run = ChildProcess.Start("dotnet", [Repository.Program, "start", "--config", file], Variables);

        Assert.Equal(1, await run.WaitForExitAsync(Patience.Long));
        Assert.Empty(run.Errors);
        Assert.Equal("ERROR Validation errors in gateway configuration file", run.Output[2]);
        Check(run.Output[3..], found => $"{(found.Start ? "ERROR   " : "WARN  ")}{file}:{found.Line}:", run);
    }

    private static void Check(string[] lines, Func<(int Line, bool Validate, bool Start, string Words), string> beginning, ChildProcess run)
    {
        Assert.True(s_found.Length == lines.Length, run.Transcript);
        Assert.All(s_found.Zip(lines), pair =>
        {
            Assert.StartsWith(beginning(pair.First), pair.Second, StringComparison.Ordinal);
            Assert.Contains(pair.First.Words, pair.Second, StringComparison.Ordinal);
        });
    }
}
