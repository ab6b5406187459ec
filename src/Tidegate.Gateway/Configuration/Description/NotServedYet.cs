using System.Collections.Frozen;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration.Description;

/// <summary>Names that existing files hold, whose values this version does not even read. Start refuses each; nothing is silently ignored.</summary>
internal sealed class NotServedYet
{
    private readonly FrozenSet<string> _names;

    private NotServedYet(params string[] names) => _names = names.ToFrozenSet(StringComparer.Ordinal);

    internal static NotServedYet Nothing { get; } = new();

    /// <summary>The names, in the order of the reference.</summary>
    internal IEnumerable<string> All => _names.Order(StringComparer.Ordinal);

    /// <summary>These names.</summary>
    internal static NotServedYet Names(params string[] names) => new(names);

    internal bool Contains(string name) => _names.Contains(name);

    internal static void Report(SourceElement element, Findings findings) =>
        findings.Unserved(element.Position, $"<{element.Name}>", "Remove it if the service may run without it.");
}
