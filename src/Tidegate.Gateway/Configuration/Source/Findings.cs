using System.Collections.Immutable;

namespace Tidegate.Gateway.Configuration.Source;

/// <summary>Gathers what is wrong with a file while it is read on, so that a user sees everything at once.</summary>
internal sealed class Findings
{
    /// <summary>As many errors as one run reports: more help nobody, and a hostile file could hold millions.</summary>
    internal const int Maximum = 200;

    private readonly List<ConfigurationError> _errors = [];
    private readonly List<ConfigurationError> _warnings = [];
    private readonly List<UnservedPart> _unserved = [];

    internal ImmutableArray<ConfigurationError> Errors => InFileOrder(_errors);

    internal ImmutableArray<ConfigurationError> Warnings => InFileOrder(_warnings);

    /// <summary>What is right but cannot be served by this version.</summary>
    internal ImmutableArray<UnservedPart> UnservedParts =>
        [.. _unserved.OrderBy(part => part.Finding.Position.Line).ThenBy(part => part.Finding.Position.Column)];

    /// <summary>The name of the service that is being read, or null between services.</summary>
    internal string? Service { get; set; }

    internal bool HasErrors => _errors.Count > 0;

    internal void Error(SourcePosition position, string problem, string cure) => Add(_errors, new(position, problem, cure));

    internal void Error(SourcePosition position, TextFault fault) => Error(position, fault.Problem, fault.Cure);

    internal void Warning(SourcePosition position, string problem, string cure) => Add(_warnings, new(position, problem, cure));

    /// <summary>Notes what <see cref="GatewayConfiguration.Servable"/> will refuse, for the service that is being read.</summary>
    internal void Unserved(SourcePosition position, string what, string cure) =>
        Unserved(new(position, $"Tidegate does not serve {what} yet.", cure));

    /// <inheritdoc cref="Unserved(SourcePosition, string, string)"/>
    internal void Unserved(ConfigurationError finding) => _unserved.Add(new(Service, finding));

    /// <summary>Notes that the service that is being read is left out, whatever else it asks for.</summary>
    internal void LeaveOut(ConfigurationError finding)
    {
        _unserved.RemoveAll(part => part.Service == Service);
        _unserved.Add(new(Service, finding) { IsDispensable = true });
    }

    /// <summary>Takes out what was noted so far.</summary>
    internal ImmutableArray<UnservedPart> TakeUnserved()
    {
        ImmutableArray<UnservedPart> taken = UnservedParts;
        _unserved.Clear();
        return taken;
    }

    /// <exception cref="ConfigurationException">There are errors.</exception>
    internal void ThrowIfAny()
    {
        if (HasErrors)
        {
            throw new ConfigurationException(InFileOrder(_errors));
        }
    }

    /// <summary>What stands in the place of all findings beyond <see cref="Maximum"/>.</summary>
    internal static ConfigurationError TooMany(string file) =>
        new(new SourcePosition(file, 0, 0), $"There are more than {Maximum} findings.", "Mend the ones above first.");

    private static void Add(List<ConfigurationError> list, ConfigurationError finding)
    {
        if (list.Count < Maximum)
        {
            // An element may be looked at more than once, by what is around it and by what reads it.
            if (!list.Contains(finding))
            {
                list.Add(finding);
            }
        }
        else if (list.Count == Maximum)
        {
            list.Add(TooMany(finding.Position.File));
        }
    }

    // The closing remark about more findings has no line and belongs at the end.
    private static ImmutableArray<ConfigurationError> InFileOrder(List<ConfigurationError> list) =>
        [.. list.OrderBy(e => e.Position.Line == 0 ? int.MaxValue : e.Position.Line).ThenBy(e => e.Position.Column)];
}
