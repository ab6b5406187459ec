using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tidegate.Gateway.Addressing;

/// <summary>A network interface, or a label of one, and its addresses at this moment.</summary>
/// <param name="Name">Its name or label, such as <c>eth0</c> or <c>eth0:1</c>.</param>
/// <param name="DisplayName">What people see, where that differs, such as <c>Intel(R) Ethernet Connection</c>.</param>
/// <param name="Addresses">Its addresses, IPv4 first, link-local ones with their scope.</param>
internal sealed record InterfaceEntry(string Name, string? DisplayName, ImmutableArray<IPAddress> Addresses);

/// <summary>The network interfaces of this machine.</summary>
internal static partial class InterfaceTable
{
    private const string Library = "libc";
    private const int AddressFamilyV4 = 2;
    private const int AddressFamilyV6 = 10;

    /// <summary>Every interface, in the order of the system; those without addresses too.</summary>
    internal static ImmutableArray<InterfaceEntry> Read()
    {
        var found = new List<(string Name, string? DisplayName, IPAddress? Address)>();
        if (OperatingSystem.IsLinux())
        {
            ReadLinux(found);
        }
        else
        {
            ReadElsewhere(found);
        }

        return
        [
            .. found.GroupBy(one => one.Name, StringComparer.Ordinal).Select(group => new InterfaceEntry(
                group.Key,
                group.First().DisplayName,
                [.. group.Select(one => one.Address).OfType<IPAddress>().Distinct().OrderBy(address => address.AddressFamily)])),
        ];
    }

    private static void ReadElsewhere(List<(string Name, string? DisplayName, IPAddress? Address)> found)
    {
        foreach (NetworkInterface one in NetworkInterface.GetAllNetworkInterfaces())
        {
            found.Add((one.Name, one.Description, null));
            foreach (UnicastIPAddressInformation information in one.GetIPProperties().UnicastAddresses)
            {
                found.Add((one.Name, one.Description, information.Address));
            }
        }
    }

    // NetworkInterface knows no labels (eth0:1): it puts their addresses under the interface.
    private static unsafe void ReadLinux(List<(string Name, string? DisplayName, IPAddress? Address)> found)
    {
        if (getifaddrs(out Entry* first) != 0)
        {
            throw new NetworkInformationException(Marshal.GetLastSystemError());
        }

        try
        {
            for (Entry* entry = first; entry is not null; entry = entry->Next)
            {
                found.Add((Marshal.PtrToStringUTF8((nint)entry->Name)!, null, AddressOf(entry->Address)));
            }
        }
        finally
        {
            freeifaddrs(first);
        }
    }

    /// <summary>The address in a <c>sockaddr</c>; null for those of other families, which interfaces have, too.</summary>
    private static unsafe IPAddress? AddressOf(byte* socketAddress) => socketAddress is null ? null : *(ushort*)socketAddress switch
    {
        AddressFamilyV4 => new IPAddress(new ReadOnlySpan<byte>(socketAddress + 4, 4)),
        AddressFamilyV6 => new IPAddress(new ReadOnlySpan<byte>(socketAddress + 8, 16), *(uint*)(socketAddress + 24)),
        _ => null,
    };

    [LibraryImport(Library)]
    private static unsafe partial int getifaddrs(out Entry* first);

    [LibraryImport(Library)]
    private static unsafe partial void freeifaddrs(Entry* first);

    /// <summary>The beginning of a <c>struct ifaddrs</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Entry
    {
        internal Entry* Next;
        internal byte* Name;
        internal uint Flags;
        internal byte* Address;
    }
}
