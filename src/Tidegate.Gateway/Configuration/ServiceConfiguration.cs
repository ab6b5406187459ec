using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Configuration;

/// <summary>One <c>service</c> element.</summary>
public sealed record ServiceConfiguration
{
    /// <summary>The name, unique in the file.</summary>
    public required string Name { get; init; }

    /// <summary>The description, or null.</summary>
    public string? Description { get; init; }

    /// <summary>The service type, such as <c>echo</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Where the service listens, in the order of the file.</summary>
    public required ImmutableArray<ServiceAddress> Accepts { get; init; }

    /// <summary>Where the service connects to, in the order in which they are tried; empty for services that do not connect.</summary>
    public ImmutableArray<ServiceAddress> Connects { get; init; } = [];

    /// <summary><c>balance</c>: the balancers' URIs that lead clients to this service.</summary>
    public ImmutableArray<ServiceAddress> Balances { get; init; } = [];

    /// <summary><c>notify</c>: as written; the old gateway read it and did nothing.</summary>
    public ImmutableArray<string> Notifies { get; init; } = [];

    /// <summary><c>notify-options</c> and <c>ws-extension</c>, as written: read, and not served.</summary>
    public ImmutableArray<PropertyElement> Unheeded { get; init; } = [];

    /// <summary><c>realm-name</c>: the realm that clients pass, or null.</summary>
    public string? RealmName { get; init; }

    /// <summary>
    /// The roles that a client must all have; <c>*</c> alone for anyone whom the realm knows. Empty where the service is open to
    /// everyone, and only there.
    /// </summary>
    public ImmutableArray<string> RequiredRoles { get; init; } = [];

    /// <summary>The accept-options, those of service-defaults merged in.</summary>
    public required AcceptOptions AcceptOptions { get; init; }

    /// <summary>The connect-options, those of service-defaults merged in.</summary>
    public required ConnectOptions ConnectOptions { get; init; }

    /// <summary>The cross-site-constraints; without any, only pages of the service's own origin may use it from a browser.</summary>
    public ImmutableArray<CrossSiteConstraint> CrossSiteConstraints { get; init; } = [];

    /// <summary>
    /// The media type of each file name extension (lower case, no dot) that has a <c>mime-mapping</c>, those of service-defaults merged in.
    /// </summary>
    public ImmutableDictionary<string, string> MimeTypes { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The properties, as the record that belongs to <see cref="Type"/>: <c>ProxyOptions</c> for <c>proxy</c>.</summary>
    public required ServiceOptions Options { get; init; }

    /// <summary>Where the <c>service</c> element starts.</summary>
    public required SourcePosition Position { get; init; }

    /// <summary>What could not be read of it; nothing in a configuration without errors.</summary>
    internal ServiceDoubts Doubts { get; init; }

    /// <summary>Where the accept-options are written that say where sockets are bound, by name; empty for what no file holds.</summary>
    internal ImmutableDictionary<string, SourcePosition> AcceptPlaces { get; init; } = ImmutableDictionary<string, SourcePosition>.Empty;

    /// <summary>The same for connect-options.</summary>
    internal ImmutableDictionary<string, SourcePosition> ConnectPlaces { get; init; } = ImmutableDictionary<string, SourcePosition>.Empty;

    /// <summary>Where it is written at which place an accept is bound: in the option that says so, or in the accept itself.</summary>
    internal SourcePosition PlacePositionOf(ServiceAddress accept)
    {
        ArgumentNullException.ThrowIfNull(accept);
        Carriage carriage = Carriage.Of(accept.Uri, AcceptOptions.Transports);
        string? bound = accept.Uri.Scheme.BindLayers.FirstOrDefault(AcceptOptions.Binds.ContainsKey);
        string option = carriage.IsDirect ? $"{bound}.bind" : $"{carriage.Replaced[^1]}.transport";
        return AcceptPlaces.GetValueOrDefault(option, accept.Position);
    }

    /// <summary>Where it is written which place a connect leads to.</summary>
    internal SourcePosition ConnectPositionOf(ServiceAddress connect)
    {
        ArgumentNullException.ThrowIfNull(connect);
        Carriage carriage = Carriage.Of(connect.Uri, ConnectOptions.Transports);
        return carriage.IsDirect ? connect.Position : ConnectPlaces.GetValueOrDefault($"{carriage.Replaced[^1]}.transport", connect.Position);
    }

    /// <summary>Where the local address of connections is written.</summary>
    internal SourcePosition LocalPosition => ConnectPlaces.GetValueOrDefault("tcp.bind", Position);
}

/// <summary>An accept or connect URI and the place where it is written.</summary>
/// <param name="Uri">The URI.</param>
/// <param name="Position">Where its text starts.</param>
public sealed record ServiceAddress(GatewayUri Uri, SourcePosition Position)
{
    /// <summary>True for an accept that is not for clients, but for what a <c>broadcast</c> service sends to them.</summary>
    public bool IsForFeeds { get; init; }
}

/// <summary>The typed properties of a service; each service type derives its own record.</summary>
public abstract record ServiceOptions;
