using System.Net;

namespace Tidegate.Membership.Hosting;

/// <summary>Finding others.</summary>
internal sealed partial class MemberEngine
{
    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        List<MemberAddress> seeds = [];
        foreach (SeedSource seed in _options.Discovery.OfType<SeedSource>())
        {
            foreach (IPAddress address in await Dns.GetHostAddressesAsync(seed.Host, cancellationToken).ConfigureAwait(false))
            {
                seeds.Add(MemberAddress.From(new IPEndPoint(address, seed.Port)));
            }
        }

        Start(seeds);
    }
}
