using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>Holds docs/configuration.md to the descriptions that the reader works by.</summary>
public sealed class DocumentationTests
{
    private static readonly string s_page = File.ReadAllText(Repository.File("docs", "configuration.md"));

    [Fact]
    public void Every_setting_is_in_the_page_with_its_default()
    {
        foreach (Setting setting in AllSettings())
        {
            string[] rows = [.. s_page.Split('\n').Where(l => l.StartsWith("| `", StringComparison.Ordinal) && l.Contains($"`{setting.Name}`", StringComparison.Ordinal))];
            Assert.True(rows.Length > 0, $"{setting.Name} is missing.");
            string? @default = setting.DefaultText;
            if (@default is not (null or "" or "0 seconds"))
            {
                Assert.True(rows.Any(r => r.Contains(@default, StringComparison.Ordinal)), $"{setting.Name} has the default {@default}.");
            }
        }
    }

    [Fact]
    public void Every_service_type_has_a_chapter() =>
        Assert.All(ServiceTypes.All, type => Assert.Contains($"\n### {type.Name}\n", s_page, StringComparison.Ordinal));

    [Fact]
    public void The_example_in_the_page_is_valid()
    {
        string example = s_page.Split("```xml\n")[1].Split("```")[0];

        Assert.Single(ConfigurationReader.Parse(example, "example.xml", ConfigurationText.Nothing).Services);
    }

    private static IEnumerable<Setting> AllSettings() =>
        AcceptSettings.Group.Settings.Concat(ConnectSettings.Group.Settings).Concat(ServiceTypes.All.SelectMany(t => t.Properties.Settings));
}
