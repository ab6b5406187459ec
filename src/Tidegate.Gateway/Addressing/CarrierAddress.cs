using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Addressing;

/// <summary>What carries an accept or a connect, if its <c>*.transport</c> options say so: another place, or a pipe.</summary>
internal static class CarrierAddress
{
    /// <summary>The transport of the highest layer that has one, or null: <c>http.transport</c> goes before <c>tcp.transport</c>.</summary>
    internal static GatewayUri? Of(UriScheme scheme, ImmutableDictionary<string, GatewayUri> transports)
    {
        if (transports.IsEmpty)
        {
            return null;
        }

        foreach (string layer in LayersOf(scheme))
        {
            if (transports.TryGetValue(layer, out GatewayUri? carrier))
            {
                return carrier;
            }
        }

        return null;
    }

    /// <summary>Whether a scheme can be carried so: what speaks no TLS, over TCP at another place or over a pipe.</summary>
    internal static bool IsServed(UriScheme scheme, GatewayUri carrier) =>
        !scheme.UsesTls && scheme != UriScheme.Pipe && (carrier.Scheme == UriScheme.Tcp || carrier.Scheme == UriScheme.Pipe);

    /// <summary>The URI that says where an accept or a connect really is: that of its transport, or its own.</summary>
    /// <exception cref="GatewayStartException">The transport is not served.</exception>
    internal static GatewayUri Check(ServiceAddress address, ImmutableDictionary<string, GatewayUri> transports, ServiceConfiguration service)
    {
        GatewayUri? carrier = Of(address.Uri.Scheme, transports);
        return carrier is null || IsServed(address.Uri.Scheme, carrier)
            ? carrier ?? address.Uri
            : throw new GatewayStartException(
                $"{address.Position}: service \"{service.Name}\": Tidegate does not serve {address.Uri} over {carrier} yet. Write a transport of scheme tcp or pipe under http, ws or tcp.");
    }

    private static ImmutableArray<string> LayersOf(UriScheme scheme)
    {
        if (scheme == UriScheme.Pipe)
        {
            return ["pipe"];
        }

        ImmutableArray<string> lower = scheme.UsesTls ? ["ssl", "tcp"] : ["tcp"];
        return scheme.TakesPath ? ["http", .. lower] : lower;
    }
}
