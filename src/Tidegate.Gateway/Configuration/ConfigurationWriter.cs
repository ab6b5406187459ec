using System.Collections.Immutable;
using System.Text;
using System.Xml;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Source;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Configuration;

/// <summary>
/// Writes a configuration as the XML that would read back as the same: in the newest namespace, with every default, parameters
/// replaced and service-defaults merged in.
/// </summary>
public static class ConfigurationWriter
{
    /// <summary>The XML, which ends with a line break.</summary>
    /// <param name="configuration">What to write.</param>
    /// <param name="showSecrets">Whether passwords and keys are written, rather than asterisks.</param>
    public static string Write(GatewayConfiguration configuration, bool showSecrets)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var text = new StringBuilder();
        var settings = new XmlWriterSettings
        {
            Indent = true,
            NewLineChars = "\n",
            OmitXmlDeclaration = true,

            // A value from the command line may hold what no XML file can.
            CheckCharacters = false,
        };
        using (var xml = XmlWriter.Create(text, settings))
        {
            xml.WriteStartElement("gateway-config", GatewayNamespaces.Current);
            WriteGroup(xml, "security", SecuritySettings.Group, SecuritySettings.Take(configuration.Security), showSecrets);
            foreach (ServiceConfiguration service in configuration.Services)
            {
                WriteService(xml, service, showSecrets);
            }

            if (configuration.Cluster is { } cluster)
            {
                WriteGroup(xml, "cluster", ClusterSettings.Group, ClusterSettings.Take(cluster), showSecrets);
            }

            xml.WriteEndElement();
        }

        return text.Append('\n').ToString();
    }

    /// <summary>The properties of a service as XML, defaults filled in and secrets masked, to be compared with another's.</summary>
    internal static string PropertiesOf(ServiceConfiguration service)
    {
        ServiceTypeDescription type = ServiceTypes.Find(service.Type)!;
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { ConformanceLevel = ConformanceLevel.Fragment, CheckCharacters = false }))
        {
            WriteGroup(xml, "properties", type.Properties, type.TakeOptions(service.Options), showSecrets: false);
        }

        return text.ToString();
    }

    private static void WriteService(XmlWriter xml, ServiceConfiguration service, bool showSecrets)
    {
        ServiceTypeDescription type = ServiceTypes.Find(service.Type)!;
        xml.WriteStartElement("service");
        WriteText(xml, "name", service.Name);
        WriteText(xml, "description", service.Description);
        WriteAddresses(xml, "accept", service.Accepts.Where(accept => !accept.IsForFeeds));
        WriteAddresses(xml, "connect", service.Connects);
        WriteAddresses(xml, "balance", service.Balances);
        foreach (string notify in service.Notifies)
        {
            WriteText(xml, "notify", notify);
        }

        WriteText(xml, "type", service.Type);
        WriteGroup(xml, "properties", type.Properties, type.TakeOptions(service.Options), showSecrets);
        if (type.MaximumAccepts > 0)
        {
            WriteGroup(xml, "accept-options", AcceptSettings.Group, AcceptSettings.Take(service.AcceptOptions), showSecrets);
        }

        if (type.MaximumConnects > 0)
        {
            WriteGroup(xml, "connect-options", ConnectSettings.Group, ConnectSettings.Take(service.ConnectOptions), showSecrets);
        }

        foreach (PropertyElement element in service.Unheeded)
        {
            element.Write(xml, showSecrets);
        }

        WriteText(xml, "realm-name", service.RealmName);
        if (!service.RequiredRoles.IsEmpty)
        {
            WriteGroup(xml, "authorization-constraint", ProtectionSettings.Group, ProtectionSettings.Take(service.RequiredRoles), showSecrets);
        }

        foreach ((string extension, string mimeType) in service.MimeTypes.OrderBy(mapping => mapping.Key, StringComparer.Ordinal))
        {
            WriteGroup(xml, "mime-mapping", MimeMappingSettings.Group, MimeMappingSettings.Take(extension, mimeType), showSecrets);
        }

        foreach (CrossSiteConstraint constraint in service.CrossSiteConstraints)
        {
            WriteGroup(xml, "cross-site-constraint", CrossSiteSettings.Group, CrossSiteSettings.Take(constraint), showSecrets);
        }

        xml.WriteEndElement();
    }

    private static void WriteAddresses(XmlWriter xml, string name, IEnumerable<ServiceAddress> addresses)
    {
        foreach (ServiceAddress address in addresses)
        {
            WriteText(xml, name, address.Uri.ToString());
        }
    }

    private static void WriteText(XmlWriter xml, string name, string? text)
    {
        if (text is not null)
        {
            xml.WriteElementString(name, ParameterSubstitution.Escape(text));
        }
    }

    private static void WriteGroup(XmlWriter xml, string name, SettingGroup group, SettingValues values, bool showSecrets)
    {
        if (values.IsEmpty)
        {
            return;
        }

        xml.WriteStartElement(name);
        group.Write(xml, values, showSecrets);
        xml.WriteEndElement();
    }
}
