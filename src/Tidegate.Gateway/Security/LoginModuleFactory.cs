using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Formats;
using Tidegate.Gateway.Security.Certificates;
using Tidegate.Gateway.Security.Kerberos;
using Tidegate.Gateway.Security.Ldap;
using Tidegate.Gateway.Security.Plugins;

namespace Tidegate.Gateway.Security;

/// <summary>Makes login modules of what a configuration says.</summary>
internal sealed partial class LoginModuleFactory(SecurityConfiguration security, string? plugins, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>The types that there are.</summary>
    internal static readonly ImmutableArray<string> Types = ["file", "gss", "ip-filter", "jwt", "kerberos5", CertificateLoginModule.Type, "ldap"];

    private static readonly string[] s_jwtOptions = ["keys", "issuer", "audience", "clock-skew", "algorithms", "roles-claim", "name-claim", "single-use"];

    private readonly HashingGate _hashing = new();
    private readonly LoginQueue _negotiations = new(KerberosLoginModule.MaximumAtOnce, "a ticket to be checked");
    private readonly List<IDisposable> _owned = [];
    private readonly PluginAssemblies _plugins = new(plugins);
    private TrustedCertificates? _trusted;

    /// <summary>What is good once and has been used, at any realm.</summary>
    internal UsedOnce Used { get; } = new(time);

    /// <summary>The path that a <c>file</c> module names, as it is written; null where it names none.</summary>
    internal static string? FileOf(LoginModuleConfiguration module) => module.Options.FirstOrDefault(option => option.Name is "file" or "filename")?.Text;

    /// <summary>Makes one.</summary>
    /// <exception cref="ConfigurationException">Its options are wrong, or what they name is not there.</exception>
    internal ILoginModule Make(LoginModuleConfiguration module, RealmConfiguration realm) => module.Type switch
    {
        "ip-filter" => IpFilterLoginModule.Make(module, realm),
        "jwt" => MakeJwt(module, realm),
        "kerberos5" or "gss" => MakeKerberos(realm),
        CertificateLoginModule.Type => CertificateLoginModule.Make(module, realm, time),
        "ldap" => MakeLdap(module, realm),
        _ when PluginLoginModule.IsOne(module) => MakePlugin(module, realm),
        _ => MakeFile(module, realm),
    };

    public void Dispose()
    {
        _hashing.Dispose();
        _negotiations.Dispose();
        _owned.ForEach(one => one.Dispose());
    }

    private FileLoginModule MakeFile(LoginModuleConfiguration module, RealmConfiguration realm)
    {
        string written = FileOf(module) ?? throw Fault(realm, "Missing required option \"file\" to locate JAAS configuration file.", "Write <options><file>jaas-config.xml</file></options>.");
        try
        {
            return new FileLoginModule(PathOf(written, realm), _hashing, time, logger);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Fault(
                realm, $"Unable to use \"{written}\" for file-based login: {exception.Message.TrimEnd('.')}.", "Write the path of a jaas-config.xml, relative to the directory of this file.");
        }
    }

    private JwtLoginModule MakeJwt(LoginModuleConfiguration module, RealmConfiguration realm)
    {
        foreach (PropertyElement option in module.Options)
        {
            if (!s_jwtOptions.Contains(option.Name) || option.Text.Length == 0)
            {
                throw Fault(realm, $"The login module jwt has no option <{option.Name}>, or it is empty.", $"Options: {string.Join(", ", s_jwtOptions)}.");
            }
        }

        string Required(string name) =>
            Optional(name) ?? throw Fault(realm, $"The login module jwt has no <{name}>.", "Write <keys> (a file or URL with a JSON Web Key Set), <issuer> and <audience> into its <options>.");
        string? Optional(string name) => module.Options.FirstOrDefault(option => option.Name == name)?.Text;

        string keys = Required("keys");
        var options = new JwtOptions { Keys = SigningKeys.IsUrl(keys) ? Checked(keys, realm) : PathOf(keys, realm), Issuer = Required("issuer"), Audience = Required("audience") };
        if (Optional("clock-skew") is { } skew)
        {
            options = new TimeIntervalFormat().TryRead(skew, out TimeSpan time, out TextFault? fault)
                ? options with { ClockSkew = time }
                : throw Fault(realm, $"<clock-skew>: {fault.Problem}", fault.Cure);
        }

        if (Optional("single-use") is { } once)
        {
            options = bool.TryParse(once, out bool single)
                ? options with { SingleUse = single }
                : throw Fault(realm, $"<single-use> is neither true nor false: {once}.", "Write one of them.");
        }

        if (Optional("algorithms") is { } algorithms)
        {
            ImmutableArray<string> wanted = [.. algorithms.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries)];
            options = wanted.FirstOrDefault(name => !JwtOptions.DefaultAlgorithms.Contains(name)) is { } other
                ? throw Fault(realm, $"<algorithms>: {other} does not sign tokens that are taken here.", $"Use some of: {string.Join(", ", JwtOptions.DefaultAlgorithms)}.")
                : options with { Algorithms = wanted };
        }

        if (!SigningKeys.IsUrl(options.Keys) && SigningKeys.FaultOf(options.Keys) is { } wrong)
        {
            throw Fault(realm, $"<keys>: {keys} can not be used: {wrong}.", "Write the path of a file with a JSON Web Key Set, relative to the directory of this file.");
        }

        var source = new SigningKeys(options.Keys, time, logger);
        _owned.Add(source);
        return new JwtLoginModule(
            options with { RolesClaim = Optional("roles-claim") ?? options.RolesClaim, NameClaim = Optional("name-claim") ?? options.NameClaim }, source, time, Used);
    }

    private LdapLoginModule MakeLdap(LoginModuleConfiguration module, RealmConfiguration realm)
    {
        LdapOptions options = LdapOptionReader.Read(module, realm);
        foreach (LdapServer server in options.Servers.Where(server => server.Security == LdapSecurity.None && !IsHere(server.Host)))
        {
            LogPlain(realm.Position.ToString(), server);
        }

        if (_trusted is null && security.Truststore is { } store && options.Servers.Any(server => server.Security != LdapSecurity.None))
        {
            try
            {
                _trusted = new TrustedCertificates(store, time, logger);
            }
            catch (GatewayStartException exception) when (exception.Finding is { } finding)
            {
                throw new ConfigurationException([finding]);
            }
        }

        TrustedCertificates? trusted = _trusted;
        var made = new LdapLoginModule(options, () => trusted?.Current(), time, logger);
        _owned.Add(made);
        return made;
    }

    private PluginLoginModule MakePlugin(LoginModuleConfiguration module, RealmConfiguration realm)
    {
        var made = PluginLoginModule.Make(module, realm, _plugins);
        _owned.Add(made);
        return made;
    }

    private static bool IsHere(string host) => host == "localhost" || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));

    private KerberosLoginModule MakeKerberos(RealmConfiguration realm)
    {
        KerberosOptions options = KerberosOptionReader.Read(realm);
        var acceptor = new KerberosAcceptor(options);
        return acceptor.FindFault() is { } fault
            ? throw Fault(
                realm,
                $"The realm \"{realm.Name}\" can take no tickets of Kerberos{(options.Keytab is { } keytab ? $" with the keytab {keytab}" : "")}: {fault}.",
                "Write the path of a keytab that this user may read into <keyTab>, with a key of a service such as HTTP/host.example.com, which <principal> names if anything does.")
            : new KerberosLoginModule(acceptor, _negotiations);
    }

    /// <summary>Whoever can change the keys on the way decides who comes in.</summary>
    private static string Checked(string url, RealmConfiguration realm) =>
        url.Contains('@', StringComparison.Ordinal)
        // Nor are they shown: it could be a password.
        ? throw Fault(realm, "<keys>: a URL of keys has no @, so no name and password.", "Write an https URL that anybody may read: keys that check signatures are public.")
        : Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))
            ? url
            : throw Fault(realm, $"<keys>: keys are not taken from {url}.", "Write an https URL, or the path of a file; http is for this machine alone.");

    private static string PathOf(string written, RealmConfiguration realm) =>
        Path.GetFullPath(written, Path.GetDirectoryName(Path.GetFullPath(realm.Position.File))!);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Position}: Passwords travel to the directory {Server} as they are, for all on the way to read: write <startTLS>true</startTLS>, or ldaps://")]
    private partial void LogPlain(string position, LdapServer server);

    private static ConfigurationException Fault(RealmConfiguration realm, string problem, string cure) => new([new(realm.Position, problem, cure)]);
}
