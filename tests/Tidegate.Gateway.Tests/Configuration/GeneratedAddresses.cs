using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>Addresses in every form that files may hold.</summary>
internal static class GeneratedAddresses
{
    // Interfaces, and what only somebody who accepts can mean.
    private static readonly string[] s_localHosts = ["@eth0", "[@eth0:1]", "[@Local Area Connection]", "[@${nic} $${0} <1> & ä]", "*", "0.0.0.0", "[::]"];

    private static readonly string[] s_hosts =
        ["host.example", "a_b.example", "xn--bcher-kva.example", "localhost", "10.1.2.3", "[::1]", "[fd00::1]", "[fe80::1%1]", "[::ffff:10.0.0.1]"];

    private static readonly string[] s_groups = ["224.0.1.7", "239.255.255.255", "[ff02::1]", "[ff05::2]", "group.example"];

    private static readonly string[] s_paths = ["", "/", "/a", "/a/b/", "/x%20y", "/%C3%A4", "/~a;b=c", "/a%2Fb", "/$%7Bname%7D"];

    private static readonly string[] s_queries = ["", "?", "?a=b&c=d", "?q=%26%3C"];

    /// <summary>Where sockets are bound.</summary>
    internal static Gen<BindAddress> Bind { get; } =
        from host in Gen.Elements([.. s_localHosts, .. s_hosts])
        from port in Port(0)
        from bare in Gen.Elements(true, false)
        let text = bare ? port : $"{host}:{port}"
        select BindAddress.TryParse(text, out BindAddress? bind, out _) ? bind : throw new FormatException(text);

    /// <summary>Where connections come from or where they are accepted, of any scheme that a transport may have.</summary>
    internal static Gen<GatewayUri> Transport(UriUse use) =>
        from scheme in Gen.Elements(UriScheme.Known.ToArray())
        from uri in Uri(scheme, use, 0)
        select uri;

    /// <summary>Accepts of a service, so that none is another's in the same file.</summary>
    /// <param name="schemes">The schemes of its type.</param>
    /// <param name="service">Which service of the file it is.</param>
    internal static Gen<ImmutableArray<ServiceAddress>> Accepts(UriScheme[] schemes, int service) =>
        from count in Gen.Choose(1, 4)
        from uris in Gen.CollectToArray(Enumerable.Range(0, count), i => Uri(schemes, UriUse.Accept, (service * 10) + i + 1))
        select Placed(uris);

    /// <summary>Connects of a service.</summary>
    /// <param name="schemes">The schemes of its type.</param>
    internal static Gen<ImmutableArray<ServiceAddress>> Connects(UriScheme[] schemes) =>
        from count in Gen.Choose(1, 4)
        from uris in Uri(schemes, UriUse.Connect, 0).ArrayOf(count)
        select Placed(uris);

    /// <summary>Balancers' URIs.</summary>
    internal static Gen<ImmutableArray<ServiceAddress>> Balances { get; } =
        from count in Gen.Choose(0, 2)
        from uris in Uri([UriScheme.Ws, UriScheme.Wss, UriScheme.Http, UriScheme.Https], UriUse.Accept, 0).ArrayOf(count)
        select Placed(uris);

    private static ImmutableArray<ServiceAddress> Placed(IEnumerable<GatewayUri> uris) =>
        [.. uris.Select(uri => new ServiceAddress(uri, new SourcePosition("", 0, 0)))];

    private static Gen<GatewayUri> Uri(UriScheme[] schemes, UriUse use, int number) =>
        from scheme in Gen.Elements(schemes)
        from uri in Uri(scheme, use, number)
        select uri;

    /// <param name="scheme">The scheme.</param>
    /// <param name="use">What the URI is for.</param>
    /// <param name="number">What makes it unique; 0 if it need not be.</param>
    private static Gen<GatewayUri> Uri(UriScheme scheme, UriUse use, int number) =>
        from host in Gen.Elements(scheme.Name == "mcp" ? s_groups : use == UriUse.Accept ? [.. s_localHosts, .. s_hosts] : s_hosts)
        from port in number > 0 && !scheme.TakesPath ? Gen.Elements("0", $"{20_000 + number}") : Port(use == UriUse.Accept ? 0 : 1)
        from isWritten in Gen.Elements(true, false)
        from path in Gen.Elements(s_paths)
        from query in Gen.Elements(use == UriUse.Connect ? s_queries : [""])
        let authority = !scheme.TakesPort ? $"Pipe-{number}.x_y"
            : isWritten || scheme.DefaultPort is null || scheme.DefaultPort == 0 ? $"{host}:{port}" : host
        let text = $"{scheme}://{authority}{(scheme.TakesPath ? $"{(number > 0 ? $"/{number}" : "")}{path}{query}" : "")}"
        select GatewayUri.Parse(text, use);

    private static Gen<string> Port(int lowest) =>
        from port in Gen.OneOf(Gen.Elements(lowest, 80, 443, 65535), Gen.Choose(1, 65535))
        select port.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
