using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Description;

namespace Tidegate.Gateway.Services;

/// <summary>
/// A service type that configuration files use and that this version reads but does not run. It yields to a description of its own
/// when there is such a service.
/// </summary>
/// <param name="name">The text of <c>type</c>.</param>
/// <param name="documentation">What the service does, in a sentence or two for users.</param>
/// <param name="properties">The properties.</param>
internal sealed class PlannedServiceType(string name, string documentation, SettingGroup properties) : ServiceTypeDescription
{
    /// <summary>The schemes of accepts by name; those that are not even read are left out.</summary>
    internal required string[] Accepts { get; init; }

    /// <summary>The schemes of connects by name.</summary>
    internal string[] Connects { get; init; } = [];

    internal override string Name => name;

    internal override string Documentation => documentation;

    internal override bool IsServed => false;

    internal override UriScheme[] AcceptSchemes => Schemes(Accepts);

    internal override UriScheme[] ConnectSchemes => Schemes(Connects);

    internal override int MinimumAccepts => AtLeast.Accepts;

    internal override int MaximumAccepts => Accepts.Length == 0 ? 0 : int.MaxValue;

    internal override int MinimumConnects => AtLeast.Connects;

    internal override int MaximumConnects => Connects.Length == 0 ? 0 : AtMostConnects;

    internal override SettingGroup Properties => properties;

    internal (int Accepts, int Connects) AtLeast { get; init; } = (1, 0);

    internal int AtMostConnects { get; init; } = 64;

    /// <summary>Why the service is left out without further ado, or null where start refuses the file.</summary>
    internal string? LeftOutBecause { get; init; }

    internal override ServiceOptions ReadOptions(ServiceProperties properties) => new PlannedServiceOptions(
        [.. (properties.Element?.Children ?? []).Select(child => PropertyElement.From(child, properties.Findings))]);

    internal override SettingValues TakeOptions(ServiceOptions options)
    {
        var values = new SettingValues();
        values.Others.AddRange(((PlannedServiceOptions)options).Properties);
        return values;
    }

    internal override Service Create(ServiceConfiguration configuration, ServiceContext context) =>
        throw new GatewayStartException($"{configuration.Position}: Tidegate does not serve services of type {name} yet.");

    private static UriScheme[] Schemes(string[] names) => [.. names.Select(UriScheme.Find).OfType<UriScheme>()];
}
