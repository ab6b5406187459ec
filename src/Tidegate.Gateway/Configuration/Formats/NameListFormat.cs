using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Tidegate.Gateway.Configuration.Formats;

/// <summary>Names with white space (or commas) between.</summary>
internal sealed class NameListFormat : ValueFormat<ImmutableArray<string>>
{
    internal override string Description => "names with spaces between";

    internal override bool TryRead(string text, out ImmutableArray<string> value, [NotNullWhen(false)] out TextFault? fault)
    {
        value = [.. text.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries)];
        fault = value.IsEmpty ? new("It is empty.", "Write at least one name, or remove the element.") : null;
        return fault is null;
    }

    internal override string Show(ImmutableArray<string> value) => string.Join(' ', value);
}
