namespace Tidegate.Gateway.Configuration;

/// <summary>
/// What is not known of a service because some of its options are wrong. Such a file is refused anyway; but checks that go on must not
/// report what only follows from the errors.
/// </summary>
[Flags]
internal enum ServiceDoubts
{
    /// <summary>Everything is known that matters to a check.</summary>
    None = 0,

    /// <summary>Where its accepts are really bound: a bind or a transport option is wrong.</summary>
    AcceptPlaces = 1,

    /// <summary>Where its connects really lead.</summary>
    ConnectPlaces = 2,

    /// <summary>Whether and how TLS is spoken.</summary>
    Tls = 4,

    /// <summary>What it could share its places with.</summary>
    Sharing = 8,
}
