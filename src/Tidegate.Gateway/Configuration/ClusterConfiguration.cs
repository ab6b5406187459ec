using System.Collections.Immutable;

namespace Tidegate.Gateway.Configuration;

/// <summary>The <c>cluster</c> element: the gateways that this one works together with.</summary>
public sealed record ClusterConfiguration
{
    /// <summary><c>name</c>: gateways with the same name find each other.</summary>
    public required string Name { get; init; }

    /// <summary><c>accept</c>: where this gateway listens for the others, <c>tcp://host:port</c>.</summary>
    public ImmutableArray<ClusterAddress> Accepts { get; init; } = [];

    /// <summary><c>connect</c>: where the others are: <c>tcp://</c>, one <c>udp://</c> for multicast, or one <c>aws://</c>.</summary>
    public ImmutableArray<ClusterAddress> Connects { get; init; } = [];

    /// <summary><c>key-file</c>: the file that holds the cluster's keys, as a full path; or null.</summary>
    public string? KeyFile { get; init; }

    /// <summary><c>connect-options/aws.access-key-id</c>, or null.</summary>
    public string? AwsAccessKeyId { get; init; }

    /// <summary><c>connect-options/aws.secret-key</c>, or null. A secret: it is masked wherever it is shown.</summary>
    public string? AwsSecretKey { get; init; }

    /// <summary>Where the element starts.</summary>
    public required SourcePosition Position { get; init; }

    /// <summary>Where the text of each accept starts; empty for what no file holds.</summary>
    internal ImmutableArray<SourcePosition> AcceptPositions { get; init; } = [];

    /// <summary>Where the text of each connect starts; empty for what no file holds.</summary>
    internal ImmutableArray<SourcePosition> ConnectPositions { get; init; } = [];

    /// <summary>Where <c>key-file</c> has its path; null where there is none, or no file holds it.</summary>
    internal SourcePosition? KeyFilePosition { get; init; }

    /// <summary>Where the text of an accept starts, by its number.</summary>
    internal SourcePosition PositionOfAccept(int index) => index < AcceptPositions.Length ? AcceptPositions[index] : Position;
}

/// <summary>An address of a cluster.</summary>
/// <param name="Scheme"><c>tcp</c>, <c>udp</c> or <c>aws</c>.</param>
/// <param name="Host">The host as written: a name, an address, an interface such as <c>@eth0</c>, or <c>security-group</c>.</param>
/// <param name="Port">The port, 1 to 65535.</param>
/// <param name="Path">What follows, with its slash: the name of a security group; or empty.</param>
public sealed record ClusterAddress(string Scheme, string Host, int Port, string Path)
{
    /// <summary>The address as written.</summary>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Scheme}://{Host}:{Port}{Path}");
}
