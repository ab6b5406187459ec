using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Security.Ldap;
using Tidegate.Gateway.Tests.Tls;

namespace Tidegate.Gateway.Tests.Security.Ldap;

/// <summary>Logins in a real directory: docs/spec/compat.md, chapter 4.4, and what Java's LdapLoginModule is told by its options.</summary>
public sealed class LdapLoginModuleTests(SlapdServer slapd) : IClassFixture<SlapdServer>, IDisposable
{
    private const string Searched = "userFilter=(&(uid={USERNAME})(objectClass=inetOrgPerson))";
    private const string Named = "authIdentity=uid={USERNAME},ou=people,dc=example,dc=com";

    private readonly List<LoginModuleFactory> _factories = [];
    private readonly ScratchDirectory _directory = new();
    private readonly TimerlessTime _time = new();

    public void Dispose()
    {
        _factories.ForEach(factory => factory.Dispose());
        _directory.Dispose();
    }

    [Theory]
    [InlineData(Searched, "joe", "welcome", "joe")]
    [InlineData(Searched, "JOE", "welcome", "joe")]
    [InlineData(Searched, "žofie", "pässwörd €", "žofie")]
    [InlineData(Searched, "jim", "welcome", "jim")]
    [InlineData(Searched, "joe", "Welcome", null)]
    [InlineData(Searched, "joe", "", null)]
    [InlineData(Searched, "", "welcome", null)]
    [InlineData(Searched, "jane", "welcome", null)]
    [InlineData(Searched, "twin", "welcome", null)]
    [InlineData(Searched, "boss", "welcome", null)]
    [InlineData(Named, "joe", "welcome", "joe")]
    [InlineData(Named, "žofie", "pässwörd €", "žofie")]
    [InlineData(Named, "joe", "Welcome", null)]
    [InlineData(Named, "joe", "", null)]
    [InlineData(Named, "jane", "welcome", null)]
    [InlineData(Searched + ";" + Named, "joe", "welcome", "joe")]
    [InlineData(Searched + ";" + Named, "Joe", "welcome", "joe")]
    [InlineData(Searched + ";" + Named, "twin", "welcome", null)]
    [InlineData("userFilter=(cn={USERNAME});nameAttribute=sn", "joe", "welcome", "Somebody")]
    [InlineData("authIdentity=cn={USERNAME},ou=people,dc=example,dc=com", "Smith, Jim (jr) *\\", "welcome", "Smith, Jim (jr) *\\")]
    public async Task A_directory_says_who_gets_in_and_by_which_name(string options, string user, string password, string? name)
    {
        LoginResult result = await TryAsync(Module(options), user, password);

        Assert.Equal((name is not null, name), (result.IsSuccess, result.Name));
    }

    [Theory]
    [InlineData("*")]
    [InlineData("jo*")]
    [InlineData("*)(uid=*")]
    [InlineData("joe)(|(uid=*")]
    [InlineData("joe))(&(uid=joe")]
    [InlineData("joe\\2a")]
    [InlineData("\\6a\\6f\\65")]
    [InlineData("joe\0")]
    [InlineData("joe\0)(uid=*")]
    [InlineData(" joe")]
    [InlineData("joe ")]
    [InlineData("joe\n")]
    [InlineData("joe,ou=people,dc=example,dc=com")]
    [InlineData("joe+cn=joe")]
    [InlineData("uid=joe,ou=people,dc=example,dc=com")]
    [InlineData("{USERNAME}")]
    public async Task What_is_typed_is_a_name_and_never_a_part_of_a_filter_or_of_an_entrys_name(string typed)
    {
        Assert.All(
            [await TryAsync(Module(Searched), typed, "welcome"), await TryAsync(Module(Named), typed, "welcome"), await TryAsync(Module(Searched + ";" + Named), typed, "welcome")],
            result => Assert.False(result.IsSuccess));
    }

    [Theory]
    [InlineData("joe", "", "uid=joe,ou=people,dc=example,dc=com")]
    [InlineData("joe", "authzIdentity=EVERYBODY", "EVERYBODY uid=joe,ou=people,dc=example,dc=com")]
    [InlineData("joe", "authzIdentity={EMPLOYEETYPE}", "AUTHORIZED TRADER uid=joe,ou=people,dc=example,dc=com")]
    [InlineData("jim", "authzIdentity={employeeType}", "cn=Smith\\2C Jim (jr) *\\5C,ou=people,dc=example,dc=com")]
    [InlineData("joe", "groupBase=ou=groups,dc=example,dc=com", "TRADERS uid=joe,ou=people,dc=example,dc=com unix")]
    [InlineData("jim", "groupBase=ou=groups,dc=example,dc=com", "TRADERS cn=Smith\\2C Jim (jr) *\\5C,ou=people,dc=example,dc=com")]
    [InlineData("joe", "groupBase=ou=groups,dc=example,dc=com;groupFilter=(memberUid={USERNAME});groupNameAttribute=gidNumber", "1000 uid=joe,ou=people,dc=example,dc=com")]
    [InlineData("joe", "groupBase=ou=groups,dc=example,dc=com;bindDN=cn=gateway,dc=example,dc=com;bindPassword=may search", "TRADERS uid=joe,ou=people,dc=example,dc=com unix")]
    public async Task Roles_are_what_the_file_says_the_attributes_of_the_entry_and_the_groups_that_name_it(string user, string options, string roles)
    {
        LoginResult result = await TryAsync(Module($"{Searched};{options}"), user, "welcome");

        Assert.Equal(roles, string.Join(' ', result.Roles.Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("bindPassword=may search", true)]
    [InlineData("bindPasswordFile=password", true)]
    [InlineData("bindPassword=wrong", null)]
    public async Task Who_may_search_finds_those_whom_nobody_else_does(string option, bool? known)
    {
        _directory.Write("password", "may search\n");
        ILoginModule module = Module($"{Searched};bindDN=cn=gateway,dc=example,dc=com;{option}", below: "ou=staff,dc=example,dc=com");

        if (known is { } expected)
        {
            Assert.Equal(expected, (await TryAsync(module, "boss", "welcome")).IsSuccess);
            Assert.False((await TryAsync(module, "boss", "wrong")).IsSuccess);
        }
        else
        {
            LoginUnavailableException fault = await Assert.ThrowsAsync<LoginUnavailableException>(() => TryAsync(module, "boss", "welcome"));
            Assert.StartsWith("the directory refuses <bindDN> and its password: 49 ", fault.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("tls", true, null)]
    [InlineData("starttls", true, null)]
    [InlineData("tls", false, "The remote certificate is invalid because of errors in the certificate chain")]
    [InlineData("starttls", false, "The remote certificate is invalid because of errors in the certificate chain")]
    [InlineData("tls localhost", true, "The remote certificate is invalid")]
    [InlineData("starttls localhost", true, "The remote certificate is invalid")]
    public async Task Only_a_directory_with_a_certificate_that_the_truststore_vouches_for_is_told_passwords(string way, bool isTrusted, string? fault)
    {
        using var other = new TestAuthority();
        string host = way.EndsWith("localhost", StringComparison.Ordinal) ? "localhost" : "127.0.0.1";
        ILoginModule module = way.StartsWith("tls", StringComparison.Ordinal)
            ? Module(Searched, server: Server("ldaps", slapd.TlsPort, host), truststore: isTrusted ? slapd.Authority.Pem : other.Pem)
            : Module(Searched + ";startTLS=true", server: Server("ldap", slapd.Port, host), truststore: isTrusted ? slapd.Authority.Pem : other.Pem);

        if (fault is null)
        {
            Assert.True((await TryAsync(module, "joe", "welcome")).IsSuccess);
            Assert.False((await TryAsync(module, "joe", "wrong")).IsSuccess);
        }
        else
        {
            Assert.Contains(fault, (await Assert.ThrowsAsync<LoginUnavailableException>(() => TryAsync(module, "joe", "welcome"))).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_directory_that_does_not_hold_the_base_name_can_tell_of_nobody()
    {
        LoginUnavailableException fault = await Assert.ThrowsAsync<LoginUnavailableException>(() => TryAsync(Module(Searched, below: "ou=nowhere,dc=example,dc=com"), "joe", "welcome"));

        Assert.Contains("the directory has no \"ou=nowhere,dc=example,dc=com\"", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_comes_back_serves_logins_again_and_those_of_a_moment_ago_are_remembered_meanwhile()
    {
        var own = new SlapdServer();
        await own.InitializeAsync();
        try
        {
            ILoginModule module = Module(Searched, server: Server("ldap", own.Port));
            Assert.True((await TryAsync(module, "joe", "welcome")).IsSuccess);
            await own.StopAsync();
            Assert.True((await TryAsync(module, "joe", "welcome")).IsSuccess);
            await Assert.ThrowsAsync<LoginUnavailableException>(() => TryAsync(module, "joe", "wrong"));
            _time.Advance(TimeSpan.FromSeconds(10));
            await Assert.ThrowsAsync<LoginUnavailableException>(() => TryAsync(module, "joe", "welcome"));

            await own.RestartAsync();

            Assert.True((await TryAsync(module, "joe", "welcome")).IsSuccess);
            Assert.False((await TryAsync(module, "joe", "wrong")).IsSuccess);
        }
        finally
        {
            await own.DisposeAsync();
        }
    }

    [Fact]
    public async Task Where_one_directory_does_not_answer_the_next_is_asked()
    {
        using var broken = new StandInDirectory(_ => null);
        ILoginModule module = Module(Searched + ";remember=0", server: $"{Server("ldap", broken.Port)} {Server("ldap", slapd.Port)}");

        Assert.True((await TryAsync(module, "joe", "welcome")).IsSuccess);
        Assert.Equal(1, broken.Accepted);
        Assert.True((await TryAsync(module, "joe", "welcome")).IsSuccess);
        // It was not asked again: it is known not to answer.
        Assert.Equal(1, broken.Accepted);
        _time.Advance(LdapLoginModule.Avoidance + TimeSpan.FromSeconds(1));
        Assert.True((await TryAsync(module, "joe", "welcome")).IsSuccess);
        Assert.Equal(2, broken.Accepted);
    }

    private static string Server(string scheme, int port, string host = "127.0.0.1") => string.Create(CultureInfo.InvariantCulture, $"{scheme}://{host}:{port}");

    private ILoginModule Module(string options, string below = "dc=example,dc=com", string? server = null, string? truststore = null)
    {
        string provider = string.Join(' ', (server ?? Server("ldap", slapd.Port)).Split(' ').Select(one => $"{one}/{Uri.EscapeDataString(below)}"));
        bool isPlain = provider.StartsWith("ldap:", StringComparison.Ordinal) && !options.Contains("startTLS", StringComparison.Ordinal);
        (LoginModuleFactory factory, ILoginModule module) = LdapConfigurations.Make(
            $"userProvider={provider};{(isPlain ? "useSSL=false;" : "")}{options}", _directory, truststore, _time, NullLogger.Instance);
        _factories.Add(factory);
        return module;
    }

    private static Task<LoginResult> TryAsync(ILoginModule module, string user, string password) => LdapConfigurations.TryAsync(module, user, password);
}
