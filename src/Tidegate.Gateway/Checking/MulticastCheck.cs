using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Checking;

/// <summary>
/// Warns of members that look for each other by multicast on a machine of Amazon's, as the old gateway did. Its networks pass multicast on
/// where somebody has set that up, so it is no error. What the machine says of its maker is asked, since that waits for no network.
/// </summary>
internal static class MulticastCheck
{
    /// <summary>Where Linux says who has made the machine.</summary>
    internal const string MachineDirectory = "/sys/class/dmi/id";

    // Nitro machines say it in the first, those of Xen in the last.
    private static readonly ImmutableArray<string> s_makers = ["sys_vendor", "board_vendor", "bios_vendor", "bios_version"];

    internal static IEnumerable<ConfigurationError> Run(GatewayConfiguration configuration, string machineDirectory)
    {
        if (configuration.Cluster is not { } cluster)
        {
            yield break;
        }

        for (int i = 0; i < cluster.Connects.Length; i++)
        {
            if (IsGroup(cluster.Connects[i]) && IsAmazons(machineDirectory))
            {
                string port = cluster.Accepts.IsEmpty ? "5942" : cluster.Accepts[0].Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
                yield return new ConfigurationError(
                    i < cluster.ConnectPositions.Length ? cluster.ConnectPositions[i] : cluster.Position,
                    "Multicast cluster configuration not supported on AWS, unless a transit gateway passes it on.",
                    $"If members do not find each other, let a DNS name stand for all of them, and write <connect>tcp://NAME:{port}</connect>.");
            }
        }
    }

    private static bool IsGroup(ClusterAddress address) =>
        address.Scheme == "udp" && IPAddress.TryParse(address.Host.Trim('[', ']'), out IPAddress? ip)
        && (ip.AddressFamily == AddressFamily.InterNetworkV6 ? ip.IsIPv6Multicast : ip.GetAddressBytes()[0] is >= 224 and < 240);

    private static bool IsAmazons(string machineDirectory) =>
        s_makers.Any(file => Read(Path.Combine(machineDirectory, file)).Contains("amazon", StringComparison.OrdinalIgnoreCase));

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
