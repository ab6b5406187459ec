using System.Net;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership;

/// <summary>
/// A member's address: 4 or 16 bytes exactly as they were received, and the port. Two addresses are equal where their bytes
/// are; peers compare them so, and an IPv4 address in 16 bytes is another one than in 4 (specification, annex A1).
/// </summary>
internal readonly struct MemberAddress : IEquatable<MemberAddress>
{
    private readonly RawBytes _bytes;

    private MemberAddress(RawBytes bytes, ushort port)
    {
        _bytes = bytes;
        Port = port;
    }

    internal ReadOnlySpan<byte> Bytes => _bytes.Span;

    internal ushort Port { get; }

    /// <param name="endPoint">Becomes 4 bytes for IPv4 and 16 for IPv6.</param>
    internal static MemberAddress From(IPEndPoint endPoint) =>
        new(RawBytes.CopyOf(endPoint.Address.GetAddressBytes()), (ushort)endPoint.Port);

    /// <param name="bytes">4 or 16 bytes, kept as they are.</param>
    /// <param name="port">0 where the member gave none.</param>
    internal static MemberAddress From(RawBytes bytes, ushort port) => new(bytes, port);

    public static bool operator ==(MemberAddress left, MemberAddress right) => left.Equals(right);

    public static bool operator !=(MemberAddress left, MemberAddress right) => !left.Equals(right);

    /// <summary>Where packets and streams go: IPv4 in 16 bytes becomes plain IPv4, because sockets of that family need it.</summary>
    /// <exception cref="InvalidOperationException">There are neither 4 nor 16 bytes.</exception>
    internal IPEndPoint ToEndPoint()
    {
        if (_bytes.Length is not (WireLimits.Address4 or WireLimits.Address6))
        {
            throw new InvalidOperationException($"An address has 4 or 16 bytes, not {_bytes.Length}.");
        }

        IPAddress address = new(_bytes.Span);
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, Port);
    }

    public bool Equals(MemberAddress other) => Port == other.Port && _bytes == other._bytes;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is MemberAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_bytes, Port);

    /// <summary>As people write it, <c>192.168.2.10:7946</c> or <c>[fd00::1]:7946</c>.</summary>
    public override string ToString() =>
        _bytes.Length is WireLimits.Address4 or WireLimits.Address6 ? ToEndPoint().ToString() : $"{_bytes}:{Port}";
}
