using System.Collections.Frozen;

namespace Tidegate.Gateway.Configuration;

/// <summary>The XML namespaces of configuration files.</summary>
internal static class GatewayNamespaces
{
    /// <summary>The namespace that is read.</summary>
    internal const string Current = "http://xmlns.kaazing.org/2016/06/gateway";

    /// <summary>Earlier ones, whose elements mean partly other things.</summary>
    internal static FrozenSet<string> NotServedYet { get; } = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "http://xmlns.kaazing.org/2015/11/gateway",
        "http://xmlns.kaazing.org/2014/09/gateway",
        "http://xmlns.kaazing.com/2014/09/gateway",
        "http://xmlns.kaazing.com/2012/09/gateway",
        "http://xmlns.kaazing.com/2012/08/gateway",
        "http://xmlns.kaazing.com/2012/03/gateway",
        "http://xmlns.kaazing.com/gateway-config/excalibur",
        "http://xmlns.kaazing.com/gateway-config/dragonfire");
}
