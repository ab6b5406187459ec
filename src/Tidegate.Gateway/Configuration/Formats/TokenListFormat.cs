using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Tidegate.Gateway.Configuration.Formats;

/// <summary>HTTP tokens (RFC 9110, section 5.6.2) with commas between, each once, in an order that matters.</summary>
internal sealed class TokenListFormat : ValueFormat<ImmutableArray<string>>
{
    internal override string Description => "names with commas between";

    internal override bool TryRead(string text, out ImmutableArray<string> value, [NotNullWhen(false)] out TextFault? fault)
    {
        value = [.. text.Split(',', StringSplitOptions.TrimEntries)];
        fault = null;
        foreach (string token in value)
        {
            if (!IsToken(token))
            {
                fault = new($"\"{token}\" in \"{text}\" is not a name that HTTP allows.", "Use letters, digits, dots and hyphens, with commas between names.");
            }
            else if (value.Count(other => other == token) > 1)
            {
                fault = new($"\"{token}\" stands twice in \"{text}\".", "Keep the first one.");
            }
        }

        return fault is null;
    }

    internal override string Show(ImmutableArray<string> value) => string.Join(", ", value);

    internal static bool IsToken(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal));
}

/// <summary>Header field names with commas between; case does not matter, and one may stand twice.</summary>
internal sealed class HeaderListFormat : ValueFormat<ImmutableArray<string>>
{
    internal override string Description => "header names with commas between";

    internal override bool TryRead(string text, out ImmutableArray<string> value, [NotNullWhen(false)] out TextFault? fault)
    {
        value = [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.OrdinalIgnoreCase)];
        string? wrong = value.FirstOrDefault(name => !TokenListFormat.IsToken(name));
        fault = wrong is not null ? new($"\"{wrong}\" in \"{text}\" is not the name of a header.", "Write names such as Content-Type with commas between.")
            : value.IsEmpty ? new("It is empty.", "Write at least one name, or remove the element.")
            : null;
        return fault is null;
    }

    internal override string Show(ImmutableArray<string> value) => string.Join(",", value);
}
