using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Tidegate.Gateway.Configuration.Description;

namespace Tidegate.Gateway.Configuration.Formats;

/// <summary>One of a few words; case does not matter.</summary>
/// <param name="problem">Makes the sentence that says a text is none of them.</param>
/// <param name="choices">The words and what they mean.</param>
internal sealed class ChoiceFormat<T>(Func<string, string> problem, params (string Word, T Value)[] choices) : ValueFormat<T>
    where T : notnull
{
    private readonly ImmutableArray<(string Word, T Value)> _choices = [.. choices];

    internal ChoiceFormat(params (string Word, T Value)[] choices)
        : this(text => $"\"{text}\" is not one of the values allowed here.", choices)
    {
    }

    internal override string Description => string.Join(" or ", _choices.Select(c => c.Word));

    internal override ImmutableArray<string> Words => [.. _choices.Select(c => c.Word)];

    internal override bool TryRead(string text, [MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out TextFault? fault)
    {
        foreach ((string word, T meaning) in _choices)
        {
            if (string.Equals(word, text, StringComparison.OrdinalIgnoreCase))
            {
                value = meaning;
                fault = null;
                return true;
            }
        }

        value = default;
        fault = new(
            problem(text),
            Suggestion.For(text, _choices.Select(c => c.Word)) is { } word1 ? $"Did you mean {word1}?" : $"Write {Description}.");
        return false;
    }

    internal override string Show(T value) => _choices.First(c => c.Value.Equals(value)).Word;
}

/// <summary>The choices that several settings share.</summary>
internal static class Choices
{
    internal static ChoiceFormat<bool> EnabledOrDisabled { get; } = new(("enabled", true), ("disabled", false));
}
