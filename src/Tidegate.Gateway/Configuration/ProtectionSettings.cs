using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration;

/// <summary>What <c>authorization-constraint</c> may hold, and what it means together with <c>realm-name</c>.</summary>
internal static class ProtectionSettings
{
    /// <summary>The role that everyone has whom the realm knows.</summary>
    internal const string AnyRole = "*";

    private static readonly Setting<string> s_requireRole = new(
        "require-role", new TextFormat("the name of a role"), "A role that a client must have; of several, all of them. * is for anyone whom the realm knows.")
    {
        Repeatable = true,
    };

    private static readonly Setting<bool> s_requireValidUser = new(
        "require-valid-user", new NothingFormat(), "Anyone whom the realm knows; the element is empty.")
    {
        Repeatable = true,
    };

    internal static readonly SettingGroup Group = new(
        "<authorization-constraint>", [s_requireRole, s_requireValidUser], NotServedYet.Nothing);

    /// <summary>The roles that a service requires; empty where it is open.</summary>
    internal static ImmutableArray<string> ReadRoles(SourceElement service, bool hasRealm, Findings findings)
    {
        SourceElement[] constraints = [.. service.Children.Where(c => c.Name is "authorization-constraint" or "auth-constraint")];
        string name = service.TextOf("name") ?? "";
        var roles = new List<string>();
        foreach (SourceElement constraint in constraints)
        {
            SettingValues values = Group.Read(constraint, constraint.Position, findings);
            if (constraint.Children.IsEmpty)
            {
                findings.Error(
                    constraint.Position, $"<{constraint.Name}> is empty.", "Write <require-role> with the name of a role in it, or <require-valid-user/>.");
            }

            roles.AddRange(values.All(s_requireRole).Select(role => role.Value));
        }

        if (constraints.Length > 0 && !hasRealm)
        {
            findings.Error(
                constraints[0].Position,
                $"The service \"{name}\" asks for authorization, but no realm says who its clients are.",
                "Write <realm-name> with the name of a realm in <security>.");
        }

        if (roles.Contains(AnyRole) && roles.Any(role => role != AnyRole))
        {
            findings.Error(
                constraints[0].Position,
                $"Conflicting security constraints specified for service \"{service.TextOf("accept") ?? name}\".",
                "Remove the wildcard to specify restricted roles.");
        }

        return roles.Count == 0 ? (hasRealm || constraints.Length > 0 ? [AnyRole] : []) : [.. roles.Distinct()];
    }

    /// <summary>The values that make a constraint with these roles.</summary>
    internal static SettingValues Take(ImmutableArray<string> roles) => new SettingValues().WithAll(s_requireRole, roles);

    private sealed class NothingFormat : ValueFormat<bool>
    {
        internal override string Description => "nothing";

        internal override bool TryRead(string text, out bool value, [NotNullWhen(false)] out TextFault? fault)
        {
            value = text.Length == 0;
            fault = value ? null : new($"There is text in it: \"{text}\".", "Leave it empty.");
            return value;
        }

        internal override string Show(bool value) => "";
    }
}
