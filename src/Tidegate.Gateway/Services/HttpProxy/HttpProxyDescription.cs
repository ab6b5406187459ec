using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>The <c>http.proxy</c> service type.</summary>
internal sealed class HttpProxyDescription : ServiceTypeDescription
{
    private static readonly HttpProxyOptions s_defaults = new();

    private static readonly Setting<bool> s_rewriteCookieDomain = Switch(
        "rewrite-cookie-domain", s_defaults.RewritesCookieDomains, "Whether the domain of cookies is rewritten, by cookie-domain-mapping.");

    private static readonly GroupSetting<TextMapping> s_cookieDomain = Mapping(
        "cookie-domain-mapping", "A domain of cookies and what it becomes.", CookieFault);

    private static readonly Setting<bool> s_rewriteCookiePath = Switch(
        "rewrite-cookie-path", s_defaults.RewritesCookiePaths, "Whether the path of cookies is rewritten, by cookie-path-mapping.");

    private static readonly GroupSetting<TextMapping> s_cookiePath = Mapping(
        "cookie-path-mapping", "A start of cookies' paths and what it becomes.", CookieFault);

    private static readonly Setting<bool> s_rewriteLocation = Switch(
        "rewrite-location", s_defaults.RewritesLocations,
        "Whether Location headers are rewritten: those that lead to the connect lead to the accept then, and location-mapping is heeded.");

    private static readonly GroupSetting<TextMapping> s_location = Mapping(
        "location-mapping", "A start of Location headers and what it becomes.", LocationFault);

    private static readonly Setting<ForwardedUse> s_forwarded = new(
        "use-forwarded",
        new ChoiceFormat<ForwardedUse>(("inject", ForwardedUse.Inject), ("exclude", ForwardedUse.Exclude), ("ignore", ForwardedUse.Ignore)),
        s_defaults.Forwarded,
        "Whether Forwarded, X-Forwarded-For, -Server, -Proto and -Host say who the client is, are removed, or are passed on as clients send them.");

    private static readonly Setting<BackEndPolicy> s_policy = new(
        "policy",
        new ChoiceFormat<BackEndPolicy>(
            ("in-order", BackEndPolicy.InOrder),
            ("least-sessions", BackEndPolicy.LeastSessions),
            ("random", BackEndPolicy.Random),
            ("round-robin", BackEndPolicy.RoundRobin),
            ("sticky", BackEndPolicy.Sticky)),
        s_defaults.Policy,
        "Which of several connects gets a request: the first that can be reached, of two random ones that with fewer requests and WebSockets, any, one after "
        + "the other, or the same for each address of a client.");

    private static readonly Setting<TimeSpan> s_idleTimeout = new(
        "idle-timeout", new TimeIntervalFormat(), s_defaults.IdleTimeout,
        "How long a back-end may neither take nor say anything while a request is with it. 0 is for ever.");

    private static readonly Setting<TimeSpan> s_maximumRecoveryInterval = new(
        "maximum.recovery.interval", new TimeIntervalFormat(), s_defaults.MaximumRecoveryInterval,
        "The longest pause between looks whether a back-end is there; while none is, clients are not accepted. 0 turns this off.");

    internal override string Name => "http.proxy";

    internal override string Documentation => "Passes HTTP requests, and WebSockets, on to HTTP servers behind the gateway.";

    internal override UriScheme[] AcceptSchemes => [UriScheme.Http, UriScheme.Https];

    internal override UriScheme[] ConnectSchemes => [UriScheme.Http, UriScheme.Https];

    internal override int MinimumConnects => 1;

    internal override int MaximumConnects => 64;

    internal override bool ConnectsByHttp => true;

    internal override SettingGroup Properties { get; } = new(
        "the properties of an http.proxy service",
        [
            s_rewriteCookieDomain, s_cookieDomain, s_rewriteCookiePath, s_cookiePath, s_rewriteLocation, s_location, s_forwarded,
            s_policy, s_idleTimeout, s_maximumRecoveryInterval,
        ],
        NotServedYet.Nothing);

    internal override Service Create(ServiceConfiguration configuration, ServiceContext context) => new HttpProxyService(configuration, context);

    internal override void CheckAddresses(string name, ImmutableArray<ServiceAddress> accepts, ImmutableArray<ServiceAddress> connects, Findings findings)
    {
        Check("accept", accepts);
        Check("connect", connects);
        void Check(string kind, ImmutableArray<ServiceAddress> addresses)
        {
            foreach (ServiceAddress address in addresses.Where(address => !address.Uri.Path.EndsWith('/')))
            {
                findings.Error(
                    address.Position, $"The path {address.Uri.Path} of {kind} URI {address.Uri} for service {name} needs to end with /.",
                    "What follows it in a request is appended to the other's. Append the slash.");
            }
        }
    }

    internal override ServiceOptions ReadOptions(ServiceProperties properties)
    {
        SettingValues values = properties.Values;
        return new HttpProxyOptions
        {
            RewritesCookieDomains = values.Get(s_rewriteCookieDomain),
            CookieDomains = [.. values.All(s_cookieDomain).Select(mapping => mapping.Value)],
            RewritesCookiePaths = values.Get(s_rewriteCookiePath),
            CookiePaths = [.. values.All(s_cookiePath).Select(mapping => mapping.Value)],
            RewritesLocations = values.Get(s_rewriteLocation),
            Locations = [.. values.All(s_location).Select(mapping => mapping.Value)],
            Forwarded = values.Get(s_forwarded),
            Policy = values.Get(s_policy),
            IdleTimeout = values.Get(s_idleTimeout),
            MaximumRecoveryInterval = values.Get(s_maximumRecoveryInterval),
        };
    }

    internal override SettingValues TakeOptions(ServiceOptions options)
    {
        var proxy = (HttpProxyOptions)options;
        return new SettingValues()
            .With(s_rewriteCookieDomain, (bool?)proxy.RewritesCookieDomains)
            .WithAll(s_cookieDomain, proxy.CookieDomains)
            .With(s_rewriteCookiePath, (bool?)proxy.RewritesCookiePaths)
            .WithAll(s_cookiePath, proxy.CookiePaths)
            .With(s_rewriteLocation, (bool?)proxy.RewritesLocations)
            .WithAll(s_location, proxy.Locations)
            .With(s_forwarded, (ForwardedUse?)proxy.Forwarded)
            .With(s_policy, (BackEndPolicy?)proxy.Policy)
            .With(s_idleTimeout, (TimeSpan?)proxy.IdleTimeout)
            .With(s_maximumRecoveryInterval, (TimeSpan?)proxy.MaximumRecoveryInterval);
    }

    private static Setting<bool> Switch(string name, bool @default, string documentation) => new(name, Choices.EnabledOrDisabled, @default, documentation);

    private static GroupSetting<TextMapping> Mapping(string name, string documentation, Func<string, TextFault?> fault)
    {
        var from = new Setting<string>("from", new TextFormat("text", fault), "What the back-end says.") { Required = true };
        var to = new Setting<string>("to", new TextFormat("text", fault), "What clients are told.") { Required = true };
        return new(
            name,
            new SettingGroup($"<{name}>", [from, to], NotServedYet.Nothing),
            (values, _, _) => values.Get(from) is { } f && values.Get(to) is { } t ? new TextMapping(f, t) : null,
            mapping => new SettingValues().With(from, mapping.From).With(to, mapping.To),
            documentation)
        {
            Repeatable = true,
        };
    }

    private static TextFault? CookieFault(string text) =>
        text.AsSpan().ContainsAnyExceptInRange('!', '~') || text.Contains(';', StringComparison.Ordinal)
            ? new($"{text} can not be a part of a cookie's attribute.", "Write a domain or a path, without white space and semicolons.")
            : null;

    private static TextFault? LocationFault(string text) =>
        text.AsSpan().ContainsAnyExceptInRange('!', '~') ? new($"There is white space or a character beyond ASCII in {text}.", "Percent-encode it.") : null;
}
