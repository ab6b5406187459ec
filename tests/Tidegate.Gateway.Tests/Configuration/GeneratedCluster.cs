using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>Clusters in every form that files may hold.</summary>
internal static class GeneratedCluster
{
    private static readonly Gen<string> s_host = Gen.Elements("@eth0", "gate.example", "localhost", "10.1.2.3", "192.168.0.9");

    // One host listens for all the others at one port.
    private static readonly Gen<ImmutableArray<ClusterAddress>> s_accepts =
        from port in Gen.Choose(1, 65535)
        from hosts in s_host.ListOf()
        select hosts.Distinct().Take(3).Select(host => new ClusterAddress("tcp", host, port, "")).ToImmutableArray();

    private static readonly Gen<ImmutableArray<ClusterAddress>> s_members =
        from hosts in Gen.Elements("one.example", "two.example", "10.1.2.4", "10.1.2.5").ListOf()
        from port in Gen.Choose(1, 65535)
        from multicast in Gen.Elements(true, false)
        let members = hosts.Distinct().Select((host, i) => new ClusterAddress("tcp", host, Math.Max(1, port - i), ""))
        select multicast ? [.. members, new ClusterAddress("udp", "224.2.2.3", port, "")] : members.ToImmutableArray();

    /// <summary>A cluster with these texts for names and keys, or none.</summary>
    internal static Gen<ClusterConfiguration?> Of(Gen<string> text) =>
        from name in text
        from accepts in s_accepts
        from members in s_members
        from path in Gen.Elements("", "/", "/group", "/a-b_c")
        from keys in text.ArrayOf(2)
        from kind in Gen.Choose(0, 3)
        let aws = new ClusterAddress("aws", "security-group", accepts.IsEmpty ? 5942 : accepts[0].Port, path)
        let none = accepts.IsEmpty && members.IsEmpty
        select kind == 0 ? null : new ClusterConfiguration
        {
            Name = name,
            Accepts = accepts,
            Connects = kind == 1 ? [aws] : none ? [new ClusterAddress("tcp", "one.example", 5942, "")] : members,
            AwsAccessKeyId = kind is 1 or 2 ? keys[0] : null,
            AwsSecretKey = kind is 1 or 2 ? keys[1] : null,
            KeyFile = kind is 3 ? "/directory/keys" : null,
            Position = new SourcePosition("", 0, 0),
        };
}
