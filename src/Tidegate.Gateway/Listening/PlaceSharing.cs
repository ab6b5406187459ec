using System.Net;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Listening;

/// <summary>What several accepts may be at.</summary>
internal enum PlaceKind
{
    /// <summary>An address and a port.</summary>
    Port,

    /// <summary>A pipe inside the gateway.</summary>
    Pipe,

    /// <summary>A WebSocket that carries them.</summary>
    Tunnel,
}

/// <summary>
/// Which accepts may be at one place together, but for their hosts and paths, which <see cref="Http.RouteTable"/> compares. The start
/// asks before it binds, and <see cref="ClaimCheck"/> asks without binding.
/// </summary>
internal static class PlaceSharing
{
    /// <summary>Whether an accept may join another: both must speak HTTP, with the same TLS.</summary>
    /// <param name="first">What the place was taken for.</param>
    /// <param name="security">The TLS that is there.</param>
    /// <param name="binding">What is to be there, too.</param>
    /// <param name="place">What messages call the place.</param>
    /// <param name="kind">What it is.</param>
    /// <exception cref="GatewayStartException">It may not.</exception>
    internal static void Check(Binding first, PortSecurity security, Binding binding, string place, PlaceKind kind)
    {
        ServiceAddress accept = binding.Accept;
        if (!first.IsHttp || !binding.IsHttp)
        {
            string other = $"{first.Accept.Uri} of service \"{first.Configuration.Name}\" ({first.Accept.Position})";
            (string problem, string cure) = kind switch
            {
                PlaceKind.Port => (
                    $"{place} is taken already by {other}, and a {(binding.IsHttp ? first.Accept : accept).Uri.Scheme} accept can not share its port.",
                    "Give one of the two another port."),
                PlaceKind.Pipe => ($"{place} is taken already by {other}.", "Give one of the two another name."),
                _ => ($"{place} carries {other} already.", "Give one of the two another path."),
            };
            throw new GatewayStartException(accept.Position, binding.Configuration, problem, cure);
        }

        if (security.WhyNotShared(first.Accept, binding, place) is { } reason)
        {
            throw new GatewayStartException(accept.Position, binding.Configuration, $"{reason}.", "");
        }
    }

    /// <summary>That an address is also bound as one of all addresses, or the other way round.</summary>
    internal static GatewayStartException Overlap(Binding binding, IPEndPoint endPoint, Binding first, IPEndPoint bound, Exception? cause = null) => new(
        binding.Accept.Position,
        binding.Configuration,
        $"Unable to bind {binding.Accept.Uri} (at {endPoint}): {bound} is bound for {first.Accept.Uri} of service \"{first.Configuration.Name}\" ({first.Accept.Position}), "
        + "and a port of all addresses is not bound again for one of them.",
        "Give one of the two another port, or bind both at the same address with tcp.bind.",
        cause);

    /// <summary>Whether two end points are one address and all addresses of the same port.</summary>
    internal static bool Overlaps(IPEndPoint one, IPEndPoint other) =>
        one.Port == other.Port && one.AddressFamily == other.AddressFamily && (IsAny(one) || IsAny(other));

    private static bool IsAny(IPEndPoint endPoint) => endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any);
}
