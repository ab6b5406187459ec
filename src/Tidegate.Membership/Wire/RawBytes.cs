namespace Tidegate.Membership.Wire;

/// <summary>
/// A byte string of a message, compared by its content. Addresses, metadata and versions are repeated to other members
/// exactly as they came (specification, annex A1), so nil and empty are told apart on the wire, but they are equal, as
/// they are to peers.
/// </summary>
internal readonly struct RawBytes : IEquatable<RawBytes>
{
    private readonly byte[]? _bytes;

    private RawBytes(byte[] bytes) => _bytes = bytes;

    /// <summary>No byte string at all; also what a missing field holds.</summary>
    internal static RawBytes Nil => default;

    internal bool IsNil => _bytes is null;

    internal int Length => _bytes?.Length ?? 0;

    internal ReadOnlySpan<byte> Span => _bytes;

    internal static RawBytes CopyOf(ReadOnlySpan<byte> bytes) => new(bytes.ToArray());

    public static bool operator ==(RawBytes left, RawBytes right) => left.Equals(right);

    public static bool operator !=(RawBytes left, RawBytes right) => !left.Equals(right);

    /// <summary>True where both hold the same bytes; nil equals empty.</summary>
    public bool Equals(RawBytes other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is RawBytes other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    /// <summary>The bytes in hexadecimal, or "nil".</summary>
    public override string ToString() => IsNil ? "nil" : Convert.ToHexStringLower(Span);
}
