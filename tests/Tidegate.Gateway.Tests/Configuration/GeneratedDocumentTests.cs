using System.Xml;
using System.Xml.Schema;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Documents;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>
/// Holds the generated documents to the descriptions. With TIDEGATE_WRITE_DOCUMENTS=1 in the environment it writes them:
/// TIDEGATE_WRITE_DOCUMENTS=1 ./test GeneratedDocument
/// </summary>
public sealed class GeneratedDocumentTests
{
    [Fact]
    public void The_reference_is_current() => IsCurrent("configuration-reference.md", ConfigurationReference.Write());

    [Fact]
    public void The_schema_is_current() => IsCurrent("gateway-config.xsd", ConfigurationSchema.Write());

    [Fact]
    public void Every_setting_is_in_the_reference_with_its_default()
    {
        string[] lines = ConfigurationReference.Write().Split('\n');
        foreach (Setting setting in AcceptSettings.Group.Settings.Concat(ConnectSettings.Group.Settings).Concat(ServiceTypes.All.SelectMany(t => t.Properties.Settings)))
        {
            Assert.Contains(
                lines,
                line => line.StartsWith($"| `{setting.Name}`", StringComparison.Ordinal) && line.Contains(setting.DefaultText ?? "", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_sample_validates_against_the_schema()
    {
        XmlSchemaSet schemas = Load();
        string[] samples = Samples.All();
        Assert.NotEmpty(samples);
        Assert.All(samples, sample => Assert.Empty(Faults(Current(File.ReadAllText(sample)), schemas)));
    }

    [Theory]
    [InlineData("<servcie/>")]
    [InlineData("<service><name>e</name><type>echo</type><acept>ws://h/</acept></service>")]
    [InlineData("<service><name>e</name><type>echo</type><accept-options><ssl.verify-client>yes</ssl.verify-client></accept-options></service>")]
    [InlineData("<service><name>e</name><type>echo</type><properties><repeat><a/></repeat></properties></service>")]
    [InlineData("<security><realm><name>r</name><authentication><login-modules><login-modul/></login-modules></authentication></realm></security>")]
    public void The_schema_tells_an_editor_what_is_wrong(string content) =>
        Assert.NotEmpty(Faults(ConfigurationText.Around(content), Load()));

    [Fact]
    public void A_parameter_may_stand_where_words_are_counted() =>
        Assert.Empty(Faults(
            ConfigurationText.Around(ConfigurationText.Echo("<accept-options><ws.compression>${compression}</ws.compression></accept-options>")), Load()));

    private static void IsCurrent(string name, string expected)
    {
        string path = Repository.File("docs", name);
        if (Environment.GetEnvironmentVariable("TIDEGATE_WRITE_DOCUMENTS") == "1")
        {
            File.WriteAllText(path, expected);
        }

        Assert.True(
            File.Exists(path) && File.ReadAllText(path) == expected,
            $"docs/{name} is not what the descriptions say. Run: TIDEGATE_WRITE_DOCUMENTS=1 ./test GeneratedDocument");
    }

    // The schema describes the newest edition; what older ones may hold is the same.
    private static string Current(string text) =>
        GatewayNamespaces.All.Aggregate(text, (current, ns) => current.Replace($"\"{ns.Uri}\"", $"\"{GatewayNamespaces.Current}\"", StringComparison.Ordinal));

    private static XmlSchemaSet Load()
    {
        var schemas = new XmlSchemaSet();
        using var reader = XmlReader.Create(new StringReader(ConfigurationSchema.Write()));
        schemas.Add(null, reader);
        schemas.Compile();
        return schemas;
    }

    private static List<string> Faults(string text, XmlSchemaSet schemas)
    {
        var faults = new List<string>();
        var settings = new XmlReaderSettings { ValidationType = ValidationType.Schema, Schemas = schemas };
        settings.ValidationFlags |= XmlSchemaValidationFlags.ReportValidationWarnings;
        settings.ValidationEventHandler += (_, e) =>
        {
            // A property that no schema describes is for the gateway to judge.
            if (e.Severity == XmlSeverityType.Error)
            {
                faults.Add(e.Message);
            }
        };
        using var reader = XmlReader.Create(new StringReader(text), settings);
        while (reader.Read())
        {
        }

        return faults;
    }
}
