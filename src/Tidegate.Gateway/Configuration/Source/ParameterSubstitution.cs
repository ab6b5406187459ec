using System.Collections.Immutable;
using System.Text;

namespace Tidegate.Gateway.Configuration.Source;

/// <summary>
/// Replaces <c>${name}</c> and <c>${name:default}</c> in text: from the command line, the environment, the file's
/// <c>properties</c>, then the names that are always there. An empty value counts as none. <c>$${name}</c> stands for the text
/// <c>${name}</c>. A value is inserted as it is; what looks like a parameter in it is not replaced again.
/// </summary>
internal sealed class ParameterSubstitution(
    ParameterSources sources, IReadOnlyDictionary<string, string> properties, CloudMetadata cloud, Findings findings)
{
    /// <summary>The most that the values in one text may make of it: parameters repeat, and the file is bounded for a reason.</summary>
    private const int MaximumLength = 1 << 20;

    private readonly HashSet<string> _used = [];

    /// <summary>The names that were looked for.</summary>
    internal IReadOnlySet<string> Used => _used;

    /// <summary>The text that stands for this one where parameters are replaced.</summary>
    internal static string Escape(string text) => text.Replace("${", "$${", StringComparison.Ordinal);

    /// <summary>The same tree with the parameters in every text replaced; what has no value is reported, and its text null.</summary>
    internal SourceElement Apply(SourceElement element) => element with
    {
        Text = Replace(element.Text!, element.TextPosition),
        Children = [.. element.Children.Select(Apply)],
    };

    private string? Replace(string text, SourcePosition position)
    {
        if (!text.Contains("${", StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        bool complete = true;
        for (int i = 0; i < text.Length; i++)
        {
            if (text.AsSpan(i).StartsWith("$${"))
            {
                result.Append("${");
                i += 2;
                continue;
            }

            int end = text.AsSpan(i).StartsWith("${") ? text.IndexOf('}', i) : -1;
            if (end < 0)
            {
                result.Append(text[i]);
                continue;
            }

            string? value = Resolve(text[(i + 2)..end], position);
            complete &= value is not null;
            result.Append(value);
            i = end;
            if (result.Length > MaximumLength)
            {
                findings.Error(position, $"The parameters in this text make it longer than {MaximumLength} characters.", "Shorten their values.");
                return null;
            }
        }

        return complete ? result.ToString() : null;
    }

    private string? Resolve(string parameter, SourcePosition position)
    {
        // A name with a colon in it is looked up whole first: files written for the old gateway may hold one.
        if (Look(parameter) is { } whole)
        {
            return whole;
        }

        int colon = parameter.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0)
        {
            return Look(parameter[..colon]) ?? parameter[(colon + 1)..];
        }

        if (CloudMetadata.Knows(parameter))
        {
            findings.Error(
                position,
                $"${{{parameter}}} detected in config but could not determine cloud enviroment and find valid replacement for it.",
                $"Give it a value: -D{parameter}=…, or a <property>.");
        }
        else
        {
            findings.Error(
                position,
                $"Could not determine non-null value for parameter definition ${{{parameter}}}.",
                $"Define it: -D{parameter}=… on the command line, an environment variable, a <property> in <properties>, or write ${{{parameter}:default}}.");
        }

        return null;
    }

    private string? Look(string name)
    {
        _used.Add(name);
        if (sources.Definitions.TryGetValue(name, out string? value) && value.Length > 0)
        {
            return value;
        }

        if (name.Length > 0 && sources.Environment(name) is { Length: > 0 } fromEnvironment)
        {
            return fromEnvironment;
        }

        if (properties.TryGetValue(name, out value) && value.Length > 0)
        {
            return value;
        }

        return name == "hostname" ? sources.HostName()
            : CloudMetadata.Knows(name) && cloud.Look(name) is { Length: > 0 } fromCloud ? fromCloud
            : null;
    }
}
