using System.Collections.Immutable;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration;

/// <summary>What <c>cross-site-constraint</c> may hold.</summary>
internal static class CrossSiteSettings
{
    private static readonly Setting<string> s_allowOrigin = new(
        "allow-origin", new OriginFormat(), "The origin whose pages may use the service, or * for every origin.")
    {
        Required = true,
    };

    private static readonly Setting<ImmutableArray<string>> s_allowMethods = new(
        "allow-methods", new MethodListFormat(), CrossSiteConstraint.DefaultMethods, "The HTTP methods that they may use.");

    private static readonly Setting<ImmutableArray<string>> s_allowHeaders = new(
        "allow-headers", new HeaderListFormat(), "The request headers that they may set besides those that need no permission.");

    private static readonly Setting<TimeSpan> s_maximumAge = new(
        "maximum-age", new MaximumAgeFormat(), "How long a browser may remember the permission before it asks again.");

    internal static readonly SettingGroup Group = new(
        "<cross-site-constraint>", [s_allowOrigin, s_allowMethods, s_allowHeaders, s_maximumAge], NotServedYet.Nothing);

    /// <summary>The constraints of a service, which must not contradict each other.</summary>
    internal static ImmutableArray<CrossSiteConstraint> Read(SourceElement service, Findings findings)
    {
        var constraints = new List<CrossSiteConstraint>();
        foreach (SourceElement element in service.ChildrenNamed("cross-site-constraint"))
        {
            if (Build(Group.Read(element, element.Position, findings), element.Position) is not { } constraint)
            {
                continue;
            }

            string name = service.TextOf("accept") ?? service.TextOf("name") ?? "";
            if (constraints.FirstOrDefault(c => c.AllowOrigin == constraint.AllowOrigin) is { } same)
            {
                findings.Error(
                    element.Position,
                    $"Duplicate cross-site-constraint for service {name} with allow-origin {constraint.AllowOrigin}.",
                    $"The other is in line {same.Position.Line}; keep one.");
            }
            else if (constraints.Count > 0 && (constraint.AllowOrigin == "*" || constraints.Any(c => c.AllowOrigin == "*")))
            {
                findings.Error(
                    element.Position,
                    $"Conflicting cross site constraints specified for service \"{name}\".",
                    "Remove the wildcard to specify more restrictive cross site constraints.");
            }

            constraints.Add(constraint);
        }

        return [.. constraints];
    }

    /// <summary>The values that make this constraint.</summary>
    internal static SettingValues Take(CrossSiteConstraint constraint) => new SettingValues()
        .With(s_allowOrigin, constraint.AllowOrigin)
        .With(s_allowMethods, (ImmutableArray<string>?)constraint.AllowMethods)
        .With(s_allowHeaders, constraint.AllowHeaders.IsEmpty ? null : (ImmutableArray<string>?)constraint.AllowHeaders)
        .With(s_maximumAge, constraint.MaximumAge);

    private static CrossSiteConstraint? Build(SettingValues values, SourcePosition position) =>
        values.Get(s_allowOrigin) is not { } origin
            ? null
            : new CrossSiteConstraint
            {
                AllowOrigin = origin,
                AllowMethods = values.Get(s_allowMethods),
                AllowHeaders = values.Has(s_allowHeaders) ? values.Get(s_allowHeaders) : [],
                MaximumAge = values.Has(s_maximumAge) ? values.Get(s_maximumAge) : null,
                Position = position,
            };
}
