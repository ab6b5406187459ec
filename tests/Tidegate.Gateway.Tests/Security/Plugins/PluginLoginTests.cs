using System.Net;
using System.Runtime.Loader;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Security.Plugins;
using Tidegate.Plugins;

namespace Tidegate.Gateway.Tests.Security.Plugins;

/// <summary>Login modules that users write: <c>class:NAME</c> with an assembly.</summary>
public sealed class PluginLoginTests : IDisposable
{
    private static readonly string s_file = Path.GetFileName(typeof(Knows).Assembly.Location);

    private readonly LoginModuleFactory _factory = new(new SecurityConfiguration(), Path.GetDirectoryName(typeof(Knows).Assembly.Location), TimeProvider.System, NullLogger.Instance);

    public void Dispose() => _factory.Dispose();

    [Fact]
    public async Task A_class_that_users_write_says_who_gets_in()
    {
        ILoginModule module = Make(nameof(Knows), ("colour", "blue"));

        LoginResult joe = await TryAsync(module, "joe", "welcome");
        LoginResult other = await TryAsync(module, "joe", "wrong");

        Assert.Equal((true, "joe"), (joe.IsSuccess, joe.Name));
        Assert.Equal(["colour=blue", "from 192.0.2.7"], joe.Roles.Order());
        Assert.Equal((false, "not joe"), (other.IsSuccess, other.Reason));
    }

    [Fact]
    public async Task It_lives_in_a_context_of_its_own_and_shares_only_the_interface()
    {
        Type loaded = new PluginAssemblies(Path.GetDirectoryName(typeof(Knows).Assembly.Location)).Find(s_file, typeof(Knows).FullName!);
        await TryAsync(Make(nameof(Knows)), "joe", "welcome");

        Assert.NotEqual(typeof(Knows), loaded);
        Assert.NotSame(AssemblyLoadContext.Default, AssemblyLoadContext.GetLoadContext(loaded.Assembly));
        Assert.True(loaded.IsAssignableTo(typeof(ILoginPlugin)));
        Assert.Equal(0, Knows.Made);
    }

    [Theory]
    [InlineData(nameof(Fails), "failed with System.InvalidOperationException at ")]
    [InlineData(nameof(SaysNothing), "gave no answer")]
    [InlineData(nameof(Hangs), "took longer than 0.2 s")]
    [InlineData(nameof(GivesUp), "failed with System.OperationCanceledException at ")]
    public async Task One_that_does_not_say_lets_nobody_in_and_does_no_harm(string name, string fault)
    {
        ILoginModule module = Make(name, ("timeout", name == nameof(Hangs) ? "200 milliseconds" : "5 minutes"));

        LoginUnavailableException thrown = await Assert.ThrowsAsync<LoginUnavailableException>(() => TryAsync(module, "joe", "a-secret"));

        Assert.StartsWith($"class:{typeof(Knows).Namespace}.{name} {fault}", thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("a-secret", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(WantsMore), null, "ArgumentException: write <more> into <options>.")]
    [InlineData(nameof(NeedsANumber), null, "it has no public constructor that takes its options")]
    [InlineData(nameof(Half), null, "is not a public class with the interface Tidegate.Plugins.ILoginPlugin")]
    [InlineData(nameof(PluginLoginTests), null, "is not a public class with the interface Tidegate.Plugins.ILoginPlugin")]
    [InlineData("Nobody", null, "there is no class ")]
    [InlineData(nameof(Knows), "nowhere.dll", "there is no file ")]
    [InlineData(nameof(Knows), "Tidegate.Gateway.Tests.deps.json", "can not be loaded: ")]
    [InlineData(nameof(Knows), "../Tidegate.Gateway.Tests.dll", "from where alone plug-ins are taken")]
    [InlineData(nameof(Knows), "/tmp/x.dll", "from where alone plug-ins are taken")]
    [InlineData(nameof(Knows), "a\\x.dll", "from where alone plug-ins are taken")]
    [InlineData(nameof(Knows), "..", "from where alone plug-ins are taken")]
    public void What_can_not_be_had_keeps_the_gateway_from_starting(string name, string? file, string problem)
    {
        ConfigurationException thrown = Assert.Throws<ConfigurationException>(() => Make(name, file ?? s_file));

        Assert.StartsWith($"Unable to make the login module class:{typeof(Knows).Namespace}.{name}: ", thrown.Errors[0].Problem, StringComparison.Ordinal);
        Assert.Contains(problem, thrown.Errors[0].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_no_directory_is_for_plugins_none_is_loaded()
    {
        using var factory = new LoginModuleFactory(new SecurityConfiguration(), null, TimeProvider.System, NullLogger.Instance);

        ConfigurationException thrown = Assert.Throws<ConfigurationException>(() => Make(factory, nameof(Knows), s_file));

        Assert.Contains("this gateway has no directory for plug-ins", thrown.Errors[0].Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("jo\ne")]
    public void A_name_is_one_that_can_be_shown(string name) => Assert.Throws<ArgumentException>(() => LoginAnswer.Known(name));

    private ILoginModule Make(string name, params (string Name, string Value)[] options) => Make(_factory, name, s_file, options);

    private ILoginModule Make(string name, string file) => Make(_factory, name, file);

    private static ILoginModule Make(LoginModuleFactory factory, string name, string file, params (string Name, string Value)[] options) => factory.Make(
        new LoginModuleConfiguration
        {
            Type = $"class:{typeof(Knows).Namespace}.{name}",
            Success = LoginModuleSuccess.Required,
            Options = [new PropertyElement("assembly", file, []), .. options.Select(option => new PropertyElement(option.Name, option.Value, []))],
        },
        new RealmConfiguration { Name = "demo", Position = new SourcePosition("/test.xml", 1, 1) });

    private static Task<LoginResult> TryAsync(ILoginModule module, string user, string password)
    {
        Assert.True(Credentials.TryRead(new Shown(), new CredentialPlaces([], [], []), out Credentials? credentials, out _));
        return module.LoginAsync(new LoginAttempt(credentials, IPAddress.Parse("192.0.2.7")) { User = user, Password = password }, CancellationToken.None).AsTask();
    }
}
