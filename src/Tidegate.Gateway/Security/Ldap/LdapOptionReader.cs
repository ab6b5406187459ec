using System.Collections.Immutable;
using System.Text;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Files;

namespace Tidegate.Gateway.Security.Ldap;

/// <summary>Reads the options of an <c>ldap</c> login module: those of Java's <c>LdapLoginModule</c> by their names, and a few more.</summary>
internal static class LdapOptionReader
{
    private const int LongestPassword = 64 * 1024;
    private const string UserPlace = $"{{{LdapOptions.UserPlace}}}";

    private static readonly ImmutableArray<string> s_options =
    [
        "userProvider", "userFilter", "authIdentity", "authzIdentity", "useSSL", "startTLS", "bindDN", "bindPassword", "bindPasswordFile",
        "nameAttribute", "groupBase", "groupFilter", "groupNameAttribute", "timeout", "remember",
        // How Java's modules handed passwords to each other, which does not matter here: each is told what the client shows.
        "useFirstPass", "tryFirstPass", "storePass", "clearPass", "debug",
    ];

    /// <exception cref="ConfigurationException">An option is wrong or missing.</exception>
    internal static LdapOptions Read(LoginModuleConfiguration module, RealmConfiguration realm)
    {
        var reader = new OptionReader(module, realm, s_options);
        string? authIdentity = reader.Text("authIdentity");
        if (authIdentity?.Contains(UserPlace, StringComparison.Ordinal) == false)
        {
            throw reader.Fault($"<authIdentity> {authIdentity} has no {UserPlace}, so everybody would be the same.", $"Write what to bind with, such as uid={UserPlace},ou=people,dc=example,dc=com.");
        }

        ImmutableArray<LdapServer> servers = Servers(reader);
        LdapFilter? userFilter = Filter(reader, "userFilter", LdapOptions.UserPlace);
        string? authzIdentity = reader.Text("authzIdentity");
        if (userFilter is null && authIdentity is null)
        {
            throw reader.Fault("The login module ldap does not say how users are found.", $"Write <userFilter>(uid={UserPlace})</userFilter>, or <authIdentity> with what to bind with.");
        }

        if (userFilter?.Has(LdapOptions.UserPlace) == false)
        {
            throw reader.Fault($"<userFilter> has no {UserPlace}, so it would find the same for everybody.", $"Write one such as (uid={UserPlace}).");
        }

        if (userFilter is not null && servers.FirstOrDefault(server => server.BaseName.Length == 0) is { } nowhere)
        {
            throw reader.Fault($"<userProvider> does not say where in {nowhere} users are.", $"Write the name of the entry that they are below: {nowhere}/ou=people,dc=example,dc=com.");
        }

        var options = new LdapOptions
        {
            Servers = servers,
            UserFilter = userFilter,
            AuthIdentity = authIdentity,
            AuthzIdentity = authzIdentity,
            NameAttribute = reader.Text("nameAttribute") ?? userFilter?.AttributeFor(LdapOptions.UserPlace),
            Searcher = Searcher(reader),
            GroupBase = reader.Text("groupBase"),
        };
        if (options is { RoleAttribute: not null, UserFilter: null } || (userFilter is null && reader.Text("nameAttribute") is not null))
        {
            throw reader.Fault("An attribute of the user's entry is asked for, and no <userFilter> finds the entry.", $"Write <userFilter>(uid={UserPlace})</userFilter>.");
        }

        if (options.GroupBase is null && (reader.Text("groupFilter") ?? reader.Text("groupNameAttribute")) is not null)
        {
            throw reader.Fault("The login module ldap has options of groups, and no <groupBase>.", "Write the name of the entry that groups are below into <groupBase>.");
        }

        return options with
        {
            GroupFilter = Filter(reader, "groupFilter", LdapOptions.NamePlace, LdapOptions.UserPlace) ?? options.GroupFilter,
            GroupNameAttribute = reader.Text("groupNameAttribute") ?? options.GroupNameAttribute,
            Timeout = reader.Time("timeout", TimeSpan.FromMilliseconds(1)) ?? options.Timeout,
            Remember = reader.Time("remember") ?? options.Remember,
        };
    }

    private static ImmutableArray<LdapServer> Servers(OptionReader reader)
    {
        if (reader.Text("userProvider") is not { } written)
        {
            throw reader.Fault("The login module ldap has no <userProvider>.", "Write where the directory is: ldaps://ldap.example.com/ou=people,dc=example,dc=com.");
        }

        bool startTls = reader.Flag("startTLS") ?? false;
        if (startTls && reader.Flag("useSSL") == true)
        {
            throw reader.Fault("<useSSL> and <startTLS> are both true.", "Remove one: TLS begins with the first byte, or is asked for.");
        }

        ImmutableArray<LdapServer>.Builder servers = ImmutableArray.CreateBuilder<LdapServer>();
        foreach (string one in written.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                var url = LdapUrl.Parse(one);
                if (url.IsSecure && (startTls || reader.Flag("useSSL") == false))
                {
                    throw reader.Fault($"<userProvider> {one} asks for TLS from the first byte, and {(startTls ? "<startTLS>" : "<useSSL>")} for something else.", "Write ldap://, or remove the option.");
                }

                // As in Java's module: TLS unless the file says otherwise.
                LdapSecurity security = startTls ? LdapSecurity.StartTls : reader.Flag("useSSL") ?? true ? LdapSecurity.Tls : LdapSecurity.None;
                servers.Add(new LdapServer(url.Host, url.Port ?? (security == LdapSecurity.Tls ? 636 : 389), security, url.BaseName));
            }
            catch (FormatException exception)
            {
                throw reader.Fault($"<userProvider>: {exception.Message}.", "");
            }
        }

        return servers.ToImmutable();
    }

    private static LdapFilter? Filter(OptionReader reader, string option, params ImmutableArray<string> places)
    {
        try
        {
            return reader.Text(option) is { } text ? LdapFilter.Parse(text, places) : null;
        }
        catch (FormatException exception)
        {
            throw reader.Fault($"<{option}>: {exception.Message}.", $"Write a filter such as (&(uid={UserPlace})(objectClass=person)); RFC 4515 has the rules.");
        }
    }

    private static (string Name, string Password)? Searcher(OptionReader reader)
    {
        string? name = reader.Text("bindDN"), password = reader.Text("bindPassword"), file = reader.Text("bindPasswordFile");
        if (name is null && password is null && file is null)
        {
            return null;
        }

        if (name is null || password is null == file is null)
        {
            throw reader.Fault("Who searches is said by <bindDN>, and by one of <bindPassword> and <bindPasswordFile>.", "Write both, or none of them where the directory lets everybody search.");
        }

        return (name, password ?? ReadPassword(reader, file!));
    }

    private static string ReadPassword(OptionReader reader, string written)
    {
        const string Cure = "Write the path of a file whose first line is the password, relative to the directory of this file.";
        try
        {
            byte[] bytes = OrdinaryFile.Read(reader.PathOf(written), LongestPassword) ?? throw new IOException("it is larger than 64 KiB");
            string line = new StringReader(Encoding.UTF8.GetString(bytes)).ReadLine() ?? "";
            return line.Length > 0 ? line : throw reader.Fault($"<bindPasswordFile> {written} begins with an empty line.", Cure);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw reader.Fault($"<bindPasswordFile> {written} can not be read: {exception.Message.TrimEnd('.')}.", Cure);
        }
    }
}
