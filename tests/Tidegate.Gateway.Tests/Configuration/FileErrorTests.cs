using System.Runtime.InteropServices;
using Tidegate.Gateway.Checking;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services.Proxy;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>Errors that come from files, paths and parameters rather than from what a configuration says.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed partial class FileErrorTests : IDisposable
{
    // A user that no file of a test belongs to.
    private const uint Nobody = 65534;
    private readonly ScratchDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_file_that_is_not_there_is_said() =>
        Assert.Equal($"{In("none.xml")}: There is no such file. Give the path of a gateway-config.xml.", ErrorOf(In("none.xml")));

    [Fact]
    public void A_directory_is_no_file() =>
        Assert.Equal($"{_directory.Path}: This is a directory. Give the path of a gateway-config.xml.", ErrorOf(_directory.Path));

    [Fact]
    public void A_path_with_a_zero_character_names_no_file() =>
        Assert.StartsWith("a\0b.xml: The file cannot be read: ", ErrorOf("a\0b.xml"), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_cannot_be_read_to_its_end_is_said() =>
        Assert.StartsWith("/proc/self/mem: The file cannot be read: ", ErrorOf("/proc/self/mem"), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_too_large_is_said()
    {
        using (FileStream file = File.Create(In("large.xml")))
        {
            file.SetLength(ConfigurationReader.MaximumFileSize + 1);
        }

        Assert.Equal($"{In("large.xml")}: The file is larger than 16 MiB. Is it the right file?", ErrorOf(In("large.xml")));
    }

    [Fact]
    public void A_file_that_may_not_be_read_is_said()
    {
        File.WriteAllText(In("shut.xml"), Around(Echo("")));
        File.SetUnixFileMode(In("shut.xml"), UnixFileMode.None);

        // For root every file is open: this thread looks at files as somebody else for a moment. Where tests run as anybody else, nothing changes.
        _ = SetFileUser(Nobody);
        string error;
        try
        {
            error = ErrorOf(In("shut.xml"));
        }
        finally
        {
            _ = SetFileUser(GetUser());
        }

        Assert.Equal($"{In("shut.xml")}: The file may not be read by the user that runs Tidegate. Change its permissions or its owner.", error);
    }

    [Theory]
    [InlineData("<security><keystore>\n<file>${path}</file></keystore></security>", "3:7: <file>")]
    [InlineData("<security><truststore><file>a</file>\n<password-file>${path}</password-file></truststore></security>", "3:16: <password-file>")]
    [InlineData("<cluster><name>c</name><accept>tcp://h:1</accept>\n<key-file>${path}</key-file></cluster>", "3:11: <key-file>")]
    public void A_path_in_a_file_that_has_a_zero_character_is_said(string content, string place) =>
        Assert.Equal(
            $"test.xml:{place}: There is a zero character in the path. Remove it.",
            Assert.Single(ErrorsIn(content, Nothing with { Definitions = new Dictionary<string, string> { ["path"] = "a\0b" } })));

    [Fact]
    public void Parameters_may_not_make_a_text_too_long()
    {
        var definitions = new Dictionary<string, string> { ["a"] = new('x', 1 << 19) };

        Assert.Equal(
            "test.xml:3:14: The parameters in this text make it longer than 1048576 characters. Shorten their values.",
            Assert.Single(ErrorsIn(Echo("\n<description>${a}${a}${a}</description>"), Nothing with { Definitions = definitions })));
    }

    [Theory]
    [InlineData("<file>keys.pem</file>\n", 3, "keys.pem")]
    [InlineData("<type>PEM</type>\n<file>empty.pem</file>\n<password-file>none.pw</password-file>", 5, "none.pw")]
    public async Task A_keystore_or_password_that_cannot_be_opened_is_reported_where_it_is_named(string keystore, int line, string named)
    {
        File.WriteAllText(In("empty.pem"), "");
        File.WriteAllText(In("g.xml"), Around($"<security><keystore>\n{keystore}</keystore></security>\n<service><name>e</name><type>echo</type><accept>wss://localhost:1/</accept></service>"));

        CheckedConfiguration found = await ConfigurationCheck.RunAsync(In("g.xml"), new CheckOptions { Parameters = Nothing, WebDirectory = _directory.Path }, CancellationToken.None);

        ConfigurationFinding error = Assert.Single(found.Findings, finding => finding.IsError);
        Assert.Equal(line, error.What.Position.Line);
        Assert.StartsWith($"{In(named)} can not be read: ", error.What.Problem, StringComparison.Ordinal);
        Assert.Equal("Write the path of a file that the user who runs Tidegate may read.", error.What.Cure);
    }

    [Theory]
    [InlineData("192.0.2.1:0", "test.xml:2:1: service \"p\": It can not connect from 192.0.2.1:0: No network interface of this machine has the address 192.0.2.1. ")]
    [InlineData("@no-such0:0", "test.xml:2:1: service \"p\": It can not connect from @no-such0:0: The interface name no-such0 is not recognized. ")]
    [InlineData("no-such.invalid:0", "test.xml:2:1: service \"p\": Unable to resolve DNS name: no-such.invalid (in tcp.bind). Write a name that resolves to an address of this machine, or the address itself.")]
    public void A_place_to_connect_from_that_is_not_of_this_machine_keeps_the_service_from_starting(string bind, string message)
    {
        ServiceConfiguration service = ReadService(
            "<service><name>p</name><accept>tcp://127.0.0.1:0</accept><connect>tcp://127.0.0.1:1</connect><type>proxy</type>" +
            $"<connect-options><tcp.bind>{bind}</tcp.bind></connect-options></service>");

        // A start has looked at addresses before; this is for those that go between.
        Assert.StartsWith(message, Assert.Throws<GatewayStartException>(() => ConnectPlaces.LocalOf(service)).Message, StringComparison.Ordinal);
    }

    private string In(string name) => Path.Combine(_directory.Path, name);

    private static string ErrorOf(string file) =>
        Assert.Single(Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(file, Nothing)).Errors).ToString();

    // These hold for the calling thread only.
    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFileUser(uint user);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetUser();
}
