using System.Collections.Immutable;
using System.Globalization;
using System.Xml;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration;

/// <summary>Reads <c>gateway-config.xml</c> into a model that never changes, or says everything that is wrong with it.</summary>
public static class ConfigurationReader
{
    /// <summary>The largest file read, in bytes.</summary>
    public const int MaximumFileSize = 16 * 1024 * 1024;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file, named in messages as it is named here.</param>
    /// <param name="parameters">Where <c>${name}</c> finds values; null for the environment only.</param>
    /// <exception cref="ConfigurationException">The file cannot be read or is wrong; every error is named.</exception>
    public static GatewayConfiguration Read(string path, ParameterSources? parameters = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        return ReadAsFarAsPossible(path, parameters).OrThrow();
    }

    /// <summary>Reads a file, right or wrong: what can be read of a wrong one can be checked further, so that its user sees everything at once.</summary>
    /// <inheritdoc cref="Read(string, ParameterSources)"/>
    internal static ReadConfiguration ReadAsFarAsPossible(string path, ParameterSources? parameters)
    {
        try
        {
            using MemoryStream content = Load(path);
            return Read(
                settings => XmlReader.Create(content, settings),
                () =>
                {
                    content.Position = 0;
                    return new StreamReader(content);
                },
                path,
                parameters);
        }
        catch (ConfigurationException e)
        {
            return new ReadConfiguration(null, e.Errors);
        }
    }

    /// <summary>Reads a configuration that is already in memory.</summary>
    /// <param name="text">The XML.</param>
    /// <param name="fileName">What messages call it.</param>
    /// <param name="parameters">Where <c>${name}</c> finds values; null for the environment only.</param>
    /// <exception cref="ConfigurationException">The text is wrong; every error is named.</exception>
    public static GatewayConfiguration Parse(string text, string fileName, ParameterSources? parameters = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(fileName);
        return text.Length > MaximumFileSize
            ? throw TooLarge(fileName)
            : Read(settings => XmlReader.Create(new StringReader(text), settings), () => new StringReader(text), fileName, parameters).OrThrow();
    }

    private static ReadConfiguration Read(
        Func<XmlReaderSettings, XmlReader> open, Func<TextReader> text, string file, ParameterSources? parameters)
    {
        var findings = new Findings();
        SourceElement root = SourceDocument.Read(open, text, file);
        CheckRoot(root, findings);
        findings.ThrowIfAny();
        GatewayEdition edition = GatewayNamespaces.EditionOf(root.Namespace)!.Value;

        // Only now, because the values may be anywhere in <properties>; the elements there stay as they are written.
        parameters ??= new ParameterSources();
        SettingValues given = OldSystemProperties.Read(parameters, root.Position, findings);
        using var cloud = new CloudMetadata(parameters.CloudMetadata, parameters.CloudTimeout);
        var substitution = new ParameterSubstitution(parameters, PropertiesOf(root), cloud, findings);
        root = root with { Children = [.. root.Children.Select(c => c.Name == GatewayElements.Properties.Name ? c : substitution.Apply(c))] };
        OldSystemProperties.ReportUnused(parameters, substitution.Used, root.Position, findings);
        root = OlderEditions.Translate(root, edition, findings);
        GatewayElements.Root.Check(root, findings);

        SecurityConfiguration security = SecuritySettings.Read(root, findings);
        ImmutableArray<ServiceConfiguration> services = new ServiceReader(root, security.Realms, given, findings).ReadAll();

        // After the services: what is noted before them counts for each of them, as service-defaults do.
        ClusterConfiguration? cluster = ClusterSettings.Read(root, findings);
        BalanceCheck.Run(services, edition, findings);
        if (services.IsEmpty && !findings.HasErrors)
        {
            findings.Warning(root.Position, "There is no <service> in the file, so the gateway will serve nothing.", "Add one.");
        }

        var configuration = new GatewayConfiguration(file, services, findings.Warnings)
        {
            Security = security,
            Cluster = cluster,
            Unserved = findings.UnservedParts,
        };
        return new ReadConfiguration(configuration, findings.Errors);
    }

    private static void CheckRoot(SourceElement root, Findings findings)
    {
        string right = $"<gateway-config xmlns=\"{GatewayNamespaces.Current}\">";
        if (root.Name != GatewayElements.Root.Name)
        {
            findings.Error(root.Position, $"The file starts with <{root.Name}>; it is not a gateway configuration.", $"Put everything in {right}.");
        }
        else if (GatewayNamespaces.EditionOf(root.Namespace) is null)
        {
            findings.Error(root.Position, $"Unknown/unsupported XML namespace URI '{root.Namespace}'.", $"Write {right}.");
        }
    }

    private static Dictionary<string, string> PropertiesOf(SourceElement root)
    {
        var properties = new Dictionary<string, string>();
        foreach (SourceElement property in root.ChildrenNamed("properties").SelectMany(p => p.ChildrenNamed("property")))
        {
            if (property.TextOf("name") is { } name && property.TextOf("value") is { } value)
            {
                // Of two with the same name, the last one has always won.
                properties[name] = value;
            }
        }

        return properties;
    }

    private static MemoryStream Load(string path)
    {
        var whole = new SourcePosition(path, 0, 0);
        try
        {
            using FileStream file = File.OpenRead(path);
            var content = new MemoryStream();
            var buffer = new byte[64 * 1024];

            // Not by its length: that of a pipe or of a file in /proc says nothing.
            for (int read; (read = file.Read(buffer)) > 0;)
            {
                content.Write(buffer, 0, read);
                if (content.Length > MaximumFileSize)
                {
                    throw TooLarge(path);
                }
            }

            content.Position = 0;
            return content;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigurationException([new(whole, "There is no such file.", "Give the path of a gateway-config.xml.")]);
        }
        catch (UnauthorizedAccessException)
        {
            throw new ConfigurationException([
                Directory.Exists(path)
                    ? new(whole, "This is a directory.", "Give the path of a gateway-config.xml.")
                    : new(whole, "The file may not be read by the user that runs Tidegate.", "Change its permissions or its owner."),
            ]);
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException)
        {
            throw new ConfigurationException([new(whole, $"The file cannot be read: {e.Message}", "")]);
        }
    }

    private static ConfigurationException TooLarge(string file) => new([
        new(
            new SourcePosition(file, 0, 0),
            string.Create(CultureInfo.InvariantCulture, $"The file is larger than {MaximumFileSize / (1024 * 1024)} MiB."),
            "Is it the right file?"),
    ]);
}
