using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Services.Balancer;

/// <summary>The <c>balancer</c> service type.</summary>
internal sealed class BalancerDescription : ServiceTypeDescription
{
    private static readonly BalancerOptions s_defaults = new();

    private static readonly Setting<BalancePolicy> s_policy = new(
        "policy",
        new ChoiceFormat<BalancePolicy>(
            ("least-sessions", BalancePolicy.LeastSessions),
            ("random", BalancePolicy.Random),
            ("round-robin", BalancePolicy.RoundRobin),
            ("sticky", BalancePolicy.Sticky),
            ("hash", BalancePolicy.Hash)),
        s_defaults.Policy,
        "How one of several services is chosen, each by its balance.weight: of two random ones that with fewer sessions, any, one after the other, "
        + "the same for each address of a client, or the same for each value of hash.header or hash.query.");

    private static readonly Setting<string> s_hashHeader = new(
        "hash.header", new TextFormat("the name of a header", HeaderFault),
        "The header by whose value policy hash chooses. For clients that do not send it, their address is taken.");

    private static readonly Setting<string> s_hashQuery = new(
        "hash.query", new TextFormat("the name of a parameter"),
        "The parameter of the query by whose value policy hash chooses. For clients that do not send it, their address is taken.");

    private static readonly Setting<bool> s_memberCookie = new(
        "member.cookie", Choices.EnabledOrDisabled, s_defaults.MemberCookie,
        "Whether clients get the cookie TIDEGATE_MEMBER, which leads them back to where they were, before any policy.");

    private static readonly Setting<UnawareClients> s_unawareClients = new(
        "unaware.clients",
        new ChoiceFormat<UnawareClients>(("relay", UnawareClients.Relay), ("redirect", UnawareClients.Redirect)),
        s_defaults.UnawareClients,
        "What becomes of WebSocket clients, which browsers do not redirect: this gateway connects to the service for them, or answers 302 all the same.");

    internal override string Name => "balancer";

    internal override string Documentation => "Sends each client to one of the services that name its accept in balance, in this gateway or in others of its cluster.";

    internal override UriScheme[] AcceptSchemes { get; } =
        [UriScheme.Ws, UriScheme.Wss, UriScheme.Http, UriScheme.Https, UriScheme.Sse, UriScheme.SecureSse];

    internal override SettingGroup Properties { get; } = new("the properties of a balancer service", [s_policy, s_hashHeader, s_hashQuery, s_memberCookie, s_unawareClients], NotServedYet.Nothing);

    internal override Service Create(ServiceConfiguration configuration, ServiceContext context) => new BalancerService(configuration, context);

    internal override ServiceOptions ReadOptions(ServiceProperties properties)
    {
        CheckHash(properties);
        return new BalancerOptions
        {
            Policy = properties.Values.Get(s_policy),
            HashHeader = properties.Values.Get(s_hashHeader),
            HashQuery = properties.Values.Get(s_hashQuery),
            MemberCookie = properties.Values.Get(s_memberCookie),
            UnawareClients = properties.Values.Get(s_unawareClients),
        };
    }

    internal override SettingValues TakeOptions(ServiceOptions options)
    {
        var balancer = (BalancerOptions)options;
        return new SettingValues()
            .With(s_policy, (BalancePolicy?)balancer.Policy)
            .With(s_hashHeader, balancer.HashHeader)
            .With(s_hashQuery, balancer.HashQuery)
            .With(s_memberCookie, (bool?)balancer.MemberCookie)
            .With(s_unawareClients, (UnawareClients?)balancer.UnawareClients);
    }

    private static void CheckHash(ServiceProperties properties)
    {
        SettingValues values = properties.Values;
        Setting? named = values.Has(s_hashHeader) ? s_hashHeader : values.Has(s_hashQuery) ? s_hashQuery : null;
        bool isHash = values.Get(s_policy) == BalancePolicy.Hash;
        if (isHash && named is null && !values.Unreadable.Contains(s_hashHeader.Name) && !values.Unreadable.Contains(s_hashQuery.Name))
        {
            properties.Findings.Error(
                values.PositionOf(s_policy, properties.Service), "policy hash needs to know what to choose by.",
                "Add hash.header with the name of a header, or hash.query with that of a parameter; or write sticky, which goes by the client's address.");
        }
        else if (isHash && values.Has(s_hashHeader) && values.Has(s_hashQuery))
        {
            properties.Findings.Error(
                values.PositionOf(s_hashQuery, properties.Service), "hash.header and hash.query both say what policy hash chooses by.", "Keep one of them.");
        }
        else if (!isHash && named is not null && !values.Unreadable.Contains(s_policy.Name))
        {
            properties.Findings.Error(
                values.PositionOf(named, properties.Service), $"{named.Name} does nothing: it is for policy hash.", "Write <policy>hash</policy>, or remove it.");
        }
    }

    // RFC 9110, section 5.6.2.
    private static TextFault? HeaderFault(string name) =>
        name.FirstOrDefault(c => !char.IsAsciiLetterOrDigit(c) && !"!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal)) is var wrong and not default(char)
            ? new($"The name of a header has no \"{wrong}\" in it.", "Write a name such as X-User.")
            : null;
}
