using System.Xml;
using Tidegate.Gateway.Configuration.Formats;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration.Description;

/// <summary>A named value that users write as an element: an option, a property, or an element with settings of its own.</summary>
/// <param name="name">The element's name, dots included.</param>
/// <param name="documentation">What it does, in one or two sentences for users.</param>
internal abstract class Setting(string name, string documentation)
{
    internal string Name => name;

    internal string Documentation => documentation;

    /// <summary>Another name that has always meant the same, or null: <c>tls.ciphers</c> for <c>ssl.ciphers</c>.</summary>
    internal string? Alias { get; init; }

    /// <summary>Whether leaving it out is an error.</summary>
    internal bool Required { get; init; }

    /// <summary>Whether it may stand more than once.</summary>
    internal bool Repeatable { get; init; }

    /// <summary>Whether its value must not be shown to whoever looks over a shoulder.</summary>
    internal bool Secret { get; init; }

    /// <summary>The kind of value, for messages and the reference.</summary>
    internal abstract string FormatDescription { get; }

    /// <summary>The default as a user would write it, or null if there is none.</summary>
    internal abstract string? DefaultText { get; }

    /// <summary>What may stand inside, or null for text.</summary>
    internal virtual SettingGroup? Group => null;

    internal bool IsCalled(string written) => written == name || (written == Alias && Alias is not null);

    /// <summary>Whether writing this value means the same as writing none.</summary>
    internal abstract bool IsDefault(object value);

    /// <summary>The typed value of an element, or null once what is wrong with it has been reported.</summary>
    internal abstract object? Read(SourceElement element, Findings findings);

    /// <summary>Writes the element that reads back as this value.</summary>
    internal abstract void Write(XmlWriter xml, object value, bool showSecrets);
}

/// <inheritdoc/>
/// <typeparam name="T">What the element becomes.</typeparam>
internal abstract class TypedSetting<T>(string name, string documentation) : Setting(name, documentation)
    where T : notnull
{
    /// <summary>The value where none is written; for settings without a default given, that of the language.</summary>
    internal T? Default { get; private protected init; }
}

/// <summary>A setting that is written as text.</summary>
/// <typeparam name="T">What the text becomes.</typeparam>
internal sealed class Setting<T>(string name, ValueFormat<T> format, string documentation) : TypedSetting<T>(name, documentation)
    where T : notnull
{
    private readonly bool _hasDefault;

    internal Setting(string name, ValueFormat<T> format, T @default, string documentation)
        : this(name, format, documentation)
    {
        Default = @default;
        _hasDefault = true;
    }

    internal override string FormatDescription => format.Description;

    internal override string? DefaultText => _hasDefault ? format.Show(Default!) : null;

    internal override bool IsDefault(object value) => _hasDefault && format.Show((T)value) == DefaultText;

    internal override object? Read(SourceElement element, Findings findings)
    {
        if (!element.Children.IsEmpty)
        {
            string child = element.Children[0].Name;
            findings.Error(element.Children[0].Position, $"<{element.Name}> holds text only; there is a <{child}> in it.", $"Write {FormatDescription}.");
            return null;
        }

        if (element.Text is null)
        {
            return null;
        }

        if (!format.TryRead(element.Text, out T? value, out TextFault? fault))
        {
            findings.Error(element.TextPosition, $"<{element.Name}>: {fault.Problem}", fault.Cure);
            return null;
        }

        if (format.Remark(element.Text) is { } remark)
        {
            findings.Warning(element.TextPosition, $"<{element.Name}>: {remark.Problem}", remark.Cure);
        }

        return value;
    }

    internal override void Write(XmlWriter xml, object value, bool showSecrets) =>
        xml.WriteElementString(Name, Secret && !showSecrets ? SettingGroup.Masked : ParameterSubstitution.Escape(format.Show((T)value)));
}
