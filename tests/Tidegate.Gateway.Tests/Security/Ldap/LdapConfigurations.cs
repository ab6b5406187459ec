using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Tests.Security.Ldap;

/// <summary>Login modules of type <c>ldap</c>, made of their options as a file has them.</summary>
internal static class LdapConfigurations
{
    /// <summary>Makes one.</summary>
    /// <param name="options"><c>name=value</c>, with semicolons between.</param>
    /// <param name="directory">Where the configuration file would be.</param>
    /// <param name="truststore">The certificates in the truststore as PEM, or null where the file names none.</param>
    /// <param name="time">Tells it how late it is.</param>
    /// <param name="logger">Its log.</param>
    internal static (LoginModuleFactory Factory, ILoginModule Module) Make(string options, ScratchDirectory directory, string? truststore, TimeProvider time, ILogger logger)
    {
        var position = new SourcePosition(Path.Combine(directory.Path, "gateway-config.xml"), 1, 1);
        var security = new SecurityConfiguration
        {
            Truststore = truststore is null ? null : new StoreConfiguration { File = directory.Write("truststore.pem", truststore), Position = position },
        };
        ImmutableArray<PropertyElement> elements = [.. options.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(option => option.Split('=', 2)).Select(pair => new PropertyElement(pair[0], pair[1], []))];
        var factory = new LoginModuleFactory(security, null, time, logger);
        try
        {
            return (factory, factory.Make(
                new LoginModuleConfiguration { Type = "ldap", Success = LoginModuleSuccess.Required, Options = elements }, new RealmConfiguration { Name = "demo", Position = position }));
        }
        catch
        {
            factory.Dispose();
            throw;
        }
    }

    internal static Task<LoginResult> TryAsync(ILoginModule module, string user, string password, CancellationToken cancellation = default)
    {
        Assert.True(Credentials.TryRead(new Shown(), new CredentialPlaces([], [], []), out Credentials? credentials, out _));
        return module.LoginAsync(new LoginAttempt(credentials, null) { User = user, Password = password }, cancellation).AsTask();
    }
}
