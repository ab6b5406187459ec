using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>The control flags of login modules: those of JAAS.</summary>
public sealed class LoginChainTests
{
    // Modules: + knows them, - does not, ! can not tell; then the flag. Behind the colon: known, unknown or unavailable, and who was asked.
    [Theory]
    [InlineData("+required", "known 1")]
    [InlineData("-required", "unknown 1")]
    [InlineData("+required +required", "known 12")]
    [InlineData("-required +required", "unknown 12")]
    [InlineData("+required -required", "unknown 12")]
    [InlineData("-requisite +required", "unknown 1")]
    [InlineData("+requisite +required", "known 12")]
    [InlineData("+required -requisite +required", "unknown 12")]
    [InlineData("+sufficient -required", "known 1")]
    [InlineData("-sufficient +required", "known 12")]
    [InlineData("-sufficient -required", "unknown 12")]
    [InlineData("-required +sufficient +required", "unknown 123")]
    [InlineData("+required +sufficient -required", "known 12")]
    [InlineData("+optional", "known 1")]
    [InlineData("-optional", "unknown 1")]
    [InlineData("-optional +optional", "known 12")]
    [InlineData("-optional -sufficient", "unknown 12")]
    [InlineData("+optional -required", "unknown 12")]
    [InlineData("+required -optional", "known 12")]
    [InlineData("!required +required", "unavailable 1")]
    [InlineData("!sufficient +required", "known 12")]
    [InlineData("!optional", "unknown 1")]
    [InlineData("", "unknown ")]
    public async Task Each_flag_means_what_it_means_in_java(string modules, string outcome)
    {
        var asked = new List<int>();
        var chain = new LoginChain(
        [
            .. modules.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select((module, index) => (
                (ILoginModule)new Scripted(module[0], index + 1, asked),
                Enum.Parse<LoginModuleSuccess>(module[1..], ignoreCase: true))),
        ]);

        string found;
        try
        {
            LoginResult result = await chain.LoginAsync(Attempt(), CancellationToken.None);
            found = result.IsSuccess ? "known" : "unknown";
        }
        catch (LoginUnavailableException)
        {
            found = "unavailable";
        }

        Assert.Equal(outcome, $"{found} {string.Concat(asked)}");
    }

    [Fact]
    public async Task Roles_come_from_all_that_succeed_and_the_first_name_holds()
    {
        var asked = new List<int>();
        var chain = new LoginChain([(new Scripted('+', 1, asked), LoginModuleSuccess.Required), (new Scripted('-', 2, asked), LoginModuleSuccess.Optional), (new Scripted('+', 3, asked), LoginModuleSuccess.Required)]);

        LoginResult result = await chain.LoginAsync(Attempt(), CancellationToken.None);

        Assert.Equal("user 1", result.Name);
        Assert.Equal(["role 1", "role 3"], result.Roles.Order());
    }

    [Fact]
    public async Task Whom_no_module_gives_a_name_is_not_known()
    {
        var chain = new LoginChain([(new Nameless(), LoginModuleSuccess.Required)]);

        Assert.False((await chain.LoginAsync(Attempt(), CancellationToken.None)).IsSuccess);
    }

    private static LoginAttempt Attempt()
    {
        Assert.True(Credentials.TryRead(new Shown("Authorization", "Basic eDp5"), new CredentialPlaces([], [], []), out Credentials? credentials, out _));
        return new LoginAttempt(credentials, null);
    }

    private sealed class Scripted(char what, int number, List<int> asked) : ILoginModule
    {
        public ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation)
        {
            asked.Add(number);
            return what switch
            {
                '+' => ValueTask.FromResult(LoginResult.Success($"user {number}", [$"role {number}"])),
                '-' => ValueTask.FromResult(LoginResult.Failure("no")),
                _ => throw new LoginUnavailableException("away"),
            };
        }
    }

    private sealed class Nameless : ILoginModule
    {
        public ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation) => ValueTask.FromResult(LoginResult.Success(null, []));
    }
}
