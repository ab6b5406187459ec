using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration;

/// <summary>
/// Whether each <c>balance</c> leads to a balancer and back, and differs from an accept of its service in the host at most: the three
/// checks of the old documentation. Up to 2015/11 the gateway did not start otherwise; since then a balancer may run elsewhere, and it
/// is only worth a warning.
/// </summary>
internal static class BalanceCheck
{
    internal static void Run(ImmutableArray<ServiceConfiguration> services, GatewayEdition edition, Findings findings)
    {
        bool fatal = edition < GatewayEdition.June2016;
        ServiceAddress[] balancers = [.. services.Where(s => s.Type == "balancer").SelectMany(s => s.Accepts)];
        ServiceAddress[] balances = [.. services.SelectMany(s => s.Balances)];
        foreach (ServiceAddress balance in services.Where(s => s.Type == "balancer").SelectMany(s => s.Balances))
        {
            findings.Warning(balance.Position, "A balancer is not led to by another balancer, so this does nothing.", "Write <balance> in the services that clients are to reach in the end.");
        }

        foreach (ServiceAddress balance in balances.Where(b => !balancers.Any(a => Same(a.Uri, b.Uri))))
        {
            Report(
                balance,
                $"balance URI: {balance.Uri} does not point to a balancer service's accept URI in the configuration file",
                fatal ? ", unable to launch the Gateway." : ".",
                fatal ? "Add a service of type balancer that accepts it, or correct the URI." : "That is right if the balancer runs in another gateway.");
        }

        foreach (ServiceAddress accept in balancers.Where(a => !balances.Any(b => Same(a.Uri, b.Uri))))
        {
            Report(
                accept,
                $"Detected orphaned balancer accept URI: {accept.Uri}, no balance URIs in the configuration file point to this balancer service.",
                fatal ? "  Unable to launch the Gateway." : "",
                fatal ? "Add it as <balance> to the services that clients are sent to, or remove it." : "That is right if those services run in other gateways.");
        }

        foreach (ServiceConfiguration service in services)
        {
            foreach (ServiceAddress balance in service.Balances.Where(b => service.Accepts.Length > 0 && !service.Accepts.Any(a => SameButForHost(a.Uri, b.Uri))))
            {
                Report(
                    balance,
                    $"Accept URI: [{service.Accepts[0].Uri}] does not match balance URI: [{balance.Uri}] in all but hostname.",
                    fatal ? " Unable to launch Gateway." : "",
                    fatal ? "Give both the same scheme, port and path." : "Clients that know the balancer's URI usually expect the same scheme, port and path behind it.");
            }
        }

        void Report(ServiceAddress address, string problem, string end, string cure)
        {
            if (fatal)
            {
                findings.Error(address.Position, problem + end, cure);
            }
            else
            {
                findings.Warning(address.Position, problem + end, cure);
            }
        }
    }

    private static bool Same(GatewayUri a, GatewayUri b) => a.Host == b.Host && SameButForHost(a, b);

    private static bool SameButForHost(GatewayUri a, GatewayUri b) => a.Scheme == b.Scheme && a.Port == b.Port && a.Path == b.Path;
}
