using System.Collections.Immutable;

namespace Tidegate.Gateway.Configuration;

/// <summary>What the elements of a file mean, which three times has changed a little.</summary>
internal enum GatewayEdition
{
    /// <summary>Up to 2014/09: files of a directory may not be kept by browsers unless said otherwise.</summary>
    September2014,

    /// <summary>2015/11: <c>realm-name</c> alone protects nothing, and every <c>balance</c> has its balancer in the same file.</summary>
    November2015,

    /// <summary>2016/06: <c>realm-name</c> alone asks for a login, and balancers may run elsewhere.</summary>
    June2016,
}

/// <summary>The XML namespaces of configuration files.</summary>
internal static class GatewayNamespaces
{
    /// <summary>The newest, which new files have.</summary>
    internal const string Current = "http://xmlns.kaazing.org/2016/06/gateway";

    /// <summary>Every namespace that was ever documented, the newest first. Files hold them in any case.</summary>
    internal static ImmutableArray<(string Uri, GatewayEdition Edition)> All { get; } =
    [
        (Current, GatewayEdition.June2016),
        ("http://xmlns.kaazing.org/2015/11/gateway", GatewayEdition.November2015),
        ("http://xmlns.kaazing.org/2014/09/gateway", GatewayEdition.September2014),
        ("http://xmlns.kaazing.com/2014/09/gateway", GatewayEdition.September2014),
        ("http://xmlns.kaazing.com/2012/09/gateway", GatewayEdition.September2014),
        ("http://xmlns.kaazing.com/2012/08/gateway", GatewayEdition.September2014),
        ("http://xmlns.kaazing.com/2012/03/gateway", GatewayEdition.September2014),
        ("http://xmlns.kaazing.com/gateway-config/excalibur", GatewayEdition.September2014),
        ("http://xmlns.kaazing.com/gateway-config/dragonfire", GatewayEdition.September2014),
    ];

    /// <summary>The edition of a namespace, or null if it is none of a configuration file.</summary>
    internal static GatewayEdition? EditionOf(string uri)
    {
        foreach ((string known, GatewayEdition edition) in All)
        {
            if (string.Equals(known, uri, StringComparison.OrdinalIgnoreCase))
            {
                return edition;
            }
        }

        return null;
    }
}
