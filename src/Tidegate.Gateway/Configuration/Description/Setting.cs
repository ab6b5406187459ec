using Tidegate.Gateway.Configuration.Formats;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration.Description;

/// <summary>A named value that users write as an element with text: an option or a property.</summary>
/// <param name="name">The element's name, dots included.</param>
/// <param name="documentation">What it does, in one or two sentences for users.</param>
internal abstract class Setting(string name, string documentation)
{
    internal string Name => name;

    internal string Documentation => documentation;

    /// <summary>Whether leaving it out is an error.</summary>
    internal bool Required { get; init; }

    /// <summary>Whether it may stand more than once.</summary>
    internal bool Repeatable { get; init; }

    /// <summary>The kind of value, for messages and the reference.</summary>
    internal abstract string FormatDescription { get; }

    /// <summary>The default as a user would write it, or null if there is none.</summary>
    internal abstract string? DefaultText { get; }

    /// <summary>The typed value of an element's text, or null once what is wrong with it has been reported.</summary>
    internal abstract object? Read(SourceElement element, Findings findings);
}

/// <inheritdoc/>
/// <typeparam name="T">What the text becomes.</typeparam>
internal sealed class Setting<T>(string name, ValueFormat<T> format, string documentation) : Setting(name, documentation)
    where T : notnull
{
    private readonly T? _default;
    private readonly bool _hasDefault;

    internal Setting(string name, ValueFormat<T> format, T @default, string documentation)
        : this(name, format, documentation)
    {
        _default = @default;
        _hasDefault = true;
    }

    internal override string FormatDescription => format.Description;

    internal override string? DefaultText => _hasDefault ? format.Show(_default!) : null;

    /// <summary>The value where none is written; for types without a default given, that of the language.</summary>
    internal T? Default => _default;

    internal override object? Read(SourceElement element, Findings findings)
    {
        if (element.Text is null)
        {
            return null;
        }

        if (format.TryRead(element.Text, out T? value, out TextFault? fault))
        {
            return value;
        }

        findings.Error(element.TextPosition, $"<{Name}>: {fault.Problem}", fault.Cure);
        return null;
    }
}
