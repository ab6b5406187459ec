using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Tidegate.Gateway.Configuration.Formats;

/// <summary>A kind of value that users write as text: how it is read, how it is shown, and what it is called.</summary>
/// <typeparam name="T">What the text becomes.</typeparam>
internal abstract class ValueFormat<T>
    where T : notnull
{
    /// <summary>What the value is, for messages and the reference: "a time interval".</summary>
    internal abstract string Description { get; }

    /// <summary>Reads a text, white space already collapsed.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">The value, if the result is true.</param>
    /// <param name="fault">What is wrong, if the result is false.</param>
    internal abstract bool TryRead(string text, [MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out TextFault? fault);

    /// <summary>The only texts there are, or empty where they cannot be counted.</summary>
    internal virtual ImmutableArray<string> Words => [];

    /// <summary>What deserves a second look in a text that <see cref="TryRead"/> takes, or null.</summary>
    internal virtual TextFault? Remark(string text) => null;

    /// <summary>The text that reads back as this value.</summary>
    internal virtual string Show(T value) => value.ToString() ?? "";
}
