using System.Collections.Immutable;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;
using Tidegate.Gateway.Configuration.Source;
using Tidegate.Gateway.Security.Plugins;

namespace Tidegate.Gateway.Configuration;

/// <summary>What <c>realm</c> may hold.</summary>
internal static class RealmSettings
{
    private const string JavaClass = "class:";

    private static readonly string[] s_challengeSchemes = ["Basic", "Bearer", "Negotiate", "Application Basic", "Application Negotiate", "Application Token"];

    private static readonly string[] s_moduleTypes = ["file", "jwt", "jndi", "keystore", "ldap", "gss", "kerberos5", "ip-filter"];

    private static readonly AuthenticationConfiguration s_defaults = new();

    private static readonly SettingGroup s_options = new("<options>", [], NotServedYet.Nothing) { IsOpen = true };

    // Wrapped, because a setting's value is a class.
    private static readonly GroupSetting<SettingValues> s_moduleOptions = new(
        "options", s_options, (values, _, _) => values, values => values, "The options of the module, each an element of its name.");

    private static readonly Setting<string> s_moduleType = new(
        "type", new TextFormat($"{string.Join(" or ", s_moduleTypes)} or class:NAME", ModuleTypeFault), "What is asked.")
    {
        Required = true,
    };

    private static readonly Setting<LoginModuleSuccess> s_success = new(
        "success",
        new ChoiceFormat<LoginModuleSuccess>(
            ("required", LoginModuleSuccess.Required),
            ("requisite", LoginModuleSuccess.Requisite),
            ("sufficient", LoginModuleSuccess.Sufficient),
            ("optional", LoginModuleSuccess.Optional)),
        "What its success means for the others.")
    {
        Required = true,
    };

    private static readonly GroupSetting<LoginModuleConfiguration> s_module = new(
        "login-module",
        new SettingGroup("<login-module>", [s_moduleType, s_success, s_moduleOptions], NotServedYet.Nothing),
        BuildModule,
        module => new SettingValues()
            .With(s_moduleType, module.Type)
            .With(s_success, (LoginModuleSuccess?)module.Success)
            .With(s_moduleOptions, TakeModuleOptions(module.Options)),
        "One that checks who somebody is.")
    {
        Repeatable = true,
    };

    private static readonly GroupSetting<SettingValues> s_modules = new(
        "login-modules", new SettingGroup("<login-modules>", [s_module], NotServedYet.Nothing), (values, _, _) => values, values => values,
        "Those that check who somebody is, in the order in which they are asked.");

    private static readonly Setting<string> s_challengeScheme = new(
        "http-challenge-scheme",
        new ChallengeSchemeFormat(s_challengeSchemes),
        "How clients are asked: the browser itself (Basic, Negotiate), or the client library (Application …).");

    private static readonly Setting<string> s_header = Source("http-header", "A header that holds credentials besides Authorization.");
    private static readonly Setting<string> s_parameter = Source("http-query-parameter", "A query parameter that holds credentials.");
    private static readonly Setting<string> s_cookie = Source("http-cookie", "A cookie that holds credentials.");

    private static readonly Setting<string> s_authorizationMode = new(
        "authorization-mode",
        new ChoiceFormat<string>(("challenge", "challenge"), ("validate", "validate"), ("recycle", "recycle")),
        s_defaults.AuthorizationMode,
        "Whether credentials are asked for, only checked, or taken from a session that has them.");

    private static readonly Setting<TimeSpan> s_sessionTimeout = new(
        "session-timeout", new TimeIntervalFormat(TimeSpan.FromMilliseconds(1)), "The longest that a WebSocket session lasts.");

    private static readonly Setting<TimeSpan> s_authorizationTimeout = new(
        "authorization-timeout", new TimeIntervalFormat(TimeSpan.FromMilliseconds(1)), "How long an authorization holds. No client is asked for it again, so a WebSocket session lasts no longer.");

    private static readonly GroupSetting<AuthenticationConfiguration> s_authentication = new(
        "authentication",
        new SettingGroup(
            "<authentication>",
            [s_challengeScheme, s_header, s_parameter, s_cookie, s_authorizationMode, s_sessionTimeout, s_authorizationTimeout, s_modules],
            NotServedYet.Nothing),
        (values, _, _) => new AuthenticationConfiguration
        {
            ChallengeScheme = values.Get(s_challengeScheme),
            HttpHeaders = [.. values.All(s_header).Select(v => v.Value)],
            HttpQueryParameters = [.. values.All(s_parameter).Select(v => v.Value)],
            HttpCookies = [.. values.All(s_cookie).Select(v => v.Value)],
            AuthorizationMode = values.Get(s_authorizationMode)!,
            SessionTimeout = values.Has(s_sessionTimeout) ? values.Get(s_sessionTimeout) : null,
            AuthorizationTimeout = values.Has(s_authorizationTimeout) ? values.Get(s_authorizationTimeout) : null,
            LoginModules = values.Get(s_modules) is { } modules ? [.. modules.All(s_module).Select(v => v.Value)] : [],
        },
        authentication => new SettingValues()
            .With(s_challengeScheme, authentication.ChallengeScheme)
            .WithAll(s_header, authentication.HttpHeaders)
            .WithAll(s_parameter, authentication.HttpQueryParameters)
            .WithAll(s_cookie, authentication.HttpCookies)
            .With(s_authorizationMode, authentication.AuthorizationMode)
            .With(s_sessionTimeout, authentication.SessionTimeout)
            .With(s_authorizationTimeout, authentication.AuthorizationTimeout)
            .With(s_modules, authentication.LoginModules.IsEmpty ? null : new SettingValues().WithAll(s_module, authentication.LoginModules)),
        "How clients say who they are, and who checks it.");

    private static readonly Setting<string> s_name = new("name", new TextFormat("a name"), "What realm-name refers to.") { Required = true };

    private static readonly Setting<string> s_description = new("description", new TextFormat(), "What clients are shown.");

    private static readonly Setting<string> s_principalClass = new(
        "user-principal-class", new TextFormat("the name of a Java class"), "A Java class of principals that are users, for management. Without effect, and a warning says so.")
    {
        Repeatable = true,
    };

    internal static readonly GroupSetting<RealmConfiguration> Realm = new(
        "realm",
        new SettingGroup("<realm>", [s_name, s_description, s_principalClass, s_authentication], NotServedYet.Nothing),
        BuildRealm,
        realm => new SettingValues()
            .With(s_name, realm.Name)
            .With(s_description, realm.Description)
            .WithAll(s_principalClass, realm.UserPrincipalClasses)
            .With(s_authentication, realm.Authentication),
        "How those who use a service say who they are.")
    {
        Repeatable = true,
    };

    private static Setting<string> Source(string name, string documentation) => new(name, new TextFormat("a name"), documentation) { Repeatable = true };

    private static RealmConfiguration? BuildRealm(SettingValues values, SourcePosition position, Findings findings)
    {
        if (values.Get(s_name) is not { } name)
        {
            return null;
        }

        foreach ((string principal, SourcePosition written) in values.All(s_principalClass))
        {
            findings.Warning(
                written,
                $"Class {principal} could not be loaded. Please check the gateway configuration xml and confirm that user-principal-class value(s) are spelled correctly for realm {name}.",
                "Tidegate runs no Java, and tells users by their names: remove it.");
        }

        return new RealmConfiguration
        {
            Name = name,
            Description = values.Get(s_description),
            UserPrincipalClasses = [.. values.All(s_principalClass).Select(v => v.Value)],
            Authentication = values.Get(s_authentication),
            Position = position,
        };
    }

    private static LoginModuleConfiguration? BuildModule(SettingValues values, SourcePosition position, Findings findings)
    {
        if (values.Get(s_moduleType) is not { } type || !values.Has(s_success))
        {
            return null;
        }

        ImmutableArray<PropertyElement> options = [.. values.Get(s_moduleOptions)?.Others ?? []];
        if (type == "file" && !options.Any(option => option.Name is "file" or "filename"))
        {
            findings.Error(position, "Missing required option \"file\" to locate JAAS configuration file.", "Write <options><file>jaas-config.xml</file></options>.");
        }

        if (type.StartsWith(JavaClass, StringComparison.Ordinal) && !PluginLoginModule.HasAssembly(options))
        {
            findings.Warning(
                values.PositionOf(s_moduleType, position),
                $"Unable to find the login module class: {type[JavaClass.Length..]}.",
                "Tidegate runs no Java: nobody will get in by this module. Use one of another type, or write one in .NET and say where it is with <assembly> in its <options>.");
        }

        return new LoginModuleConfiguration { Type = type, Success = values.Get(s_success), Options = options };
    }

    private static SettingValues? TakeModuleOptions(ImmutableArray<PropertyElement> options)
    {
        if (options.IsEmpty)
        {
            return null;
        }

        var values = new SettingValues();
        values.Others.AddRange(options);
        return values;
    }

    private static TextFault? ModuleTypeFault(string type)
    {
        if (s_moduleTypes.Contains(type) || (type.StartsWith(JavaClass, StringComparison.Ordinal) && type.Length > JavaClass.Length))
        {
            return null;
        }

        return new(
            $"Unrecognized login module type: {type}.",
            Suggestion.For(type, s_moduleTypes) is { } similar ? $"Did you mean {similar}?" : $"Types: {string.Join(", ", s_moduleTypes)}, or class:NAME.");
    }

    /// <summary>The challenge schemes, one of which has been deprecated for long.</summary>
    private sealed class ChallengeSchemeFormat(string[] schemes) : ValueFormat<string>
    {
        private readonly ChoiceFormat<string> _choice = new([.. schemes.Select(scheme => (scheme, scheme))]);

        internal override string Description => _choice.Description;

        internal override ImmutableArray<string> Words => _choice.Words;

        internal override bool TryRead(string text, out string value, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out TextFault? fault) =>
            _choice.TryRead(text, out value!, out fault);

        internal override TextFault? Remark(string text) =>
            string.Equals(text, "Application Negotiate", StringComparison.OrdinalIgnoreCase)
                ? new(
                    "Setting http-challenge-scheme to \"Application Negotiate\" is deprecated.",
                    // Without a blank, as the old gateway had it.
                    "Use \"Negotiate\"instead. See \"http-challenge-scheme\" in the documentation for more information.")
                : null;
    }
}
