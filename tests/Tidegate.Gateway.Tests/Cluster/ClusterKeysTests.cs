using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Cluster;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ClusterKeysTests : IDisposable
{
    private const string Start = "test.xml:2:1: Unable to initialize cluster due to an exception: ";
    private readonly ScratchDirectory _directory = new();

    private string KeyFile => Path.Combine(_directory.Path, "keys");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_file_holds_one_key_a_line_and_the_first_one_seals()
    {
        string[] keys = [ClusterKeys.Generate(), ClusterKeys.Generate()];
        Write($"# the keys of the cluster\n{keys[0]}\r\n\n  {keys[1]}\n");

        Assert.Equal(keys, Read());
        Assert.NotEqual(keys[0], keys[1]);
    }

    [Fact]
    public void The_environment_may_hold_them_and_there_may_be_none()
    {
        string[] keys = [ClusterKeys.Generate(), ClusterKeys.Generate()];

        Assert.Equal(keys, ClusterKeys.Read(Cluster(null), string.Join(' ', keys)));
        Assert.Empty(ClusterKeys.Read(Cluster(null), null));
        Assert.Empty(ClusterKeys.Read(Cluster(null), " "));
    }

    [Theory]
    [InlineData(UnixFileMode.OtherRead, "404")]
    [InlineData(UnixFileMode.OtherWrite, "402")]
    [InlineData(UnixFileMode.GroupRead, "440")]
    [InlineData(UnixFileMode.GroupWrite, "420")]
    public void A_file_that_others_than_its_owner_may_read_or_change_is_refused(UnixFileMode others, string mode)
    {
        Write(ClusterKeys.Generate());
        if (Files.UnixFiles.User == 0)
        {
            // Root's own are another matter.
            Assert.Equal(0, Unix.ChangeOwner(KeyFile, Unix.Nobody, Unix.Nobody));
        }

        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | others);

        Assert.Equal(
            $"{Start}{KeyFile}: others than its owner may read or change the keys of the cluster (its mode is {mode}). Make it its owner's alone: chmod 600 {KeyFile}. "
            + "Only a file of root's may be readable for its group, with mode 440 or 640, as Kubernetes mounts secrets.",
            Assert.Throws<GatewayStartException>(() => Read()).Message);
    }

    [Theory]
    [InlineData(0b110_000_000, true, true)]
    [InlineData(0b100_100_000, true, false)]
    [InlineData(0b110_100_000, true, false)]
    [InlineData(0b110_110_000, false, false)]
    [InlineData(0b100_010_000, false, false)]
    [InlineData(0b100_100_100, false, false)]
    [InlineData(0b100_000_010, false, false)]
    public void A_group_may_read_what_root_owns_and_nobody_else_may(int mode, bool whereRootOwnsIt, bool whereAnotherDoes)
    {
        Assert.Equal(whereRootOwnsIt, ClusterKeys.FaultOfMode("f", (UnixFileMode)mode, isRoots: true) is null);
        Assert.Equal(whereAnotherDoes, ClusterKeys.FaultOfMode("f", (UnixFileMode)mode, isRoots: false) is null);
    }

    [Fact]
    public void What_is_wrong_with_a_file_is_said_where_the_configuration_names_it()
    {
        File.WriteAllText(KeyFile, "damaged");
        string conf = _directory.Write("conf.xml", Configuration.ConfigurationText.Around("<cluster><name>c</name><accept>tcp://127.0.0.1:5942</accept>\n  <key-file>keys</key-file></cluster>"));
        GatewayConfiguration configuration = ConfigurationReader.Read(conf, Configuration.ConfigurationText.Nothing);

        ConfigurationError error = Assert.Single(ClusterKeys.Check(configuration, null));
        Assert.Equal(new SourcePosition(conf, 3, 13), error.Position);
        Assert.StartsWith($"{conf}:3:13: Unable to initialize cluster due to an exception: ", Assert.Throws<GatewayStartException>(() => ClusterKeys.Read(configuration.Cluster!, null)).Message, StringComparison.Ordinal);
        Assert.Equal(2, Assert.Single(ClusterKeys.Check(configuration with { Cluster = configuration.Cluster! with { KeyFile = null, KeyFilePosition = null } }, "damaged")).Position.Line);
    }

    [Theory]
    [InlineData("", "there are 0 keys")]
    [InlineData("# none", "there are 0 keys")]
    [InlineData("not base64!", "key 1 is not 16, 24 or 32 bytes in base64")]
    [InlineData("c2hvcnQ=", "key 1 is not 16, 24 or 32 bytes in base64")]
    public void What_is_no_key_is_refused_and_not_shown(string text, string problem)
    {
        Write(text);

        string message = Assert.Throws<GatewayStartException>(() => Read()).Message;

        Assert.StartsWith($"{Start}{KeyFile}: {problem}", message, StringComparison.Ordinal);
        Assert.True(text is "" or "# none" || !message.Contains(text, StringComparison.Ordinal));
    }

    [Fact]
    public void Pipes_devices_and_directories_are_refused_and_nothing_waits_for_them()
    {
        string pipe = Path.Combine(_directory.Path, "pipe");
        Assert.Equal(0, Unix.MakePipe(pipe));
        string link = Path.Combine(_directory.Path, "link");
        File.CreateSymbolicLink(link, pipe);

        // Nobody ever writes to the pipe, and /dev/zero never ends.
        foreach ((string file, string kind) in ((string, string)[])[(pipe, "a pipe"), (link, "a pipe"), ("/dev/zero", "a device"), ("/dev/null", "a device"), (_directory.Path, "a directory")])
        {
            Assert.StartsWith(
                $"{Start}{file}: The keys of the cluster can not be read: it is {kind}, and ",
                Assert.Throws<GatewayStartException>(() => ClusterKeys.Read(Cluster(file), null)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_link_to_a_file_is_followed()
    {
        string key = ClusterKeys.Generate();
        Write(key);
        string link = Path.Combine(_directory.Path, "link");
        File.CreateSymbolicLink(link, KeyFile);

        Assert.Equal([key], ClusterKeys.Read(Cluster(link), null));
    }

    [Fact]
    public void More_keys_than_a_member_holds_are_refused()
    {
        Write(string.Join('\n', Enumerable.Range(0, 16).Select(_ => ClusterKeys.Generate())));
        Assert.Equal(16, Read().Length);

        Write(string.Join('\n', Enumerable.Range(0, 17).Select(_ => ClusterKeys.Generate())));
        Assert.Equal(
            $"{Start}{KeyFile}: there are 17 keys, and a cluster has 1 to 16, each on a line of its own. ./tidegate keygen makes one.",
            Assert.Throws<GatewayStartException>(() => Read()).Message);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named() =>
        Assert.StartsWith($"{Start}{KeyFile}: The keys of the cluster can not be read: ", Assert.Throws<GatewayStartException>(() => Read()).Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_too_long_is_none()
    {
        Write(new string('A', 70_000));

        Assert.Contains("a file with keys has at most 65536 bytes", Assert.Throws<GatewayStartException>(() => Read()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_places_for_keys_are_one_too_many()
    {
        Write(ClusterKeys.Generate());

        Assert.Equal(
            Start + "Both <key-file> and TIDEGATE_CLUSTER_KEY hold the keys of the cluster. Keep one of them.",
            Assert.Throws<GatewayStartException>(() => ClusterKeys.Read(Cluster(KeyFile), ClusterKeys.Generate())).Message);
    }

    private void Write(string text)
    {
        File.WriteAllText(KeyFile, text);
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private string[] Read() => ClusterKeys.Read(Cluster(KeyFile), null);

    private static ClusterConfiguration Cluster(string? file) => new() { Name = "c", KeyFile = file, Position = new SourcePosition("test.xml", 2, 1) };
}
