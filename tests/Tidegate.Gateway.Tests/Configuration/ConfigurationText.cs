using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>Configurations for tests: a whole file around the part that matters, which starts in line 2, column 1.</summary>
internal static class ConfigurationText
{
    internal static string Around(string content, string ns = "http://xmlns.kaazing.org/2016/06/gateway") =>
        $"<gateway-config xmlns=\"{ns}\">\n{content}\n</gateway-config>";

    /// <summary>An echo service with more elements inside.</summary>
    internal static string Echo(string more) =>
        $"<service><name>e</name><accept>ws://localhost:8000/echo</accept><type>echo</type>{more}</service>";

    internal static GatewayConfiguration Read(string content, ParameterSources? parameters = null) =>
        ConfigurationReader.Parse(Around(content), "test.xml", parameters ?? Nothing);

    internal static ServiceConfiguration ReadService(string content) => Assert.Single(Read(content).Services);

    internal static string[] ErrorsIn(string content, ParameterSources? parameters = null)
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => Read(content, parameters));
        return [.. e.Errors.Select(error => error.ToString())];
    }

    /// <summary>No definitions, and an environment that is empty whatever the machine's holds.</summary>
    internal static ParameterSources Nothing { get; } = new()
    {
        Environment = _ => null,
        HostName = () => "here.example",
        CloudMetadata = new Uri("http://127.0.0.1:1/"),
    };
}
