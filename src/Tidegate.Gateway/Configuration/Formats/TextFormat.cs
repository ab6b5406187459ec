using System.Diagnostics.CodeAnalysis;

namespace Tidegate.Gateway.Configuration.Formats;

/// <summary>Any text that is not empty, with a check of its own if need be.</summary>
/// <param name="description">What the text is.</param>
/// <param name="check">Returns what is wrong with a text, or null.</param>
/// <param name="empty">The sentence that says a text is empty.</param>
internal sealed class TextFormat(
    string description = "text", Func<string, TextFault?>? check = null, string empty = "It is empty.") : ValueFormat<string>
{
    internal override string Description => description;

    internal override bool TryRead(string text, [MaybeNullWhen(false)] out string value, [NotNullWhen(false)] out TextFault? fault)
    {
        value = text;
        fault = text.Length == 0 ? new(empty, $"Write {description}, or remove the element.") : check?.Invoke(text);
        return fault is null;
    }
}
