using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration;

/// <summary>Whether the <c>*.transport</c> options of a service are served, and do anything.</summary>
internal static class TransportCheck
{
    /// <summary>Notes transports that are not served, and warns of those that the service itself asks for and nothing heeds.</summary>
    /// <param name="addresses">The accepts or the connects.</param>
    /// <param name="values">The options that hold for them, defaults among them.</param>
    /// <param name="defaults">The options of all services.</param>
    /// <param name="settings">The transport options there are.</param>
    /// <param name="place">The element that holds the options, as descriptions call it.</param>
    /// <param name="otherwise">The place to name where an option has none.</param>
    /// <param name="findings">Takes what is found.</param>
    internal static void Run(
        ImmutableArray<ServiceAddress> addresses, SettingValues values, SettingValues defaults, ImmutableArray<Setting<GatewayUri>> settings,
        string place, SourcePosition otherwise, Findings findings)
    {
        ImmutableDictionary<string, GatewayUri> transports = LayerSettings.ByLayer(settings, values);
        var heeded = new HashSet<string>();
        foreach (ServiceAddress address in addresses.DistinctBy(address => address.Uri.Scheme))
        {
            Carriage carriage = Carriage.Of(address.Uri, transports);
            heeded.UnionWith(carriage.Replaced);
            if (carriage.Fault is { } fault)
            {
                Setting<GatewayUri> setting = settings.First(setting => LayerSettings.LayerOf(setting) == carriage.Replaced[^1]);
                findings.Unserved(values.PositionOf(setting, otherwise), fault.Problem, fault.Cure);
            }
        }

        foreach (Setting<GatewayUri> setting in settings.Where(setting => values.Has(setting) && !heeded.Contains(LayerSettings.LayerOf(setting))))
        {
            SourcePosition position = values.PositionOf(setting, otherwise);
            bool isServed = UnservedYet.CureFor(place, setting.Name) is null;
            if (isServed && (!defaults.Has(setting) || defaults.PositionOf(setting, otherwise) != position))
            {
                findings.Warning(position, $"<{setting.Name}> does nothing here: no URI of this service has that layer, or another transport is in its place.", "Remove it.");
            }
        }
    }
}
