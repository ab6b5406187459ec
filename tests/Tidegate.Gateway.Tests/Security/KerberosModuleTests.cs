using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Security.Kerberos;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>What realms say about Kerberos, and what becomes of the name that a ticket tells. Tickets themselves: end to end, with a real centre.</summary>
public sealed class KerberosModuleTests
{
    [Theory]
    [InlineData("EXAMPLE.COM", "joe@EXAMPLE.COM", "joe")]
    [InlineData("EXAMPLE.COM", "joe@ELSEWHERE.COM", "joe@ELSEWHERE.COM")]
    [InlineData("EXAMPLE.COM", "joe@example.com", "joe@example.com")]
    [InlineData("EXAMPLE.COM", "joe\\@ELSEWHERE.COM@EXAMPLE.COM", "joe\\@ELSEWHERE.COM@EXAMPLE.COM")]
    [InlineData("EXAMPLE.COM", "@EXAMPLE.COM", "@EXAMPLE.COM")]
    [InlineData(null, "joe@EXAMPLE.COM", "joe@EXAMPLE.COM")]
    public void A_name_loses_the_realm_that_is_named_and_no_other(string? stripped, string principal, string name)
    {
        var acceptor = new KerberosAcceptor(new KerberosOptions(null, null, stripped));

        Assert.Equal(name, acceptor.Judge(new AcceptedToken(GssApi.Complete, []) { Client = principal, Server = "HTTP/host@EXAMPLE.COM" }).Principal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS")]
    public void Nobody_is_let_in_without_a_name(string? principal)
    {
        var acceptor = new KerberosAcceptor(new KerberosOptions(null, null, null));

        NegotiationStep step = acceptor.Judge(new AcceptedToken(GssApi.Complete, []) { Client = principal, Server = "HTTP/host@EXAMPLE.COM" });

        Assert.Equal((null, "the ticket says nobody's name"), (step.Principal, step.Fault));
    }

    [Fact]
    public void What_the_modules_of_a_realm_say_counts_together()
    {
        KerberosOptions options = KerberosOptionReader.Read(Realm("Negotiate", ("gss", []), ("kerberos5", [("keyTab", "my.keytab"), ("principal", "*"), ("debug", "true")])));

        Assert.Equal(new KerberosOptions("/etc/tidegate/my.keytab", null, null), options);
    }

    [Fact]
    public void Modules_that_contradict_each_other_are_an_error()
    {
        var exception = Assert.Throws<ConfigurationException>(
            () => KerberosOptionReader.Read(Realm("Negotiate", ("kerberos5", [("keyTab", "one")]), ("gss", [("keyTab", "two")]))));

        Assert.Contains("The login modules of one realm say different things in <keyTab>: one and two. Say it in one of them.", Assert.Single(exception.Errors).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Negotiate", "file", "asks for tickets of Kerberos, and has no login module that knows any.")]
    [InlineData("Application Negotiate", "jwt", "asks for tickets of Kerberos, and has no login module that knows any.")]
    [InlineData("Basic", "kerberos5", "has a login module for tickets of Kerberos, and asks for none.")]
    [InlineData("Bearer", "gss", "has a login module for tickets of Kerberos, and asks for none.")]
    public void A_scheme_needs_a_module_that_knows_what_it_asks_for(string scheme, string module, string problem)
    {
        RealmConfiguration realm = Realm(scheme, (module, []));
        var service = new ServiceConfiguration
        {
            Name = "echo",
            Type = "echo",
            Accepts = [],
            Connects = [],
            AcceptOptions = new AcceptOptions(),
            ConnectOptions = new ConnectOptions(),
            Options = new Tidegate.Gateway.Services.Echo.EchoOptions(),
            RealmName = realm.Name,
            Position = realm.Position,
        };

        Assert.Contains(problem, Realms.WhyNot(service, new SecurityConfiguration { Realms = [realm] })?.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Behind_a_module_that_tells_the_name_the_file_gives_roles_and_asks_for_no_password()
    {
        using var users = new UsersFile();
        using var gate = new HashingGate();
        var file = new FileLoginModule(users.Path, gate, TimeProvider.System, NullLogger.Instance);
        Assert.True(Credentials.TryRead(new Shown("Authorization", "Negotiate x"), new CredentialPlaces([], [], []), out Credentials? credentials, out _));
        var attempt = new LoginAttempt(credentials, null);

        LoginResult known = await ChainOf(new Knows("joe"), file).LoginAsync(attempt, CancellationToken.None);
        LoginResult stranger = await ChainOf(new Knows("jane"), file).LoginAsync(attempt, CancellationToken.None);
        LoginResult nobody = await ChainOf(file).LoginAsync(attempt, CancellationToken.None);
        LoginResult failed = await ChainOf(new Knows(null), file).LoginAsync(attempt, CancellationToken.None);

        Assert.True(known.IsSuccess);
        Assert.Contains("AUTHORIZED", known.Roles);
        Assert.Equal((false, "User 'jane' not found"), (stranger.IsSuccess, stranger.Reason));
        Assert.Equal((false, "no name and password came"), (nobody.IsSuccess, nobody.Reason));
        Assert.False(failed.IsSuccess);
    }

    [Fact]
    public async Task A_negotiation_that_goes_on_asks_nobody_else()
    {
        Assert.True(Credentials.TryRead(new Shown("Authorization", "Negotiate x"), new CredentialPlaces([], [], []), out Credentials? credentials, out _));

        LoginResult result = await ChainOf(new GoesOn(), new Knows("joe")).LoginAsync(new LoginAttempt(credentials, null), CancellationToken.None);

        Assert.Same(LoginResult.GoesOn, result);
    }

    private static LoginChain ChainOf(params ILoginModule[] modules) => new([.. modules.Select(module => (module, LoginModuleSuccess.Required))]);

    private static RealmConfiguration Realm(string scheme, params (string Type, (string Name, string Text)[] Options)[] modules) => new()
    {
        Name = "tickets",
        Position = new SourcePosition("/etc/tidegate/gateway-config.xml", 1, 1),
        Authentication = new AuthenticationConfiguration
        {
            ChallengeScheme = scheme,
            LoginModules =
            [
                .. modules.Select(module => new LoginModuleConfiguration
                {
                    Type = module.Type,
                    Success = LoginModuleSuccess.Required,
                    Options = [.. module.Options.Select(option => new PropertyElement(option.Name, option.Text, []))],
                }),
            ],
        },
    };

    private sealed class Knows(string? name) : ILoginModule
    {
        public ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation) =>
            ValueTask.FromResult(name is null ? LoginResult.Failure("unknown") : LoginResult.Success(name, ImmutableHashSet<string>.Empty));
    }

    private sealed class GoesOn : ILoginModule
    {
        public ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation) => ValueTask.FromResult(LoginResult.GoesOn);
    }
}
