using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.Balancer;

/// <summary>The properties of a <c>balancer</c> service.</summary>
public sealed record BalancerOptions : ServiceOptions
{
    /// <summary><c>policy</c>: how one of several members is chosen.</summary>
    public BalancePolicy Policy { get; init; } = BalancePolicy.LeastSessions;

    /// <summary><c>hash.header</c>: the header that says which member a client goes to; null where another thing does.</summary>
    public string? HashHeader { get; init; }

    /// <summary><c>hash.query</c>: the parameter of the query that says which member a client goes to; null where another thing does.</summary>
    public string? HashQuery { get; init; }

    /// <summary><c>member.cookie</c>: whether clients get a cookie that leads them back to their member.</summary>
    public bool MemberCookie { get; init; } = true;

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

    /// <summary>The member where the client was last, by its cookie, or else by its address.</summary>
    Sticky,

    /// <summary>The member that a header or a parameter of the query stands for.</summary>
    Hash,
}

/// <summary>What becomes of WebSocket clients that may not follow a redirect, such as browsers.</summary>
public enum UnawareClients
{
    /// <summary>The balancer connects to the member for them.</summary>
    Relay,

    /// <summary>They are redirected all the same, with 302.</summary>
    Redirect,
}
