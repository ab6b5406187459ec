using Tidegate.Gateway.Security;
using Tidegate.Host.Commands;

namespace Tidegate.Host.Tests.Commands;

public sealed class CommandLineTests : IDisposable
{
    private const string Valid =
        "<gateway-config xmlns='http://xmlns.kaazing.org/2016/06/gateway'><service><name>e</name>"
        + "<accept>ws://localhost:${test.port}/</accept><type>echo</type></service></gateway-config>";

    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task Version_prints_name_and_version()
    {
        (int code, string output, _) = await Run("--version");

        Assert.Equal(0, code);
        Assert.Matches(@"^Tidegate \d+\.\d+\.\d+\n$", output);
    }

    [Fact]
    public async Task Help_names_the_commands_and_the_exit_codes()
    {
        (int code, string output, _) = await Run("--help");

        Assert.Equal(0, code);
        Assert.Contains("start ", output, StringComparison.Ordinal);
        Assert.Contains("validate <FILE>", output, StringComparison.Ordinal);
        Assert.Contains("Exit codes: 0 ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keygen_prints_another_key_each_time()
    {
        (int code, string one, _) = await Run("keygen");
        (_, string two, _) = await Run("keygen");

        Assert.Equal(0, code);
        Assert.Equal(32, Convert.FromBase64String(one.TrimEnd('\n')).Length);
        Assert.NotEqual(one, two);
    }

    [Theory]
    [InlineData("welcome\n", "welcome")]
    [InlineData("two words", "two words")]
    public async Task Passwd_prints_a_hash_of_the_line_that_it_reads(string input, string password)
    {
        using var output = new StringWriter();
        int code = await CommandLine.RunAsync(["passwd"], new Installation(Path.GetTempPath()), output, TextWriter.Null, new StringReader(input));

        Assert.Equal(0, code);
        Assert.True(PasswordHash.TryParse(output.ToString().TrimEnd('\n'), out PasswordHash? hash));
        Assert.True(hash.IsOf(password));
    }

    [Fact]
    public async Task Passwd_without_a_password_says_so()
    {
        using var error = new StringWriter();
        int code = await CommandLine.RunAsync(["passwd"], new Installation(Path.GetTempPath()), TextWriter.Null, error, new StringReader("\n"));

        Assert.Equal(2, code);
        Assert.Equal("tidegate: There is no password. Type it, or write it to standard input as one line.\n", error.ToString());
    }

    [Fact]
    public async Task Members_wants_a_configuration_with_a_cluster()
    {
        await File.WriteAllTextAsync(_file, Valid);

        (int code, string output, string error) = await Run("members", "--config", _file, "-Dtest.port=8000");

        Assert.Equal(1, code);
        Assert.Empty(output);
        Assert.StartsWith($"{_file}: there is no <cluster> that this version of Tidegate can join.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_of_start_names_its_options()
    {
        (int code, string output, _) = await Run("start", "--help");

        Assert.Equal(0, code);
        Assert.All(
            ["--config <FILE>", "--lenient", "--grace <TIME>", "--log-format <text|json>", "--log-level <[category=]level>", "-D <name=value>"],
            option => Assert.Contains(option, output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Required command was not provided.")]
    [InlineData("Unrecognized command or argument 'strat'.", "strat")]
    [InlineData("Unrecognized command or argument '--loud'.", "start", "--loud")]
    [InlineData("Required argument 'FILE' missing for command: 'validate'.", "validate")]
    [InlineData("Unrecognized command or argument 'b.xml'.", "validate", "a.xml", "b.xml")]
    [InlineData("\"loud\" is not a log level.", "start", "--log-level", "loud")]
    [InlineData("\"2h\" is no time for --grace. Write seconds, or a number with ms, s, m or h, from 0 to 1h, such as --grace 30s.", "start", "--grace", "2h")]
    [InlineData("Must be one of: 'text' 'json'", "start", "--log-format", "yaml")]
    [InlineData("--members takes 2 to 5, not 6.", "demo", "--members", "6")]
    [InlineData("\"-Dname\" is not a definition. Write -Dname=value.", "start", "-Dname")]
    [InlineData("\"-D=value\" is not a definition. Write -Dname=value.", "validate", "f", "-D=value")]
    public async Task A_wrong_command_line_is_told_apart_by_its_exit_code(string message, params string[] arguments)
    {
        (int code, string output, string error) = await Run(arguments);

        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Contains("Try: tidegate", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_valid_file_is_said_to_be_valid()
    {
        await File.WriteAllTextAsync(_file, Valid);

        Assert.Equal((0, $"{_file} is valid: 1 service.\n", ""), await Run("validate", _file, "-Dtest.port=8000"));
        Assert.Equal((0, $"{_file} is valid: 1 service.\n", ""), await Run("validate", "-D", "test.port=8000", _file));
    }

    [Fact]
    public async Task A_wrong_file_is_said_to_be_wrong_with_place_and_cure()
    {
        await File.WriteAllTextAsync(_file, Valid);

        (int code, string output, string error) = await Run("validate", _file);

        Assert.Equal(1, code);
        Assert.Empty(output);
        Assert.Equal(
            $"Validation errors in gateway configuration file\n  {_file}:1:97: Could not determine non-null value for parameter definition "
            + "${test.port}. Define it: -Dtest.port=… on the command line, an environment variable, a <property> in <properties>, or write "
            + "${test.port:default}.\n",
            error);
    }

    [Fact]
    public async Task Validate_accepts_what_start_would_refuse_and_says_so()
    {
        await File.WriteAllTextAsync(_file, Valid.Replace("<type>echo</type>", "<type>jms</type>", StringComparison.Ordinal));

        (int code, string output, string error) = await Run("validate", _file, "-Dtest.port=8000");

        Assert.Equal(0, code);
        Assert.Equal($"{_file} is valid: 1 service.\n", output);
        Assert.Equal(
            $"Warning: {_file}:1:140: Tidegate does not serve services of type jms yet. Types served: balancer, broadcast, directory, echo, http.proxy, http.redirect, proxy.\n"
            + "Warning: tidegate start refuses a file that asks for what is not served yet; with --lenient it leaves those services out.\n",
            error);
    }

    [Fact]
    public async Task Effective_prints_the_configuration_and_nothing_else_on_standard_output()
    {
        await File.WriteAllTextAsync(_file, Valid);

        (int code, string output, string error) = await Run("validate", "--effective", _file, "-Dtest.port=8000");

        Assert.Equal(0, code);
        Assert.StartsWith("<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\">\n", output, StringComparison.Ordinal);
        Assert.Contains("<accept>ws://localhost:8000/</accept>", output, StringComparison.Ordinal);
        Assert.EndsWith("</gateway-config>\n", output, StringComparison.Ordinal);
        Assert.Equal($"{_file} is valid: 1 service.\n", error);
    }

    [Theory]
    [InlineData()]
    [InlineData("--effective")]
    public async Task Validate_opens_the_keystore_as_start_does(params string[] options)
    {
        await File.WriteAllTextAsync(_file, Valid
            .Replace("<service>", "<security><keystore><file>nowhere.pem</file></keystore></security><service>", StringComparison.Ordinal)
            .Replace("ws:", "wss:", StringComparison.Ordinal));

        (int code, string output, string error) = await Run(["validate", _file, "-Dtest.port=8000", .. options]);

        Assert.Equal(1, code);
        Assert.Empty(output);
        Assert.StartsWith(
            $"Validation errors in gateway configuration file\n  {_file}:1:92: {Path.Combine(Path.GetDirectoryName(_file)!, "nowhere.pem")} can not be read: ",
            error,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_opens_the_keys_of_a_cluster_as_start_does()
    {
        await File.WriteAllTextAsync(_file, Valid.Replace(
            "<service>", "<cluster><name>c</name><accept>tcp://127.0.0.1:5942</accept><key-file>nowhere.key</key-file></cluster><service>", StringComparison.Ordinal));

        (int code, _, string error) = await Run("validate", _file, "-Dtest.port=8000");

        Assert.Equal(1, code);
        Assert.StartsWith(
            $"Validation errors in gateway configuration file\n  {_file}:1:136: Unable to initialize cluster due to an exception: {Path.Combine(Path.GetDirectoryName(_file)!, "nowhere.key")}: The keys of the cluster can not be read: ",
            error,
            StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CommandLine.RunAsync(arguments, new Installation(Path.GetTempPath()), output, error);
        return (code, output.ToString(), error.ToString());
    }
}
