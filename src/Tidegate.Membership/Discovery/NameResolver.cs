using System.Net;
using System.Net.Sockets;

namespace Tidegate.Membership.Discovery;

/// <summary>Turns host names into addresses. Tests have their own.</summary>
internal interface INameResolver
{
    /// <summary>The addresses that a name has now; none where it has none or cannot be asked about. Does not throw but when cancelled.</summary>
    Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken);
}

/// <summary>The system's resolver.</summary>
internal sealed class SystemNameResolver : INameResolver
{
    /// <summary>Addresses of one name that are used. A name may stand for all members of a cluster.</summary>
    internal const int MaximumAddresses = 1_024;

    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return [address];
        }

        try
        {
            IPAddress[] addresses = await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false);
            return [.. addresses.Distinct().Take(MaximumAddresses)];
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            return [];
        }
    }
}
