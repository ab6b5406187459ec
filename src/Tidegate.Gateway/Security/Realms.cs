using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security.Certificates;
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
        // Of two with one name, which the reader refuses, there is the first.
        _configured = security.Realms.DistinctBy(realm => realm.Name).ToDictionary(realm => realm.Name, StringComparer.Ordinal);
    }

    /// <summary>Why a service can not be protected as it asks to be, by what is not served yet or not said; null where it can, or is open.</summary>
    internal static ConfigurationError? WhyNot(ServiceConfiguration service, SecurityConfiguration security)
    {
        if (service.RealmName is null && service.RequiredRoles.IsEmpty && service.AcceptOptions.HttpRealms.IsEmpty)
        {
            return null;
        }

        const string WouldBeOpen = "Tidegate never starts a service without the protection that its file asks for.";
        if (service.RealmName is not { } name || security.Realms.FirstOrDefault(realm => realm.Name == name) is not { } realm)
        {
            return new(service.Position, "Tidegate does not serve this protection yet.", $"Write <realm-name>. {WouldBeOpen}");
        }

        if (service.Accepts.FirstOrDefault(accept => !accept.Uri.Scheme.TakesPath) is { } bare)
        {
            return new(bare.Position, $"Nobody can be asked who they are at {bare.Uri.Scheme.Name}://, and the service \"{service.Name}\" has a realm.", "Accept it at ws:// or http://, or remove <realm-name> if everyone may use it.");
        }

        if (realm.Authentication?.ChallengeScheme is not { } scheme)
        {
            return new(realm.Position, $"The realm \"{name}\" does not say how clients are asked.", "Write <http-challenge-scheme>Basic</http-challenge-scheme> into its <authentication>.");
        }

        if (ChallengeScheme.Parse(scheme).Name == ChallengeScheme.Negotiate)
        {
            return new(realm.Position, $"Tidegate does not serve challenges of scheme {scheme} yet.", "Use Basic or a token.");
        }

        if (realm.Authentication.LoginModules.IsEmpty)
        {
            return new(realm.Position, $"The realm \"{name}\" has no login module, so it knows nobody.", "Write a <login-module> into its <authentication>.");
        }

        if (realm.Authentication.LoginModules.Any(module => module.Type == CertificateLoginModule.Type) && service.AcceptOptions.Tls.VerifyClient == ClientVerification.None)
        {
            return new(
                service.Position,
                $"The realm \"{name}\" knows clients by their certificates, and the service \"{service.Name}\" asks for none.",
                "Write <ssl.verify-client>optional</ssl.verify-client>, or required, into its <accept-options>, and accept it at wss:// or https://.");
        }

        return realm.Authentication.LoginModules.FirstOrDefault(module => !LoginModuleFactory.Types.Contains(module.Type) && !PluginLoginModule.IsOne(module)) is { } other
            ? new(realm.Position, $"Tidegate does not serve login modules of type {other.Type} yet.", $"Served are: {string.Join(", ", LoginModuleFactory.Types)}. {WouldBeOpen}")
            : null;
    }

    /// <summary>Everything that is wrong with what realms in use rely on, as the start would find it.</summary>
    internal static ImmutableArray<ConfigurationError> Check(GatewayConfiguration configuration, TimeProvider time, string? plugins)
    {
        using var realms = new Realms(configuration.Security, time, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, plugins);
        var errors = new List<ConfigurationError>();
        foreach (ServiceConfiguration service in configuration.Services.Where(service => WhyNot(service, configuration.Security) is null))
        {
            if (configuration.Security.Realms.FirstOrDefault(realm => realm.Name == service.RealmName)?.Authentication!.LoginModules.Any(module => module.Type == "file" && LoginModuleFactory.FileOf(module) is null) == true)
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
        if (service.RealmName is not { } name)
        {
            return null;
        }

        if (!_made.TryGetValue(name, out Realm? realm))
        {
            realm = Make(_configured[name]);
            _made.Add(name, realm);
        }

        return new Protection(realm, service.RequiredRoles);
    }

    public void Dispose() => _modules.Dispose();

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
            SessionTimeout = authentication.SessionTimeout,
            TakesCertificates = authentication.LoginModules.Any(module => module.Type == CertificateLoginModule.Type),
        };
    }
}
