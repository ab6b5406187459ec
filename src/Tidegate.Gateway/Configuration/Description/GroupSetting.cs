using System.Xml;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration.Description;

/// <summary>A setting that is written as an element with settings of its own, such as <c>location</c> or <c>realm</c>.</summary>
/// <param name="name">The element's name.</param>
/// <param name="group">What may stand inside.</param>
/// <param name="build">Makes the value of what stood there; null once what does not go together has been reported.</param>
/// <param name="take">The other way round: the settings that make this value.</param>
/// <param name="documentation">What it is for, in one or two sentences for users.</param>
/// <typeparam name="T">What the element becomes.</typeparam>
internal sealed class GroupSetting<T>(
    string name, SettingGroup group, Func<SettingValues, SourcePosition, Findings, T?> build, Func<T, SettingValues> take, string documentation)
    : TypedSetting<T>(name, documentation)
    where T : class
{
    internal override SettingGroup? Group => group;

    internal override string FormatDescription => "elements";

    internal override string? DefaultText => null;

    internal override bool IsDefault(object value) => false;

    internal override object? Read(SourceElement element, Findings findings)
    {
        SettingValues values = group.Read(element, element.Position, findings);
        return build(values, element.Position, findings);
    }

    internal override void Write(XmlWriter xml, object value, bool showSecrets)
    {
        xml.WriteStartElement(Name);
        group.Write(xml, take((T)value), showSecrets);
        xml.WriteEndElement();
    }
}
