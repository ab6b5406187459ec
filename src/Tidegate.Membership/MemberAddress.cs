using System.Net;
using System.Net.Sockets;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership;

/// <summary>
/// A member's address: the bytes as received, 4 or 16 of them, and the port. Compared byte by byte, because peers compare
/// so: <c>::ffff:10.0.0.1</c> and <c>10.0.0.1</c> are two addresses (specification, annex A1).
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

    /// <summary>The bytes as messages carry them.</summary>
    internal RawBytes Raw => _bytes;

    internal ushort Port { get; }

    /// <summary>True where a packet can be sent there: 4 or 16 bytes, and a port.</summary>
    internal bool IsUsable => _bytes.Length is WireLimits.Address4 or WireLimits.Address6 && Port != 0;

    public static bool operator ==(MemberAddress left, MemberAddress right) => left.Equals(right);

    public static bool operator !=(MemberAddress left, MemberAddress right) => !left.Equals(right);

    /// <summary>The address of an end point, in the one form used for our own: IPv4 in 4 bytes. A scope id is not kept.</summary>
    internal static MemberAddress From(IPEndPoint endPoint)
    {
        IPAddress address = endPoint.Address.IsIPv4MappedToIPv6 ? endPoint.Address.MapToIPv4() : endPoint.Address;
        return new MemberAddress(RawBytes.CopyOf(address.GetAddressBytes()), (ushort)endPoint.Port);
    }

    /// <summary>An address as a message carries it.</summary>
    internal static MemberAddress From(RawBytes bytes, ushort port) => new(bytes, port);

    /// <summary>Where packets go: IPv4 also where it came in 16 bytes.</summary>
    /// <exception cref="InvalidOperationException">The bytes are neither 4 nor 16.</exception>
    internal IPEndPoint ToEndPoint()
    {
        if (_bytes.Length is not (WireLimits.Address4 or WireLimits.Address6))
        {
            throw new InvalidOperationException($"An address has 4 or 16 bytes, not {_bytes.Length}.");
        }

        IPAddress address = new(_bytes.Span);
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, Port);
    }

    /// <inheritdoc/>
    public bool Equals(MemberAddress other) => Port == other.Port && _bytes == other._bytes;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is MemberAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_bytes, Port);

    /// <summary>The address and port as people write them.</summary>
    public override string ToString() => _bytes.Length switch
    {
        WireLimits.Address4 => $"{new IPAddress(_bytes.Span)}:{Port}",
        WireLimits.Address6 when ToEndPoint() is { AddressFamily: AddressFamily.InterNetwork } mapped => mapped.ToString(),
        WireLimits.Address6 => $"[{new IPAddress(_bytes.Span)}]:{Port}",
        _ => $"[no address]:{Port}",
    };
}
