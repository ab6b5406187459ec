using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services;

/// <summary>The properties of a service that this version reads but does not run.</summary>
/// <param name="Properties">The properties as written, checked where their meaning is documented.</param>
public sealed record PlannedServiceOptions(ImmutableArray<PropertyElement> Properties) : ServiceOptions;
