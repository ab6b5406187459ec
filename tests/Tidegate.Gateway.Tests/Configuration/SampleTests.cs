using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Tests.Configuration;

public sealed class SampleTests
{
    public static TheoryData<string> Names => [.. Samples.All().Select(path => Path.GetFileName(path))];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_sample_loads(string name)
    {
        GatewayConfiguration configuration = Read(name);

        Assert.NotEmpty(configuration.Services);
    }

    [Theory]
    [InlineData("gateway-config.xml")]
    [InlineData("echo.xml")]
    [InlineData("proxy.xml")]
    [InlineData("defaults-and-parameters.xml")]
    [InlineData("http-redirect.xml")]
    [InlineData("http-proxy.xml")]
    [InlineData("cluster-member-1.xml")]
    [InlineData("cluster-member-2.xml")]
    [InlineData("cluster-multicast.xml")]
    public void What_is_served_today_has_nothing_left_out(string name) => Assert.Empty(Read(name).Unserved);

    [Theory]
    [InlineData("logins.xml")]
    [InlineData("amqp.xml")]
    [InlineData("turn.xml")]
    [InlineData("edition-2012-09.xml")]
    public void What_asks_for_a_login_is_never_started_open(string name)
    {
        GatewayConfiguration configuration = Read(name);

        Assert.NotEmpty(configuration.AllUnserved.Where(part => !part.IsDispensable));
        ServiceConfiguration[] closed = [.. configuration.Servable(lenient: true).Services.Where(service => !service.RequiredRoles.IsEmpty)];
        using var realms = new Realms(configuration.Security, TimeProvider.System, NullLogger.Instance);
        Assert.All(closed, service => Assert.NotNull(realms.For(service)));
        Assert.Equal(name == "logins.xml" ? ["anyone whom the file knows", "those who have both roles"] : [], closed.Select(service => service.Name));
    }

    [Fact]
    public void Nothing_is_written_beside_a_file_of_an_older_edition()
    {
        using var scratch = new ScratchDirectory();
        string copy = Path.Combine(scratch.Path, "gateway-config.xml");
        File.Copy(Repository.File("samples", "edition-2014-09.xml"), copy);

        ConfigurationReader.Read(copy, ConfigurationText.Nothing);

        Assert.Equal([copy], Directory.GetFileSystemEntries(scratch.Path));
    }

    private static GatewayConfiguration Read(string name) =>
        ConfigurationReader.Read(Samples.All().Single(path => Path.GetFileName(path) == name), ConfigurationText.Nothing);
}
