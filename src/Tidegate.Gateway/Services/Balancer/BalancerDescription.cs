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
            ("least-sessions", BalancePolicy.LeastSessions), ("random", BalancePolicy.Random), ("round-robin", BalancePolicy.RoundRobin)),
        s_defaults.Policy,
        "How one of several services is chosen: of two random ones that with fewer sessions, any, or one after the other.");

    private static readonly Setting<UnawareClients> s_unawareClients = new(
        "unaware.clients",
        new ChoiceFormat<UnawareClients>(("relay", UnawareClients.Relay), ("redirect", UnawareClients.Redirect)),
        s_defaults.UnawareClients,
        "What becomes of WebSocket clients, which browsers do not redirect: this gateway connects to the service for them, or answers 302 all the same.");

    internal override string Name => "balancer";

    internal override string Documentation => "Sends each client to one of the services that name its accept in balance, in this gateway or in others of its cluster.";

    // sse is read, and refused like other schemes that are not served.
    internal override UriScheme[] AcceptSchemes { get; } =
        [UriScheme.Ws, UriScheme.Wss, UriScheme.Http, UriScheme.Https, UriScheme.Find("sse")!, UriScheme.Find("sse+ssl")!];

    internal override SettingGroup Properties { get; } = new("the properties of a balancer service", [s_policy, s_unawareClients], NotServedYet.Nothing);

    internal override Service Create(ServiceConfiguration configuration, ServiceContext context) => new BalancerService(configuration, context);

    internal override ServiceOptions ReadOptions(ServiceProperties properties) => new BalancerOptions
    {
        Policy = properties.Values.Get(s_policy),
        UnawareClients = properties.Values.Get(s_unawareClients),
    };

    internal override SettingValues TakeOptions(ServiceOptions options)
    {
        var balancer = (BalancerOptions)options;
        return new SettingValues()
            .With(s_policy, (BalancePolicy?)balancer.Policy)
            .With(s_unawareClients, (UnawareClients?)balancer.UnawareClients);
    }
}
