using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Tests.Security;
using Tidegate.Gateway.Configuration.Documents;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>Holds the documentation to what the reader works by.</summary>
public sealed class DocumentationTests
{
    [Fact]
    public void Every_service_type_has_a_chapter() =>
        Assert.All(
            ServiceTypes.All.Concat(PlannedServiceTypes.All),
            type => Assert.Contains($"\n### {type.Name}\n", ConfigurationReference.Write(), StringComparison.Ordinal));

    /// <summary>Every example in the pages, with the page.</summary>
    public static TheoryData<string, string> Examples
    {
        get
        {
            var examples = new TheoryData<string, string>();
            foreach (string page in Directory.GetFiles(Repository.File("docs"), "*.md").Order(StringComparer.Ordinal))
            {
                foreach (string part in File.ReadAllText(page).Split("```xml\n").Skip(1))
                {
                    examples.Add(Path.GetFileName(page), part.Split("```")[0]);
                }
            }

            return examples;
        }
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void Every_example_in_the_pages_is_valid_and_served(string page, string example)
    {
        if (example.StartsWith("<jaas-config", StringComparison.Ordinal))
        {
            using var users = new UsersFile();
            users.WriteWhole(example);
            Assert.NotNull(JaasFile.Read(users.Path).Find("joe"));
            return;
        }

        string file = example.Split('<', '>', ' ')[1] switch
        {
            "gateway-config" => example,
            "accept" => ConfigurationText.Around($"<service><name>e</name><type>echo</type>{example}</service>"),
            "connect" => ConfigurationText.Around($"<service><name>p</name><type>proxy</type><accept>ws://localhost:8000/</accept>{example}</service>"),
            "cross-site-constraint" => ConfigurationText.Around(ConfigurationText.Echo(example)),
            _ => ConfigurationText.Around(example),
        };

        Assert.Empty(ConfigurationReader.Parse(file, page, ConfigurationText.Nothing).AllUnserved);
    }
}
