using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security.Certificates;
using Tidegate.Gateway.Security.Kerberos;
using Tidegate.Gateway.Security.Plugins;

namespace Tidegate.Gateway.Security;

/// <summary>The realms of a gateway, made from its configuration.</summary>
internal sealed class Realms : IDisposable
{
    private readonly LoginModuleFactory _modules;
    private readonly LoginThrottle _throttle;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<string, RealmConfiguration> _configured;
    private readonly ExpiringState<PassedRealms> _passed;
    private readonly Dictionary<string, Realm> _made = new(StringComparer.Ordinal);

    /// <param name="security">What is configured.</param>
    /// <param name="time">Tells how late it is.</param>
    /// <param name="logger">Their log.</param>
    /// <param name="plugins">The directory that plug-ins are taken from, or null.</param>
    internal Realms(SecurityConfiguration security, TimeProvider time, ILogger logger, string? plugins = null)
    {
        _time = time;
        _logger = logger;
        _modules = new LoginModuleFactory(security, plugins, time, logger);
        _throttle = new LoginThrottle(time);
        _passed = new ExpiringState<PassedRealms>(time, RealmChain.Maximum, static passed => passed.End());
        // Of two with one name, which the reader refuses, there is the first.
        _configured = security.Realms.DistinctBy(realm => realm.Name).ToDictionary(realm => realm.Name, StringComparer.Ordinal);
    }

    /// <summary>What is good once and has been used, at any realm.</summary>
    internal UsedOnce Used => _modules.Used;

    /// <summary>Why a service can not be protected as it asks to be, by what is not served yet or not said; null where it can, or is open.</summary>
    internal static ConfigurationError? WhyNot(ServiceConfiguration service, SecurityConfiguration security)
    {
        if (service.RealmName is null && service.RequiredRoles.IsEmpty && service.AcceptOptions.HttpRealms.IsEmpty)
        {
            return null;
        }

        const string WouldBeOpen = "Tidegate never starts a service without the protection that its file asks for.";
        ImmutableArray<string> names = NamesOf(service);
        RealmConfiguration?[] named = [.. names.Select(name => security.Realms.FirstOrDefault(realm => realm.Name == name))];
        if (named is [] || named.Contains(null))
        {
            return new(service.Position, "Tidegate does not serve this protection yet.", $"Write <realm-name>. {WouldBeOpen}");
        }

        if (service.Accepts.FirstOrDefault(accept => !accept.Uri.Scheme.TakesPath) is { } bare)
        {
            return new(bare.Position, $"Nobody can be asked who they are at {bare.Uri.Scheme.Name}://, and the service \"{service.Name}\" has a realm.", "Accept it at ws:// or http://, or remove <realm-name> if everyone may use it.");
        }

        if (named.Select(realm => WhyNot(realm!, WouldBeOpen)).FirstOrDefault(fault => fault is not null) is { } wrong)
        {
            return wrong;
        }

        if (service.AcceptOptions.Tls.VerifyClient == ClientVerification.None
            && named.FirstOrDefault(realm => realm!.Authentication!.LoginModules.Any(module => module.Type == CertificateLoginModule.Type)) is { } shown)
        {
            return new(
                service.Position,
                $"The realm \"{shown.Name}\" knows clients by their certificates, and the service \"{service.Name}\" asks for none.",
                "Write <ssl.verify-client>optional</ssl.verify-client>, or required, into its <accept-options>, and accept it at wss:// or https://.");
        }

        return named.Select(realm => ChallengeScheme.Parse(realm!.Authentication!.ChallengeScheme!).IsApplication).Distinct().Count() > 1
            ? new(service.Position, $"Of the realms {string.Join(" and ", names)} some ask the client's library (Application …), and some the client itself.", "Write \"Application \" in front of all of their schemes, or of none.")
            : null;
    }

    private static ConfigurationError? WhyNot(RealmConfiguration realm, string wouldBeOpen)
    {
        string name = realm.Name;
        if (realm.Authentication?.ChallengeScheme is not { } scheme)
        {
            return new(realm.Position, $"The realm \"{name}\" does not say how clients are asked.", "Write <http-challenge-scheme>Basic</http-challenge-scheme> into its <authentication>.");
        }

        bool asksForTickets = ChallengeScheme.Parse(scheme).IsNegotiate;
        if (asksForTickets != realm.Authentication.LoginModules.Any(module => KerberosOptionReader.Types.Contains(module.Type)))
        {
            return asksForTickets
                ? new(realm.Position, $"The realm \"{name}\" asks for tickets of Kerberos, and has no login module that knows any.", "Write a <login-module> of type kerberos5 in front of its others.")
                : new(realm.Position, $"The realm \"{name}\" has a login module for tickets of Kerberos, and asks for none.", "Write <http-challenge-scheme>Negotiate</http-challenge-scheme>, or remove the module.");
        }

        if (realm.Authentication.LoginModules.IsEmpty)
        {
            return new(realm.Position, $"The realm \"{name}\" has no login module, so it knows nobody.", "Write a <login-module> into its <authentication>.");
        }

        return realm.Authentication.LoginModules.FirstOrDefault(module => !LoginModuleFactory.Types.Contains(module.Type) && !PluginLoginModule.IsOne(module)) is { } other
            ? new(realm.Position, $"Tidegate does not serve login modules of type {other.Type} yet.", $"Served are: {string.Join(", ", LoginModuleFactory.Types)}. {wouldBeOpen}")
            : null;
    }

    /// <summary>Everything that is wrong with what realms in use rely on, as the start would find it.</summary>
    internal static ImmutableArray<ConfigurationError> Check(GatewayConfiguration configuration, TimeProvider time, string? plugins)
    {
        using var realms = new Realms(configuration.Security, time, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, plugins);
        var errors = new List<ConfigurationError>();
        foreach (ServiceConfiguration service in configuration.Services.Where(service => WhyNot(service, configuration.Security) is null))
        {
            ImmutableArray<string> names = NamesOf(service);
            if (configuration.Security.Realms.Where(realm => names.Contains(realm.Name)).SelectMany(realm => realm.Authentication!.LoginModules).Any(module => module.Type == "file" && LoginModuleFactory.FileOf(module) is null))
            {
                // The reader has said so.
                continue;
            }

            try
            {
                realms.For(service);
            }
            catch (ConfigurationException exception)
            {
                errors.AddRange(exception.Errors);
            }
        }

        return [.. errors.Distinct()];
    }

    /// <summary>What protects a service; null where it is open to everyone.</summary>
    /// <exception cref="ConfigurationException">What a login module relies on is not there, or is wrong.</exception>
    internal Protection? For(ServiceConfiguration service)
    {
        ImmutableArray<Realm> realms = [.. NamesOf(service).Select(Find)];
        return realms switch
        {
            [] => null,
            [var one] => new Protection(one, service.RequiredRoles),
            [.. var before, var last] => new Protection(last, service.RequiredRoles, new RealmChain(before, _passed)),
        };
    }

    public void Dispose() => _modules.Dispose();

    /// <summary>The realms that somebody passes to a service, in their order.</summary>
    private static ImmutableArray<string> NamesOf(ServiceConfiguration service) => service.RealmName is { } name ? [name] : service.AcceptOptions.HttpRealms;

    private Realm Find(string name)
    {
        if (!_made.TryGetValue(name, out Realm? realm))
        {
            realm = Make(_configured[name]);
            _made.Add(name, realm);
        }

        return realm;
    }

    /// <summary>No client is asked for credentials anew, so what was checked longer ago than it holds ends the session as well.</summary>
    internal static TimeSpan? Shorter(TimeSpan? one, TimeSpan? other) => one is null || other < one ? other : one;

    private Realm Make(RealmConfiguration configured)
    {
        AuthenticationConfiguration authentication = configured.Authentication!;
        var chain = new LoginChain([.. authentication.LoginModules.Select(module => (_modules.Make(module, configured), module.Success))]);
        return new Realm(chain, _throttle, _time, _logger)
        {
            Name = configured.Name,
            Description = configured.Description ?? configured.Name,
            Scheme = ChallengeScheme.Parse(authentication.ChallengeScheme!),
            Places = new CredentialPlaces(authentication.HttpHeaders, authentication.HttpQueryParameters, authentication.HttpCookies),
            SessionTimeout = Shorter(authentication.SessionTimeout, authentication.AuthorizationTimeout),
            TakesCertificates = authentication.LoginModules.Any(module => module.Type == CertificateLoginModule.Type),
        };
    }
}
