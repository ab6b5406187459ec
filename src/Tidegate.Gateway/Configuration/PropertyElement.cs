using System.Collections.Immutable;
using System.Xml;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration;

/// <summary>An element whose meaning only a plug-in knows: an option of a login module, a property of a service without a description.</summary>
/// <param name="Name">The element's name.</param>
/// <param name="Text">The text directly inside, white space collapsed; empty if there is none.</param>
/// <param name="Children">The elements inside.</param>
public sealed record PropertyElement(string Name, string Text, ImmutableArray<PropertyElement> Children)
{
    private static readonly string[] s_secretWords = ["password", "passwd", "passphrase", "passcode", "pwd", "bindpw", "secret", "credential", "token", "apikey", "api-key", "accesskey", "access-key", "privatekey", "private-key"];

    // Where the word is only part of the name of a place, the place may be seen: keyStorePasswordURL, password-file.
    private bool IsSecret =>
        s_secretWords.Any(word => Name.Contains(word, StringComparison.OrdinalIgnoreCase))
        && !Name.EndsWith("url", StringComparison.OrdinalIgnoreCase)
        && !Name.EndsWith("file", StringComparison.OrdinalIgnoreCase);

    internal static PropertyElement From(SourceElement element, Findings findings)
    {
        ElementDescription.CheckAttributes(element, findings);
        if (!element.Children.IsEmpty)
        {
            ElementDescription.CheckNoText(element, findings);
        }

        return new(element.Name, element.Text ?? "", [.. element.Children.Select(child => From(child, findings))]);
    }

    internal void Write(XmlWriter xml, bool showSecrets)
    {
        xml.WriteStartElement(Name);
        if (Children.IsEmpty)
        {
            xml.WriteString(IsSecret && Text.Length > 0 && !showSecrets ? SettingGroup.Masked : ParameterSubstitution.Escape(Text));
        }

        foreach (PropertyElement child in Children)
        {
            child.Write(xml, showSecrets);
        }

        xml.WriteEndElement();
    }
}
