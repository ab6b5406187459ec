using System.Net;
using System.Text;
using Tidegate.Membership.Discovery;
using Tidegate.Membership.Security;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Hosting;

/// <summary>What is checked before anything is opened. Each error says which option, and what would be right.</summary>
internal static class OptionChecks
{
    private const int LongestLabel = 255;

    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    internal static void Check(MemberOptions options)
    {
        if (options.ClusterName.Length == 0)
        {
            throw new ArgumentException("A cluster needs a name; ClusterName is empty.", nameof(options));
        }

        if (Encoding.UTF8.GetByteCount(options.ClusterName) > Beacon.MaximumCluster)
        {
            throw new ArgumentException(
                $"ClusterName has at most {Beacon.MaximumCluster} bytes in UTF-8, not {Encoding.UTF8.GetByteCount(options.ClusterName)}.", nameof(options));
        }

        CheckListens(options);
        if (options.Name is { } name && (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > WireLimits.Name))
        {
            throw new ArgumentException($"Name has 1 to {WireLimits.Name} bytes in UTF-8; '{name}' has {Encoding.UTF8.GetByteCount(name)}.", nameof(options));
        }

        if (Encoding.UTF8.GetByteCount(options.Label) > LongestLabel)
        {
            throw new ArgumentException($"Label has at most {LongestLabel} bytes in UTF-8.", nameof(options));
        }

        if (options.MulticastTimeToLive is < 1 or > 255)
        {
            throw new ArgumentException($"MulticastTimeToLive is from 1 to 255, not {options.MulticastTimeToLive}.", nameof(options));
        }

        CheckDiscovery(options);
        Between(options.ProbeInterval, TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(1), nameof(options.ProbeInterval));
        Between(options.ProbeTimeout, TimeSpan.FromMilliseconds(5), options.ProbeInterval - TimeSpan.FromMilliseconds(1), nameof(options.ProbeTimeout));
        Between(options.Retention, TimeSpan.FromSeconds(1), TimeSpan.FromDays(366), nameof(options.Retention));
        if (options.Mode == MemberMode.Plain && options.Tags.Count > 0)
        {
            throw new ArgumentException("Members of plain clusters have no tags; leave Tags empty, or use MemberMode.Serf.", nameof(options));
        }

        CheckTags(options.Tags);
        for (int i = 0; i < options.Keys.Count; i++)
        {
            try
            {
                _ = SealingKey.Parse(options.Keys[i]);
            }
            catch (FormatException exception)
            {
                throw new ArgumentException($"Keys[{i}]: {exception.Message}", nameof(options));
            }
        }
    }

    /// <exception cref="ArgumentException">A tag has a name that is taken.</exception>
    internal static void CheckTags(IReadOnlyDictionary<string, string> tags)
    {
        foreach (string name in tags.Keys)
        {
            if (name is Serf.Tags.ClusterName or Serf.Tags.Gateway)
            {
                throw new ArgumentException($"The tag '{name}' is set by the library; choose another name.", nameof(tags));
            }
        }
    }

    private static void CheckListens(MemberOptions options)
    {
        if (options.AdditionalListens.Count > MemberOptions.MaximumAdditionalListens)
        {
            throw new ArgumentException(
                $"AdditionalListens has {options.AdditionalListens.Count} places; {MemberOptions.MaximumAdditionalListens} are allowed.", nameof(options));
        }

        HashSet<IPEndPoint> seen = [];
        for (int i = -1; i < options.AdditionalListens.Count; i++)
        {
            string name = i < 0 ? nameof(options.Listen) : $"{nameof(options.AdditionalListens)}[{i}]";
            IPEndPoint listen = i < 0 ? options.Listen : options.AdditionalListens[i];
            IPAddress address = listen.Address.IsIPv4MappedToIPv6 ? listen.Address.MapToIPv4() : listen.Address;
            if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || address.Equals(IPAddress.Broadcast) || DiscoveryTarget.IsMulticast(address))
            {
                throw new ArgumentException(
                    $"{name} is {listen}, which is no address of one machine. Give one of this machine's own.", nameof(options));
            }

            if (listen.Address.IsIPv4MappedToIPv6)
            {
                throw new ArgumentException($"{name} is {listen}, an IPv4 address in IPv6 form. Write {address}.", nameof(options));
            }

            if (!seen.Add(listen) && listen.Port != 0)
            {
                throw new ArgumentException($"{name} is {listen}, where this member listens already. Leave it out.", nameof(options));
            }
        }
    }

    private static void CheckDiscovery(MemberOptions options)
    {
        DiscoveryTarget[] targets;
        try
        {
            targets = [.. options.Discovery.Select(DiscoveryTarget.Parse)];
        }
        catch (FormatException exception)
        {
            throw new ArgumentException($"Discovery: {exception.Message}", nameof(options));
        }

        DiscoveryTarget[] beacons = [.. targets.Where(target => target.Kind != DiscoveryKind.Seed)];
        if (beacons.Length > 1)
        {
            throw new ArgumentException("Discovery has more than one udp:// entry; there may be one, beside any number of tcp:// ones.", nameof(options));
        }

        if (beacons.Length == 1 && beacons[0].Kind == DiscoveryKind.UnicastBeacon
            && options.AdditionalListens.Prepend(options.Listen).Any(listen => listen.Port == beacons[0].Port))
        {
            throw new ArgumentException(
                $"Discovery calls on port {beacons[0].Port}, where this member listens itself. Use another port in the udp:// entry of all members.", nameof(options));
        }
    }

    private static void Between(TimeSpan value, TimeSpan least, TimeSpan most, string name)
    {
        if (value < least || value > most)
        {
            throw new ArgumentException($"{name} is from {least.TotalMilliseconds:N0} ms to {most.TotalMilliseconds:N0} ms, not {value.TotalMilliseconds:N0} ms.");
        }
    }
}
