using System.Runtime.InteropServices;
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
    [InlineData(UnixFileMode.UserRead | UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.OtherWrite)]
    public void A_file_that_every_user_may_read_or_change_is_refused(UnixFileMode mode)
    {
        Write(ClusterKeys.Generate());
        File.SetUnixFileMode(KeyFile, mode);

        Assert.Equal(
            $"{Start}{KeyFile}: every user of this machine may read or change the keys of the cluster. Make the file its owner's: chmod 600 {KeyFile}",
            Assert.Throws<GatewayStartException>(() => Read()).Message);
    }

    [Theory]
    [InlineData("# none", "there are 0 keys")]
    [InlineData("not base64!", "key 1 is not 16, 24 or 32 bytes in base64")]
    [InlineData("c2hvcnQ=", "key 1 is not 16, 24 or 32 bytes in base64")]
    public void What_is_no_key_is_refused_and_not_shown(string text, string problem)
    {
        Write(text);

        string message = Assert.Throws<GatewayStartException>(() => Read()).Message;

        Assert.StartsWith($"{Start}{KeyFile}: {problem}", message, StringComparison.Ordinal);
        Assert.True(text[0] == '#' || !message.Contains(text, StringComparison.Ordinal));
    }

    [Fact]
    public void An_empty_file_a_pipe_and_a_device_are_refused_and_nothing_waits_for_them()
    {
        string pipe = Path.Combine(_directory.Path, "pipe");
        Assert.Equal(0, MakePipe(pipe, 0x180));
        File.WriteAllText(KeyFile, "");

        string link = Path.Combine(_directory.Path, "link");
        File.CreateSymbolicLink(link, pipe);

        // Nobody ever writes to the pipe, and the other two never end or have nothing.
        foreach (string file in (string[])[KeyFile, pipe, link, "/dev/zero", "/dev/null"])
        {
            Assert.Equal(
                $"{Start}{file}: it is empty, or a pipe or device, and the keys of a cluster stand in an ordinary file. Make one with ./tidegate keygen.",
                Assert.Throws<GatewayStartException>(() => ClusterKeys.Read(Cluster(file), null)).Message);
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

    [DllImport("libc", EntryPoint = "mkfifo")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MakePipe([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);
}
