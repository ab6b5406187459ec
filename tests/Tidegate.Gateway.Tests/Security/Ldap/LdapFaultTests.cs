using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Security.Ldap;

namespace Tidegate.Gateway.Tests.Security.Ldap;

/// <summary>Directories that are away, silent, or no directories; and options that are wrong.</summary>
public sealed class LdapFaultTests : IDisposable
{
    private const string Filter = "userFilter=(uid={USERNAME})";

    private readonly ScratchDirectory _directory = new();
    private readonly CollectedLog _log = new();
    private readonly List<LoginModuleFactory> _factories = [];

    public void Dispose()
    {
        _factories.ForEach(factory => factory.Dispose());
        _directory.Dispose();
        _log.Dispose();
    }

    [Theory]
    [InlineData("48 54 54 50 2F 31 2E 31 20 34 30 30 0D 0A", "it does not speak LDAP")]
    [InlineData("30 80", "it does not speak LDAP")]
    [InlineData("30 84 7F FF FF FF", "a message of it has 2147483647 bytes")]
    [InlineData("30 05 02 01 01 61 00", "it says something that is no LDAP")]
    [InlineData("30 02 61 00", "it says something that is no LDAP")]
    // A success, for something that was never asked.
    [InlineData("30 0C 02 01 07 61 07 0A 01 00 04 00 04 00", "it says something else than an answer")]
    // The answer of a search to a bind.
    [InlineData("30 0C 02 01 01 65 07 0A 01 00 04 00 04 00", "it says something else than an answer")]
    // A notice of disconnection.
    [InlineData("30 0C 02 01 00 78 07 0A 01 34 04 00 04 00", "it ends the connection")]
    [InlineData("30 0C 02 01 01 61 07 0A 01 33 04 00 04 00", "it can not tell: 51 (Busy)")]
    [InlineData("", "it did not answer within 0.2 s")]
    [InlineData(null, "it closed the connection")]
    public async Task What_is_no_answer_lets_nobody_in(string? answer, string fault)
    {
        using var directory = new StandInDirectory(_ => answer is null ? null : Convert.FromHexString(answer.Replace(" ", "", StringComparison.Ordinal)));
        ILoginModule module = Module(directory.Port, $"useSSL=false;authIdentity=uid={{USERNAME}},dc=example;timeout={(answer is "" ? "200 milliseconds" : "5 minutes")}");

        LoginUnavailableException thrown = await Assert.ThrowsAsync<LoginUnavailableException>(() => LdapConfigurations.TryAsync(module, "joe", "welcome"));

        Assert.Equal($"no directory answers (ldap://127.0.0.1:{directory.Port}: {fault})", thrown.Message);
        Assert.Equal([$"The directory ldap://127.0.0.1:{directory.Port} does not serve logins: {fault}"], _log.At(LogLevel.Warning));
    }

    [Theory]
    // Somebody else may know; nobody asks them.
    [InlineData("30 0C 02 01 01 61 07 0A 01 0A 04 00 04 00", "the directory can not tell whether a password is right: 10 (Referral)")]
    [InlineData("30 0C 02 01 01 61 07 0A 01 0D 04 00 04 00", "the directory takes passwords by TLS only: write ldaps:// or <startTLS>true</startTLS>")]
    [InlineData("30 0C 02 01 01 61 07 0A 01 50 04 00 04 00", "the directory can not tell whether a password is right: 80 (80)")]
    public async Task What_is_neither_yes_nor_no_lets_nobody_in(string answer, string fault)
    {
        using var directory = new StandInDirectory(_ => Convert.FromHexString(answer.Replace(" ", "", StringComparison.Ordinal)));

        LoginUnavailableException thrown = await Assert.ThrowsAsync<LoginUnavailableException>(
            () => LdapConfigurations.TryAsync(Module(directory.Port, "useSSL=false;authIdentity=uid={USERNAME},dc=example"), "joe", "welcome"));

        Assert.Equal(fault, thrown.Message);
    }

    [Theory]
    // StartTLS is refused; it is granted, and more comes at once, as if somebody on the way had added it.
    [InlineData("30 0C 02 01 01 78 07 0A 01 02 04 00 04 00", "it refuses StartTLS: 2 (2)")]
    [InlineData("30 0C 02 01 01 78 07 0A 01 00 04 00 04 00 30 0C 02 01 02 61 07 0A 01 00 04 00 04 00", null)]
    public async Task Without_tls_a_directory_that_should_have_it_is_told_no_password(string answer, string? fault)
    {
        using var directory = new StandInDirectory(_ => Convert.FromHexString(answer.Replace(" ", "", StringComparison.Ordinal)));
        ILoginModule module = Module(directory.Port, "startTLS=true;authIdentity=uid={USERNAME},dc=example");

        LoginUnavailableException thrown = await Assert.ThrowsAsync<LoginUnavailableException>(() => LdapConfigurations.TryAsync(module, "joe", "welcome"));

        Assert.Contains(fault ?? "127.0.0.1", thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(directory.Heard, heard => Encoding.Latin1.GetString(heard).Contains("welcome", StringComparison.Ordinal));
    }

    [Fact]
    public async Task So_many_logins_wait_for_a_silent_directory_and_the_next_is_turned_away_at_once()
    {
        using var silent = new StandInDirectory(_ => []);
        using var over = new CancellationTokenSource();
        ILoginModule module = Module(silent.Port, "useSSL=false;timeout=1 hour;authIdentity=uid={USERNAME},dc=example");
        Task<LoginResult>[] logins = [.. Enumerable.Range(0, LdapLoginModule.AtOnce + LoginQueue.MaximumWaiting).Select(_ => LdapConfigurations.TryAsync(module, "joe", "welcome", over.Token))];

        LoginUnavailableException thrown = await Assert.ThrowsAsync<LoginUnavailableException>(() => LdapConfigurations.TryAsync(module, "joe", "welcome"));

        Assert.Equal("256 logins wait for a directory", thrown.Message);
        await silent.WaitForAsync(LdapLoginModule.AtOnce);
        Assert.Equal(LdapLoginModule.AtOnce, silent.Accepted);
        Assert.DoesNotContain(logins, login => login.IsCompleted);

        await over.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(logins));
    }

    [Fact]
    public async Task A_clients_address_gets_in_nobody_where_the_directory_is_away()
    {
        using var taken = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        taken.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        ILoginModule module = Module(((System.Net.IPEndPoint)taken.LocalEndPoint!).Port, "useSSL=false;" + Filter);

        for (int i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<LoginUnavailableException>(() => LdapConfigurations.TryAsync(module, "joe", "welcome"));
        }

        // Once, not for each client.
        Assert.Single(_log.At(LogLevel.Warning));
    }

    [Theory]
    [InlineData("", "The login module ldap has no <userProvider>.")]
    [InlineData("userProvider=ldap.example.com;" + Filter, "<userProvider>: \"ldap.example.com\" is no address of a directory")]
    [InlineData("userProvider=ldap:///dc=example;" + Filter, "<userProvider>: \"ldap:///dc=example\" names no host")]
    [InlineData("userProvider=ldap://joe@here/dc=example;" + Filter, "<userProvider>: \"ldap://joe@here/dc=example\" names no host")]
    [InlineData("userProvider=ldap://here/dc=example?uid?sub;" + Filter, "<userProvider>: \"ldap://here/dc=example?uid?sub\" has a question mark")]
    [InlineData("userProvider=ldap://here;" + Filter, "<userProvider> does not say where in ldaps://here:636 users are.")]
    [InlineData("userProvider=ldap://here/dc=example", "The login module ldap does not say how users are found.")]
    [InlineData("userProvider=ldap://here/dc=example;userFilter=(uid=joe)", "<userFilter> has no {USERNAME}")]
    [InlineData("userProvider=ldap://here/dc=example;userFilter=(uid={USERNAME}", "<userFilter>: there should be )")]
    [InlineData("userProvider=ldap://here/dc=example;authIdentity=uid=joe", "<authIdentity> uid=joe has no {USERNAME}")]
    [InlineData("userProvider=ldaps://here/dc=example;useSSL=false;" + Filter, "<userProvider> ldaps://here/dc=example asks for TLS from the first byte, and <useSSL>")]
    [InlineData("userProvider=ldap://here/dc=example;useSSL=true;startTLS=true;" + Filter, "<useSSL> and <startTLS> are both true.")]
    [InlineData("userProvider=ldap://here/dc=example;useSSL=maybe;" + Filter, "<useSSL> is neither true nor false: maybe.")]
    [InlineData("userProvider=ldap://here/dc=example;bindPassword=secret;" + Filter, "Who searches is said by <bindDN>")]
    [InlineData("userProvider=ldap://here/dc=example;bindDN=cn=x;bindPasswordFile=nowhere;" + Filter, "<bindPasswordFile> nowhere can not be read: ")]
    [InlineData("userProvider=ldap://here/dc=example;groupFilter=(member={DN});" + Filter, "The login module ldap has options of groups, and no <groupBase>.")]
    [InlineData("userProvider=ldap://here/dc=example;authzIdentity={x};authIdentity={USERNAME}@example", "An attribute of the user's entry is asked for")]
    [InlineData("userProvider=ldap://here/dc=example;timeout=soon;" + Filter, "<timeout>: ")]
    [InlineData("userProvider=ldap://here/dc=example;java.naming.referral=follow;" + Filter, "The login module ldap has no option <java.naming.referral>")]
    [InlineData("userProvider=ldap://here/dc=example;" + Filter + ";" + Filter, "The login module ldap has <userFilter> more than once.")]
    public void A_wrong_option_keeps_the_gateway_from_starting(string options, string problem)
    {
        ConfigurationException thrown = Assert.Throws<ConfigurationException>(() => LdapConfigurations.Make(options, _directory, null, TimeProvider.System, _log));

        Assert.Contains(problem, thrown.Errors[0].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Passwords_that_travel_as_they_are_beyond_this_machine_are_warned_of()
    {
        foreach (string provider in (string[])["ldap://127.0.0.1/dc=example", "ldap://localhost/dc=example", "ldap://192.0.2.1/dc=example"])
        {
            _factories.Add(LdapConfigurations.Make($"userProvider={provider};useSSL=false;{Filter}", _directory, null, TimeProvider.System, _log).Factory);
        }

        Assert.Contains("Passwords travel to the directory ldap://192.0.2.1:389 as they are", Assert.Single(_log.At(LogLevel.Warning)), StringComparison.Ordinal);
    }

    private ILoginModule Module(int port, string options)
    {
        (LoginModuleFactory factory, ILoginModule module) = LdapConfigurations.Make(
            string.Create(CultureInfo.InvariantCulture, $"userProvider=ldap://127.0.0.1:{port}/dc=example,dc=com;{options}"), _directory, null, TimeProvider.System, _log);
        _factories.Add(factory);
        return module;
    }
}
