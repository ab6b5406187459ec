using System.Collections.Frozen;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration.Description;

/// <summary>Names that existing files hold and that this version cannot honour. Each is an error: nothing is silently ignored.</summary>
internal sealed class NotServedYet
{
    private readonly FrozenDictionary<string, string> _cures;

    private NotServedYet(IEnumerable<KeyValuePair<string, string>> cures) => _cures = cures.ToFrozenDictionary(StringComparer.Ordinal);

    internal static NotServedYet Nothing { get; } = new([]);

    /// <summary>Names whose cure is simply to leave them out.</summary>
    internal static NotServedYet Names(params string[] names) =>
        new(names.Select(n => KeyValuePair.Create(n, "Remove it if the service may run without it.")));

    /// <summary>These names too, with a cure of their own.</summary>
    internal NotServedYet And(string cure, params string[] names) =>
        new(_cures.Concat(names.Select(n => KeyValuePair.Create(n, cure))));

    internal bool Contains(string name) => _cures.ContainsKey(name);

    internal void Report(SourceElement element, Findings findings) =>
        findings.Error(element.Position, $"Tidegate does not serve <{element.Name}> yet.", _cures[element.Name]);
}
