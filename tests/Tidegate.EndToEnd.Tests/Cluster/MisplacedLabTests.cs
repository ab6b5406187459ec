using System.Globalization;
using Tidegate.EndToEnd.Tests.Processes;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>Requests of emulated WebSockets that come to another member than their session's, when a member is not at its best.</summary>
public sealed class MisplacedLabTests(MisplacedLabTests.TwoMembers members) : IClassFixture<MisplacedLabTests.TwoMembers>
{
    private const int Room = 6;
    private const int Port = 8001;
    private const int Spare = 8002;

    [Fact]
    public async Task Requests_find_their_sessions_from_the_first_moment_of_a_member() =>
        await members.First!.WaitForLineAsync(line => line == "201 200 200");

    [Fact]
    public async Task The_answer_from_a_frozen_member_breaks_off_when_it_shows_no_sign_of_life()
    {
        string[] paths = await members.OpenAsync(2);
        await using ChildProcess streaming = members.Run("fetch", TwoMembers.Place(1), paths[1]);
        await streaming.WaitForLineAsync(line => line == "begun");

        members.Two!.Process.Signal("STOP");
        try
        {
            await members.One!.Process.WaitForLineAsync(line => line == $"INFO Cluster member /{Lab.AddressOf(2)}:5942 is down");
            await streaming.WaitForLineAsync(line => line == "broken");
            await using ChildProcess later = members.Run("fetch", TwoMembers.Place(1), paths[1]);
            await later.WaitForLineAsync(line => line == "404");
        }
        finally
        {
            members.Two.Process.Signal("CONT");
        }

        await members.KnowEachOtherAsync();
    }

    [Fact]
    public async Task Without_descriptors_for_the_way_to_the_session_it_is_said_when_to_try_again_and_then_it_is_there()
    {
        await using ChildProcess client = members.Run("kept", TwoMembers.Place(1, Spare), TwoMembers.Place(2, Spare));
        string id = members.One!.Process.Id.ToString(CultureInfo.InvariantCulture);
        string status = "200 -";
        for (int tries = 0; status == "200 -"; tries++)
        {
            Assert.True(tries < 5, "There was always a descriptor.");
            if (tries > 0)
            {
                // Something had left a number free meanwhile; a connection that is kept is used again until it has idled for five seconds.
                await Task.Delay(TimeSpan.FromSeconds(6), CancellationToken.None);
            }

            await SayAsync("fill");

            // Connections to other members get no number so near to the limit; what is left is for the runtime.
            int last = Directory.GetFileSystemEntries($"/proc/{id}/fd").Max(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture));
            await LimitAsync(id, $"{last + Room}:");
            status = await SayAsync("send");
            await LimitAsync(id, "10000:");
        }

        Assert.Equal("503 1", status);
        await members.One.Process.WaitForLineAsync(line =>
            line.StartsWith("WARN A request of a session can not be taken to ", StringComparison.Ordinal) && line.EndsWith(": this process has no descriptors left", StringComparison.Ordinal));
        Assert.Equal("200 -", await SayAsync("send"));

        async Task<string> SayAsync(string what)
        {
            int before = client.Output.Length;
            client.WriteLine(what);
            await client.WaitForLineAsync(_ => client.Output.Length > before);
            return client.Output[before];
        }
    }

    private static async Task LimitAsync(string id, string limit)
    {
        await using ChildProcess set = await ChildProcess.RunAsync("prlimit", "--pid", id, $"--nofile={limit}");
        Assert.Equal(0, set.ExitCode);
    }

    /// <summary>Two members, the second of which was asked as soon as it took connections.</summary>
    public sealed class TwoMembers : IAsyncLifetime
    {
        private Lab? _lab;

        internal GatewayProcess? One { get; private set; }

        internal GatewayProcess? Two { get; private set; }

        internal ChildProcess? First { get; private set; }

        public async Task InitializeAsync()
        {
            _lab = await Lab.UpAsync(2);
            One = await StartAsync(1);
            First = Run("first", Place(1), Place(2));
            await First.WaitForLineAsync(line => line == "ready");
            Two = await StartAsync(2);
            await KnowEachOtherAsync();
        }

        public async Task DisposeAsync()
        {
            foreach (GatewayProcess? gateway in new[] { One, Two })
            {
                if (gateway is not null)
                {
                    gateway.Process.Signal("KILL");
                    await gateway.DisposeAsync();
                }
            }

            if (First is not null)
            {
                await First.DisposeAsync();
            }

            if (_lab is not null)
            {
                await _lab.DisposeAsync();
            }
        }

        internal static string Place(int member, int port = Port) => string.Create(CultureInfo.InvariantCulture, $"{Lab.AddressOf(member)}:{port}");

        /// <summary>Waits until each has the other for one who is there.</summary>
        internal Task KnowEachOtherAsync() => Task.WhenAll(SeesAsync(One!, 2), SeesAsync(Two!, 1));

        internal Task<string[]> OpenAsync(int member) =>
            _lab!.RunOnAsync(1, "/usr/bin/python3", Path.Combine(Repository.Tests, "python", "misplaced.py"), "open", Place(member));

        internal ChildProcess Run(params string[] arguments) =>
            ChildProcess.Start("env", [.. _lab!.On(1), "/usr/bin/python3", Path.Combine(Repository.Tests, "python", "misplaced.py"), .. arguments]);

        private static Task<string> SeesAsync(GatewayProcess gateway, int other) => gateway.Process.WaitForLineAsync(_ =>
            gateway.Process.Output.LastOrDefault(line => line.StartsWith($"INFO Cluster member /{Lab.AddressOf(other)}:5942 is ", StringComparison.Ordinal))?.EndsWith("is now online", StringComparison.Ordinal) == true);

        private Task<GatewayProcess> StartAsync(int member) => StartOnAsync(
            _lab!.On(member),
            $"<cluster><name>c</name><accept>tcp://{Lab.AddressOf(member)}:5942</accept><connect>tcp://{Lab.AddressOf(3 - member)}:5942</connect></cluster>\n"
            + Service("echo", "ws://public.example/echo", $"<accept-options><tcp.bind>{Place(member)}</tcp.bind></accept-options>")
            + Service("echo", "ws://public.example/spare", $"<accept-options><tcp.bind>{Place(member, Spare)}</tcp.bind></accept-options>"),
            ["--grace", "0"]);
    }
}
