using Tidegate.Gateway.Configuration;
using Tidegate.Host.Commands;

namespace Tidegate.Host.Tests.Commands;

/// <summary>What the start script of the old gateway made of <c>GATEWAY_OPTS</c>.</summary>
public sealed class OldEnvironmentTests
{
    [Fact]
    public void Definitions_are_used_and_what_is_for_Java_is_told_apart()
    {
        ParameterSources read = OldEnvironment.With(
            new Dictionary<string, string> { ["a"] = "command line" }, "  -Xmx512m -Da=variable\t-Db=c=d -De -agentlib:x=secret -D -D=x f\n");
        Assert.Equal([("a", "command line"), ("b", "c=d"), ("e", "")], read.Definitions.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => (one.Key, one.Value)));
        Assert.Equal(["-Xmx512m", "-agentlib:x", "-D", "-D", "f"], read.JavaOptions);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(" ")]
    public void Without_the_variable_there_is_nothing(string? options)
    {
        ParameterSources read = OldEnvironment.With(new Dictionary<string, string>(), options);
        Assert.Empty(read.Definitions);
        Assert.Empty(read.JavaOptions);
    }
}
