using System.Text;
using System.Xml;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Configuration.Documents;

/// <summary>
/// An XML Schema for editors, made from the descriptions that the reader works by. It knows less than the reader: values are checked
/// only where there are few words to choose from, because <c>${name}</c> may stand anywhere, and properties depend on the service's
/// type, which a schema cannot see.
/// </summary>
internal static class ConfigurationSchema
{
    private const string Schema = "http://www.w3.org/2001/XMLSchema";

    /// <summary>The schema, which ends with a line break.</summary>
    internal static string Write()
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, NewLineChars = "\n", OmitXmlDeclaration = true }))
        {
            xml.WriteStartElement("xs", "schema", Schema);
            xml.WriteAttributeString("xmlns", GatewayNamespaces.Current);
            xml.WriteAttributeString("targetNamespace", GatewayNamespaces.Current);
            xml.WriteAttributeString("elementFormDefault", "qualified");
            xml.WriteComment(" Generated from the descriptions that Tidegate reads configurations by. Do not edit. ");
            WriteParameterType(xml);
            WriteElement(xml, GatewayElements.Root, GatewayElements.Root.Name, 1, 1, "gateway-config");
            WriteProperties(xml);
            xml.WriteEndElement();
        }

        return text.Append('\n').ToString();
    }

    /// <summary>Text that a parameter makes anything of.</summary>
    private static void WriteParameterType(XmlWriter xml)
    {
        Start(xml, "simpleType", "parameter");
        Start(xml, "restriction");
        xml.WriteAttributeString("base", "xs:string");
        Start(xml, "pattern");
        xml.WriteAttributeString("value", @"[\s\S]*\$\{[\s\S]+\}[\s\S]*");
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    // Properties stand globally, so that editors know those that mean the same wherever they are.
    private static void WriteProperties(XmlWriter xml)
    {
        IEnumerable<ServiceTypeDescription> types = ServiceTypes.All.Concat(PlannedServiceTypes.All);
        IEnumerable<IGrouping<string, (Setting Setting, string Type)>> byName =
            from type in types
            from setting in type.Properties.Settings
            group (setting, type.Name) by setting.Name;
        foreach (IGrouping<string, (Setting Setting, string Type)> group in byName.OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            // One name for different things, such as location, cannot be described once.
            if (group.Count() == 1)
            {
                (Setting setting, string type) = group.Single();
                WriteSetting(xml, setting, setting.Name, null, $"Property of {type} services. {setting.Documentation}");
            }
        }
    }

    private static void WriteElement(XmlWriter xml, ElementDescription element, string name, int minimum, int maximum, string? global = null)
    {
        Start(xml, "element", name);
        if (global is null)
        {
            WriteOccurrence(xml, minimum, maximum);
        }

        if (element.Content == ElementContent.Text)
        {
            xml.WriteAttributeString("type", "xs:string");
            WriteDocumentation(xml, element.Documentation);
        }
        else
        {
            WriteDocumentation(xml, element.Documentation);
            if (element.Content == ElementContent.Elements)
            {
                WriteChildren(xml, element);
            }
            else if (element.Group is { } settings)
            {
                WriteGroup(xml, settings);
            }
            else if (element.Content == ElementContent.Settings)
            {
                WriteOpen(xml, "lax");
            }

            // Without a type there is no rule: text or elements may stand in it.
        }

        xml.WriteEndElement();
    }

    private static void WriteChildren(XmlWriter xml, ElementDescription element)
    {
        bool repeats = element.Children.Any(child => child.Maximum > 1 || child.Element.Alias is not null);
        StartContent(xml, repeats);
        foreach (ChildDescription child in element.Children)
        {
            WriteElement(xml, child.Element, child.Element.Name, repeats ? 1 : child.Minimum, 1);
            if (child.Element.Alias is { } alias)
            {
                WriteElement(xml, child.Element, alias, 1, 1);
            }
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteGroup(XmlWriter xml, SettingGroup group)
    {
        if (group.IsOpen)
        {
            WriteOpen(xml, "skip");
            return;
        }

        bool repeats = group.Settings.Any(setting => setting.Repeatable);
        StartContent(xml, repeats);
        foreach (Setting setting in group.Settings)
        {
            int minimum = repeats || (setting.Required && setting.Alias is null) ? 1 : 0;
            WriteSetting(xml, setting, setting.Name, minimum, setting.Documentation);
            if (setting.Alias is { } alias)
            {
                WriteSetting(xml, setting, alias, minimum, $"The same as {setting.Name}. {setting.Documentation}");
            }
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteSetting(XmlWriter xml, Setting setting, string name, int? minimum, string documentation)
    {
        Start(xml, "element", name);
        if (minimum is { } occurs)
        {
            WriteOccurrence(xml, occurs, 1);
        }

        string @default = setting.DefaultText is { Length: > 0 } text ? $" Default: {text}." : "";
        if (setting.Group is { } group)
        {
            WriteDocumentation(xml, documentation);
            WriteGroup(xml, group);
        }
        else if (setting.Words.IsEmpty)
        {
            xml.WriteAttributeString("type", "xs:string");
            WriteDocumentation(xml, $"{documentation} Value: {setting.FormatDescription}.{@default}");
        }
        else
        {
            WriteDocumentation(xml, documentation + @default);
            WriteWords(xml, setting);
        }

        xml.WriteEndElement();
    }

    private static void WriteWords(XmlWriter xml, Setting setting)
    {
        Start(xml, "simpleType");
        Start(xml, "union");
        xml.WriteAttributeString("memberTypes", "parameter");
        Start(xml, "simpleType");
        Start(xml, "restriction");
        xml.WriteAttributeString("base", "xs:token");
        foreach (string word in setting.Words)
        {
            Start(xml, "enumeration");
            xml.WriteAttributeString("value", word);
            xml.WriteEndElement();
        }

        for (int i = 0; i < 4; i++)
        {
            xml.WriteEndElement();
        }
    }

    private static void WriteOpen(XmlWriter xml, string process)
    {
        Start(xml, "complexType");
        Start(xml, "sequence");
        Start(xml, "any");
        xml.WriteAttributeString("namespace", "##targetNamespace");
        xml.WriteAttributeString("processContents", process);
        WriteOccurrence(xml, 0, int.MaxValue);
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    /// <summary>Opens a type whose elements stand in any order: each at most once, or any number of each.</summary>
    private static void StartContent(XmlWriter xml, bool repeats)
    {
        Start(xml, "complexType");
        Start(xml, repeats ? "choice" : "all");
        if (repeats)
        {
            WriteOccurrence(xml, 0, int.MaxValue);
        }
    }

    private static void WriteOccurrence(XmlWriter xml, int minimum, int maximum)
    {
        if (minimum != 1)
        {
            xml.WriteAttributeString("minOccurs", "0");
        }

        if (maximum > 1)
        {
            xml.WriteAttributeString("maxOccurs", "unbounded");
        }
    }

    private static void WriteDocumentation(XmlWriter xml, string text)
    {
        Start(xml, "annotation");
        xml.WriteElementString("xs", "documentation", Schema, text);
        xml.WriteEndElement();
    }

    private static void Start(XmlWriter xml, string element, string? name = null)
    {
        xml.WriteStartElement("xs", element, Schema);
        if (name is not null)
        {
            xml.WriteAttributeString("name", name);
        }
    }
}
