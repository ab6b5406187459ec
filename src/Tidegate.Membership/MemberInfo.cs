using System.Net;

namespace Tidegate.Membership;

/// <summary>A member, as this one sees it. Immutable.</summary>
public sealed record MemberInfo
{
    /// <summary>Its name; nobody else in the cluster has it.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is reached by UDP and TCP.</summary>
    public required IPEndPoint EndPoint { get; init; }

    /// <summary>How it is.</summary>
    public required MemberState State { get; init; }

    /// <summary>
    /// Whether somebody gets no answer from it. It is there until it has <see cref="MemberState.Failed"/>; mostly it is heard of again within a second.
    /// </summary>
    public bool IsSuspected { get; init; }

    /// <summary>When this member noticed that state, by this machine's clock.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>True for this member itself.</summary>
    public bool IsSelf { get; init; }

    /// <summary>What it says about itself in a few words; 512 bytes in all at most. None in <see cref="MemberMode.Plain"/>.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = System.Collections.Immutable.ImmutableDictionary<string, string>.Empty;

    /// <summary>The record that it has published; null where it has none, or is not there.</summary>
    public ReadOnlyMemory<byte>? Record { get; init; }

    /// <summary>The name, the address and the state.</summary>
    public override string ToString() => $"{Name} ({EndPoint}), {State}";
}
