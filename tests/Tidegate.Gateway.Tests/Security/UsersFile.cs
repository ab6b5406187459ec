using System.Collections.Immutable;
using System.Text;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>A file of users, and realms that go by it.</summary>
internal sealed class UsersFile : IDisposable
{
    private readonly ScratchDirectory _directory = new();
    private DateTime _written = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    internal UsersFile(string content = Demo) => Write(content);

    /// <summary>joe has AUTHORIZED, and admin what ADMINISTRATOR brings.</summary>
    internal const string Demo = """
        <user><name>joe</name><password>welcome</password><role-name>AUTHORIZED</role-name></user>
        <user><name>admin</name><password>admin</password><role-name>ADMINISTRATOR</role-name></user>
        <role><name>AUTHORIZED</name></role>
        <role><name>ADMINISTRATOR</name><description>who may all</description><role-name>AUTHORIZED</role-name></role>
        """;

    internal string Path => System.IO.Path.Combine(_directory.Path, "jaas-config.xml");

    internal static string Basic(string user, string password) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));

    /// <summary>Writes it, each time a second later than before.</summary>
    internal void Write(string content)
    {
        WriteWhole($"<jaas-config xmlns=\"http://xmlns.kaazing.com/jaas-config/centurion\">\n{content}\n</jaas-config>");
    }

    internal void WriteWhole(string content)
    {
        File.WriteAllText(Path, content);
        File.SetLastWriteTimeUtc(Path, _written = _written.AddSeconds(1));
    }

    internal RealmConfiguration Realm(string scheme, TimeSpan? sessionTimeout = null, ImmutableArray<string>? cookies = null) => new()
    {
        Name = "demo",
        Description = "The demo",
        Position = new SourcePosition(System.IO.Path.Combine(_directory.Path, "gateway-config.xml"), 1, 1),
        Authentication = new AuthenticationConfiguration
        {
            ChallengeScheme = scheme,
            SessionTimeout = sessionTimeout,
            HttpCookies = cookies ?? [],
            LoginModules = [new() { Type = "file", Success = LoginModuleSuccess.Required, Options = [new("file", "jaas-config.xml", [])] }],
        },
    };

    public void Dispose() => _directory.Dispose();
}
