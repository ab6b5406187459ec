using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration;

/// <summary>What <c>cluster</c> may hold.</summary>
internal static class ClusterSettings
{
    private static readonly Setting<string> s_name = new(
        "name", new TextFormat("a name", empty: "Invalid name in the cluster configuration."), "The cluster's name: gateways with the same name find each other.")
    {
        Required = true,
    };

    private static readonly Setting<ClusterAddress> s_accept = new(
        "accept", new ClusterAddressFormat("accept"), "Where this gateway listens for the others: tcp://host:port.")
    {
        Repeatable = true,
    };

    private static readonly Setting<ClusterAddress> s_connect = new(
        "connect", new ClusterAddressFormat("connect"),
        "Where the others are: tcp://host:port, udp://group:port for multicast, or aws://security-group:port/name.")
    {
        Repeatable = true,
    };

    private static readonly Setting<string> s_keyFile = new(
        "key-file", new TextFormat("a path", PathFault),
        "The file with the keys that members encrypt with, relative to the directory of this configuration file: one a line in base64, the first one seals.");

    private static readonly Setting<string> s_accessKey = new("aws.access-key-id", new TextFormat(), "The access key for AWS.");

    private static readonly Setting<string> s_secretKey = new("aws.secret-key", new TextFormat(), "The secret key for AWS.") { Secret = true };

    private static readonly GroupSetting<SettingValues> s_connectOptions = new(
        "connect-options", new SettingGroup("the <connect-options> of <cluster>", [s_accessKey, s_secretKey], NotServedYet.Nothing),
        (values, _, _) => values, values => values, "Keys for AWS.");

    internal static readonly SettingGroup Group = new("<cluster>", [s_name, s_accept, s_connect, s_keyFile, s_connectOptions], NotServedYet.Nothing);

    /// <summary>The cluster of a file, or null if there is none or it is wrong, which has then been reported.</summary>
    internal static ClusterConfiguration? Read(SourceElement root, Findings findings)
    {
        if (root.FirstChild("cluster") is not { } element)
        {
            return null;
        }

        SettingValues values = Group.Read(element, element.Position, findings);
        SettingValues? options = values.Get(s_connectOptions);
        Check(values, element, findings);
        NoteUnserved(values, element, findings);
        return values.Get(s_name) is not { } name
            ? null
            : new ClusterConfiguration
            {
                Name = name,
                Accepts = [.. values.All(s_accept).Select(a => a.Value)],
                Connects = [.. values.All(s_connect).Select(a => a.Value)],
                KeyFile = values.Get(s_keyFile) is { } file ? Path.GetFullPath(file, Path.GetDirectoryName(Path.GetFullPath(element.Position.File))!) : null,
                AwsAccessKeyId = options?.Get(s_accessKey),
                AwsSecretKey = options?.Get(s_secretKey),
                Position = element.Position,
                AcceptPositions = [.. values.All(s_accept).Select(a => a.Position)],
                ConnectPositions = [.. values.All(s_connect).Select(c => c.Position)],
                KeyFilePosition = element.FirstChild("key-file")?.TextPosition,
            };
    }

    /// <summary>The values that make this cluster.</summary>
    internal static SettingValues Take(ClusterConfiguration cluster)
    {
        SettingValues options = new SettingValues().With(s_accessKey, cluster.AwsAccessKeyId).With(s_secretKey, cluster.AwsSecretKey);
        return new SettingValues()
            .With(s_name, cluster.Name)
            .WithAll(s_accept, cluster.Accepts)
            .WithAll(s_connect, cluster.Connects)
            .With(s_keyFile, cluster.KeyFile)
            .With(s_connectOptions, cluster.AwsAccessKeyId is null && cluster.AwsSecretKey is null ? null : options);
    }

    private static void Check(SettingValues values, SourceElement element, Findings findings)
    {
        ImmutableArray<(ClusterAddress Value, SourcePosition Position)> accepts = values.All(s_accept);
        ImmutableArray<(ClusterAddress Value, SourcePosition Position)> connects = values.All(s_connect);
        if (element.FirstChild("accept") is null && element.FirstChild("connect") is null)
        {
            findings.Error(
                element.Position, "No network interfaces specified in the gateway configuration.",
                "Write in <cluster> where this gateway listens, <accept>tcp://host:port</accept>, and where the others are, <connect>.");
        }

        foreach ((ClusterAddress accept, SourcePosition position) in accepts.Where(a => a.Value.Port != accepts[0].Value.Port))
        {
            findings.Error(
                position, "Port numbers on the network interfaces in <accept> do not match.", $"Write {accepts[0].Value.Port} here, as in the first, not {accept.Port}.");
        }

        foreach ((_, SourcePosition position) in connects.Where(c => c.Value.Scheme == "udp").Skip(1))
        {
            findings.Error(position, "Conflicting multicast discovery addresses in cluster configuration.", "Keep one connect with udp.");
        }
    }

    // What older gateways did, and this one does in another way or not yet.
    private static void NoteUnserved(SettingValues values, SourceElement element, Findings findings)
    {
        if (element.FirstChild("accept") is null && element.FirstChild("connect") is { } connect)
        {
            findings.Unserved(
                connect.Position, "a <cluster> without <accept>", "Write where this gateway listens for the others: <accept>tcp://host:port</accept>, or tcp://@eth0:port.");
        }

        foreach ((ClusterAddress aws, SourcePosition position) in values.All(s_connect).Where(c => c.Value.Scheme == "aws"))
        {
            findings.Unserved(
                position, "discovery by aws://",
                $"Let a DNS name stand for all members, and write <connect>tcp://NAME:{aws.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)}</connect>: " +
                "each of its addresses is tried, and the name is asked for again and again.");
        }
    }

    private static TextFault? PathFault(string text) =>
        text.Contains('\0', StringComparison.Ordinal) ? new("There is a zero character in the path.", "Remove it.") : null;

    /// <summary>An address of a cluster, with the old words for what is wrong with one.</summary>
    /// <param name="element"><c>accept</c> or <c>connect</c>.</param>
    private sealed class ClusterAddressFormat(string element) : ValueFormat<ClusterAddress>
    {
        internal override string Description => element == "accept" ? "tcp://host:port" : "tcp://host:port, udp://group:port or aws://security-group:port/name";

        internal override bool TryRead(string text, [MaybeNullWhen(false)] out ClusterAddress value, [NotNullWhen(false)] out TextFault? fault)
        {
            value = null;
            int schemeEnd = text.IndexOf("://", StringComparison.Ordinal);
            if (schemeEnd <= 0)
            {
                fault = new($"Invalid URL in the cluster configuration:{text}.", $"Write {Description}.");
                return false;
            }

            string scheme = text[..schemeEnd].ToLowerInvariant();
            if (scheme is not ("tcp" or "udp" or "aws"))
            {
                fault = new($"Invalid scheme {scheme} in the URL for <{element}> in {text}.", $"Write {Description}.");
                return false;
            }

            if (element == "accept" && scheme != "tcp")
            {
                fault = new("Cannot accept on a multicast or aws address, use unicast address starting with tcp://.", $"Write {Description}, not {text}.");
                return false;
            }

            string rest = text[(schemeEnd + 3)..];
            int hostStart = rest.StartsWith('[') ? Math.Max(rest.IndexOf(']', StringComparison.Ordinal), 0) : 0;
            int pathStart = rest.IndexOf('/', hostStart) is var slash and >= 0 ? slash : rest.Length;
            int colon = rest.LastIndexOf(':', pathStart - 1 < 0 ? 0 : pathStart - 1);
            if (pathStart == 0 || colon < hostStart || !HostAndPort.TryParsePort(rest[(colon + 1)..pathStart], 1, out int port))
            {
                fault = new($"Invalid port number specified for <{element}>: {text}.", "Write a port from 1 to 65535 after the host.");
                return false;
            }

            value = new ClusterAddress(scheme, rest[..colon], port, rest[pathStart..]);
            fault = value.Host.Length == 0 || (scheme != "aws" && value.Path.Trim('/').Length > 0)
                ? new($"Invalid URL in the cluster configuration:{text}.", $"Write {Description}.")
                : null;
            return fault is null;
        }
    }
}
