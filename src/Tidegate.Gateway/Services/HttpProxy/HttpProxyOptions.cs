using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>The properties of an <c>http.proxy</c> service. Its back-ends are the service's connects.</summary>
public sealed record HttpProxyOptions : ServiceOptions
{
    /// <summary><c>rewrite-cookie-domain</c>: whether <see cref="CookieDomains"/> are heeded.</summary>
    public bool RewritesCookieDomains { get; init; }

    /// <summary><c>cookie-domain-mapping</c>: what domains of cookies become, in the order of the file.</summary>
    public ImmutableArray<TextMapping> CookieDomains { get; init; } = [];

    /// <summary><c>rewrite-cookie-path</c>: whether <see cref="CookiePaths"/> are heeded.</summary>
    public bool RewritesCookiePaths { get; init; }

    /// <summary><c>cookie-path-mapping</c>: what the starts of cookies' paths become, in the order of the file.</summary>
    public ImmutableArray<TextMapping> CookiePaths { get; init; } = [];

    /// <summary><c>rewrite-location</c>: whether a <c>Location</c> at the back-end becomes one at the gateway.</summary>
    public bool RewritesLocations { get; init; } = true;

    /// <summary><c>location-mapping</c>: what else the starts of locations become, in the order of the file.</summary>
    public ImmutableArray<TextMapping> Locations { get; init; } = [];

    /// <summary><c>use-forwarded</c>: what becomes of headers that say who the client is.</summary>
    public ForwardedUse Forwarded { get; init; }

    /// <summary><c>policy</c>: which of several back-ends gets a request.</summary>
    public BackEndPolicy Policy { get; init; }

    /// <summary><c>idle-timeout</c>: how long a back-end may neither take nor say anything while a request is with it; zero for ever.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// <c>maximum.recovery.interval</c>: the longest pause between looks whether a back-end is there; zero for none. With it, a service turns its
    /// clients away while none is.
    /// </summary>
    public TimeSpan MaximumRecoveryInterval { get; init; }
}

/// <summary>What a text becomes.</summary>
/// <param name="From">What the back-end says.</param>
/// <param name="To">What clients are told.</param>
public sealed record TextMapping(string From, string To);

/// <summary>What becomes of <c>Forwarded</c> and of the headers that begin with <c>X-Forwarded-</c>.</summary>
public enum ForwardedUse
{
    /// <summary>They are passed on as they come.</summary>
    Ignore,

    /// <summary>The gateway says who its client is.</summary>
    Inject,

    /// <summary>They are taken out.</summary>
    Exclude,
}

/// <summary>How one of several back-ends is chosen.</summary>
public enum BackEndPolicy
{
    /// <summary>The first that can be reached.</summary>
    InOrder,

    /// <summary>Of two random ones that with fewer requests and WebSockets.</summary>
    LeastSessions,

    /// <summary>Any.</summary>
    Random,

    /// <summary>One after the other.</summary>
    RoundRobin,

    /// <summary>The same for each address of a client.</summary>
    Sticky,
}
