namespace Tidegate.Membership.Serf;

/// <summary>The keyring, as far as other members may work on it by queries.</summary>
internal interface IKeyOperations
{
    /// <summary>The installed keys, the one that seals first.</summary>
    IReadOnlyList<byte[]> Keys { get; }

    /// <summary>Adds a key of 16, 24 or 32 bytes that is not installed, to open with. The keyring bounds how many there may be.</summary>
    /// <returns>Null, or why it could not be done.</returns>
    string? Install(ReadOnlySpan<byte> key);

    /// <summary>Seals with an installed key from now on.</summary>
    /// <returns>Null, or why it could not be done.</returns>
    string? Use(ReadOnlySpan<byte> key);

    /// <summary>Removes an installed key that does not seal.</summary>
    /// <returns>Null, or why it could not be done.</returns>
    string? Remove(ReadOnlySpan<byte> key);
}
