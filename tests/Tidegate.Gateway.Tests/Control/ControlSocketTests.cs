using System.Collections.Immutable;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Control;

namespace Tidegate.Gateway.Tests.Control;

/// <summary>The socket by which operators of a machine speak to a gateway there.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ControlSocketTests : IDisposable
{
    private const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly ScratchDirectory _scratch = new();
    private readonly CollectedLog _log = new();

    private string File => Path.Combine(_scratch.Path, "gateway-config.xml");

    private ILogger Logger => _log.Factory.CreateLogger("tidegate.control");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_gateway_answers_who_asks_for_its_file()
    {
        ControlPlaces places = Places();
        await using ControlSocket socket = (await OpenAsync(places, new Told("one", "two")))!;

        Assert.Equal(["one", "two"], await AskAsync(places, "told"));
        Assert.StartsWith(Path.Combine(_scratch.Path, "run", "tidegate") + "/", socket.Path, StringComparison.Ordinal);
        Assert.Equal(OwnersAlone, System.IO.File.GetUnixFileMode(Path.GetDirectoryName(socket.Path)!));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(socket.Path));
        Assert.Empty(_log.At(LogLevel.Warning));
    }

    [Fact]
    public async Task Nobody_answers_for_another_file()
    {
        ControlPlaces places = Places();
        await using ControlSocket socket = (await OpenAsync(places, new Told()))!;

        Assert.False(await ControlClient.AskAsync(places, File + "2", "told", _ => { }, CancellationToken.None));
    }

    [Fact]
    public async Task The_words_after_the_verb_reach_it_and_its_refusal_reaches_the_one_who_asked()
    {
        ControlPlaces places = Places();
        await using ControlSocket socket = (await OpenAsync(places, new Refusing()))!;

        ControlException exception = await Assert.ThrowsAsync<ControlException>(() => AskAsync(places, "refusing now  please"));

        Assert.Equal("not now, please", exception.Message);
    }

    [Fact]
    public async Task What_is_said_of_a_refusal_can_not_do_anything_to_a_terminal()
    {
        ControlPlaces places = Places();
        await using ControlSocket socket = (await OpenAsync(places, new Refusing()))!;

        ControlException exception = await Assert.ThrowsAsync<ControlException>(() => AskAsync(places, "refusing \e[2Jnow please"));

        Assert.Equal("not ?[2Jnow, please", exception.Message);
    }

    [Theory]
    [InlineData("shutdown")]
    [InlineData("")]
    [InlineData("told\0")]
    public async Task What_the_gateway_does_not_know_is_refused_with_what_it_knows(string request)
    {
        ControlPlaces places = Places();
        await using ControlSocket socket = (await OpenAsync(places, new Told(), new Refusing()))!;

        ControlException exception = await Assert.ThrowsAsync<ControlException>(() => AskAsync(places, request));

        Assert.Equal("The gateway does not know that request. It knows: refusing, told. Is it of another version?", exception.Message);
    }

    [Fact]
    public async Task A_request_without_an_end_is_refused_when_it_is_too_long()
    {
        await using ControlSocket socket = (await OpenAsync(Places(), new Told()))!;
        using Socket client = await ConnectAsync(socket);

        await client.SendAsync(Encoding.ASCII.GetBytes("told " + new string('x', ControlSocket.LongestRequest)));

        Assert.Contains("\"error\":\"The gateway does not know that request.", await ReadAllAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_than_a_few_at_once_are_told_to_come_again()
    {
        ControlPlaces places = Places();
        var waiting = new Waiting();
        await using ControlSocket socket = (await OpenAsync(places, waiting))!;
        Task<string[]>[] first = [.. Enumerable.Range(0, ControlSocket.MaximumConnections).Select(_ => AskAsync(places, "waiting"))];
        await waiting.AllThereAsync(ControlSocket.MaximumConnections);

        ControlException exception = await Assert.ThrowsAsync<ControlException>(() => AskAsync(places, "waiting"));
        waiting.GoOn();

        Assert.Equal("The gateway has too many such questions to answer at once. Ask again.", exception.Message);
        Assert.All(await Task.WhenAll(first), Assert.Empty);
    }

    [Fact]
    public async Task An_answer_that_takes_too_long_breaks_off_and_is_not_taken_for_a_whole_one()
    {
        ControlPlaces places = Places();
        await using ControlSocket socket = (await OpenAsync(places, new Waiting(TimeSpan.FromMilliseconds(50))))!;

        ControlException exception = await Assert.ThrowsAsync<ControlException>(() => AskAsync(places, "waiting"));

        Assert.Equal("The gateway's answer broke off. Has it just stopped?", exception.Message);
    }

    [Fact]
    public async Task A_second_gateway_with_the_same_file_leaves_the_first_one_its_socket_and_says_so()
    {
        ControlPlaces places = Places();
        await using ControlSocket first = (await OpenAsync(places, new Told("first")))!;

        Assert.Null(await OpenAsync(places, new Told("second")));

        Assert.Equal($"Another gateway of this user runs with {File}: ./tidegate asks that one, and not this. Give each gateway a configuration file of its own", Assert.Single(_log.At(LogLevel.Warning)));
        Assert.Equal(["first"], await AskAsync(places, "told"));
    }

    [Fact]
    public async Task What_a_dead_gateway_has_left_is_replaced_and_what_ends_leaves_nothing_to_speak_to()
    {
        ControlPlaces places = Places();
        string path = await PathOfEndedAsync((await OpenAsync(places, new Told()))!);
        foreach (string place in new[] { path, path.Replace(".sock", "0.sock", StringComparison.Ordinal) })
        {
            // Moved, so that closing it does not remove it: a killed process removes nothing either.
            using var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            left.Bind(new UnixDomainSocketEndPoint(place + "2"));
            System.IO.File.Move(place + "2", place);
        }

        Assert.False(await ControlClient.AskAsync(places, File, "told", _ => { }, CancellationToken.None));
        await using ControlSocket socket = (await OpenAsync(places, new Told("new")))!;

        Assert.Equal(["new"], await AskAsync(places, "told"));
        Assert.Equal([socket.Path], Directory.GetFiles(Path.GetDirectoryName(path)!, "*.sock"));
    }

    [Fact]
    public async Task A_directory_that_others_may_write_to_or_that_is_a_link_is_not_used()
    {
        ControlPlaces places = Places();
        Directory.CreateDirectory(Path.Combine(_scratch.Path, "elsewhere"), OwnersAlone);
        Directory.CreateSymbolicLink(Path.Combine(_scratch.Path, "run", "tidegate"), Path.Combine(_scratch.Path, "elsewhere"));
        Directory.CreateDirectory(places.SystemDirectory);
        System.IO.File.SetUnixFileMode(places.SystemDirectory, OwnersAlone | UnixFileMode.GroupWrite);
        await using ControlSocket socket = (await OpenAsync(places, new Told("here")))!;

        Assert.StartsWith(Path.Combine(_scratch.Path, "tmp", "tidegate-"), socket.Path, StringComparison.Ordinal);
        Assert.Equal(["here"], await AskAsync(places, "told"));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_scratch.Path, "elsewhere")));
    }

    [Fact]
    public async Task What_somebody_else_has_put_where_everybody_may_write_is_not_used()
    {
        string tmp = Directory.CreateDirectory(Path.Combine(_scratch.Path, "tmp")).FullName;
        string own = Path.Combine(tmp, $"tidegate-{Files.UnixFiles.User}");
        var places = new ControlPlaces(null, Path.Combine(_scratch.Path, "missing", "tidegate"), tmp, null);
        Directory.CreateDirectory(Path.Combine(_scratch.Path, "elsewhere"), OwnersAlone);

        // A link, though to a directory of this user's alone; a file; a directory that others may write to.
        Directory.CreateSymbolicLink(own, Path.Combine(_scratch.Path, "elsewhere"));
        Assert.Null(await OpenAsync(places, new Told()));
        Assert.False(await ControlClient.AskAsync(places, File, "told", _ => { }, CancellationToken.None));
        System.IO.File.Delete(own);
        await System.IO.File.WriteAllTextAsync(own, "");
        Assert.Null(await OpenAsync(places, new Told()));
        System.IO.File.Delete(own);
        Directory.CreateDirectory(own, OwnersAlone);
        System.IO.File.SetUnixFileMode(own, OwnersAlone | UnixFileMode.OtherWrite);
        Assert.Null(await OpenAsync(places, new Told()));

        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_scratch.Path, "elsewhere")));
        string[] lines = [.. _log.At(LogLevel.Warning)];
        Assert.Equal(3, lines.Length);
        Assert.Contains($"{own}: it is no directory", lines[0], StringComparison.Ordinal);
        Assert.Contains($"{own}: it is no directory", lines[1], StringComparison.Ordinal);
        Assert.Contains($"{own}: others may write to it", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_of_another_user_is_not_used_and_root_asks_there_whoever_owns_it_alone()
    {
        Assert.True(Files.UnixFiles.User == 0, "This test gives files to another user, which only root may: run it as root.");
        string tmp = Directory.CreateDirectory(Path.Combine(_scratch.Path, "tmp")).FullName;
        var places = new ControlPlaces(null, Path.Combine(_scratch.Path, "missing", "tidegate"), tmp, null);
        await using ControlSocket socket = (await OpenAsync(places, new Told("here")))!;
        string directory = Path.GetDirectoryName(socket.Path)!;
        Assert.Equal(0, Unix.ChangeOwner(directory, Unix.Nobody, Unix.Nobody));

        Assert.Null(await OpenAsync(places, new Told()));
        Assert.Contains($"{directory}: it belongs to another user", Assert.Single(_log.At(LogLevel.Warning)), StringComparison.Ordinal);
        Assert.Empty(places.Find(File));

        // Root looks there, and does not speak to a gateway that is not that user's: he may have put a link to it there.
        ControlPlaces forRoot = places with { UserDirectories = Path.Combine(_scratch.Path, "users") };
        Assert.Equal((socket.Path, Unix.Nobody), Assert.Single(forRoot.Find(File)));
        Assert.False(await ControlClient.AskAsync(forRoot, File, "told", _ => { }, CancellationToken.None));
        Assert.Equal(0, Unix.ChangeOwner(directory, 0, 0));
        Assert.Equal(["here"], await AskAsync(forRoot, "told"));
    }

    [Fact]
    public async Task Without_a_safe_place_there_is_no_socket_and_the_log_says_why()
    {
        string tmp = Directory.CreateDirectory(Path.Combine(_scratch.Path, "open")).FullName;
        System.IO.File.SetUnixFileMode(tmp, OwnersAlone | UnixFileMode.OtherWrite);
        var places = new ControlPlaces(Path.Combine(_scratch.Path, "missing"), Path.Combine(tmp, "tidegate"), Path.Combine(_scratch.Path, new string('x', 120)), null);

        Assert.Null(await OpenAsync(places, new Told()));

        string line = Assert.Single(_log.At(LogLevel.Warning));
        Assert.StartsWith("This gateway has no control socket, so ./tidegate can not ask it anything: ", line, StringComparison.Ordinal);
        Assert.Contains($"{_scratch.Path}/missing is no directory; {tmp}/tidegate: others may change {tmp}; ", line, StringComparison.Ordinal);
        Assert.Contains("the path is too long for a socket", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_gateways_own_user_and_root_are_heard()
    {
        Assert.True(ControlSocket.IsHeard(asking: 1000, own: 1000));
        Assert.True(ControlSocket.IsHeard(asking: 0, own: 1000));
        Assert.False(ControlSocket.IsHeard(asking: 1001, own: 1000));
        Assert.False(ControlSocket.IsHeard(asking: 1000, own: 0));
    }

    [Fact]
    public async Task A_gateway_in_no_cluster_says_so()
    {
        ControlPlaces places = Places();
        await using ControlSocket socket = (await OpenAsync(places, new MembersVerb(() => null)))!;

        ControlException exception = await Assert.ThrowsAsync<ControlException>(() => AskAsync(places, "members"));

        Assert.Equal("This gateway is in no cluster: its configuration has no <cluster>, or it had to leave.", exception.Message);
    }

    private ControlPlaces Places()
    {
        string runtime = Directory.CreateDirectory(Path.Combine(_scratch.Path, "run"), OwnersAlone).FullName;
        string temporary = Directory.CreateDirectory(Path.Combine(_scratch.Path, "tmp"), OwnersAlone).FullName;
        return new ControlPlaces(runtime, Path.Combine(_scratch.Path, "system"), temporary, null);
    }

    private Task<ControlSocket?> OpenAsync(ControlPlaces places, params ControlVerb[] verbs) =>
        ControlSocket.OpenAsync(places, File, verbs, Logger, CancellationToken.None);

    private async Task<string[]> AskAsync(ControlPlaces places, string request)
    {
        var lines = new List<string>();
        Assert.True(await ControlClient.AskAsync(places, File, request, line => lines.Add(line.GetProperty("id").GetString()!), CancellationToken.None));
        return [.. lines];
    }

    private static async Task<string> PathOfEndedAsync(ControlSocket socket)
    {
        await socket.DisposeAsync();
        return socket.Path;
    }

    private static async Task<Socket> ConnectAsync(ControlSocket socket)
    {
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(socket.Path));
        return client;
    }

    private static async Task<string> ReadAllAsync(Socket client)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        try
        {
            while (await client.ReceiveAsync(buffer) is > 0 and var read)
            {
                text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }
        }
        catch (SocketException)
        {
            // What was not read is answered by a reset, behind the answer.
        }

        return text.ToString();
    }

    private sealed class Told(params string[] ids) : ControlVerb("told", TimeSpan.FromSeconds(60))
    {
        internal override async Task AnswerAsync(ImmutableArray<string> arguments, ControlAnswer answer, CancellationToken cancellation)
        {
            foreach (string id in ids)
            {
                await answer.TellAsync(new ObservedMember { Id = id, State = "alive", Kind = "Tidegate" }, ControlJson.Default.ObservedMember, cancellation);
            }
        }
    }

    private sealed class Refusing() : ControlVerb("refusing", TimeSpan.FromSeconds(60))
    {
        internal override Task AnswerAsync(ImmutableArray<string> arguments, ControlAnswer answer, CancellationToken cancellation) =>
            throw new ControlException($"not {string.Join(", ", arguments)}");
    }

    private sealed class Waiting(TimeSpan? bound = null) : ControlVerb("waiting", bound ?? TimeSpan.FromSeconds(60))
    {
        private readonly SemaphoreSlim _arrived = new(0);
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal override async Task AnswerAsync(ImmutableArray<string> arguments, ControlAnswer answer, CancellationToken cancellation)
        {
            _arrived.Release();
            await _goOn.Task.WaitAsync(cancellation);
        }

        internal async Task AllThereAsync(int count)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            for (int i = 0; i < count; i++)
            {
                await _arrived.WaitAsync(patience.Token);
            }
        }

        internal void GoOn() => _goOn.SetResult();
    }
}
