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
            if (token.Length == 0 || !token.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal)))
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
}
