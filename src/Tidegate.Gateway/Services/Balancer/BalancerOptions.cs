using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.Balancer;

/// <summary>The properties of a <c>balancer</c> service.</summary>
public sealed record BalancerOptions : ServiceOptions
{
    /// <summary><c>policy</c>: how one of several members is chosen.</summary>
    public BalancePolicy Policy { get; init; } = BalancePolicy.LeastSessions;

    /// <summary><c>unaware.clients</c>: what becomes of a WebSocket client that does not say that it understands balancers.</summary>
    public UnawareClients UnawareClients { get; init; } = UnawareClients.Relay;
}

/// <summary>How a balancer chooses.</summary>
public enum BalancePolicy
{
    /// <summary>Of two random members the one with fewer sessions.</summary>
    LeastSessions,

    /// <summary>Any.</summary>
    Random,

    /// <summary>One after the other.</summary>
    RoundRobin,
}

/// <summary>What becomes of WebSocket clients that may not follow a redirect, such as browsers.</summary>
public enum UnawareClients
{
    /// <summary>The balancer connects to the member for them.</summary>
    Relay,

    /// <summary>They are redirected all the same, with 302.</summary>
    Redirect,
}
