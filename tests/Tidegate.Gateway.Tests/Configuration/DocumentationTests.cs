using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Documents;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>Holds the documentation to what the reader works by.</summary>
public sealed class DocumentationTests
{
    private static readonly string s_page = File.ReadAllText(Repository.File("docs", "configuration.md"));

    [Fact]
    public void Every_service_type_has_a_chapter() =>
        Assert.All(
            ServiceTypes.All.Concat(PlannedServiceTypes.All),
            type => Assert.Contains($"\n### {type.Name}\n", ConfigurationReference.Write(), StringComparison.Ordinal));

    [Fact]
    public void The_example_in_the_page_is_valid()
    {
        string example = s_page.Split("```xml\n")[1].Split("```")[0];

        Assert.Single(ConfigurationReader.Parse(example, "example.xml", ConfigurationText.Nothing).Services);
    }
}
