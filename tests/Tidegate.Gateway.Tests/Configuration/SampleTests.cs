using Tidegate.Gateway.Configuration;

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

        Assert.All(configuration.Services.Where(service => !service.RequiredRoles.IsEmpty), service =>
            Assert.Contains(configuration.Unserved, part => part.Service == service.Name && !part.IsDispensable));
        Assert.Empty(configuration.Servable(lenient: true).Services.Where(service => !service.RequiredRoles.IsEmpty || !service.AcceptOptions.HttpRealms.IsEmpty));
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
