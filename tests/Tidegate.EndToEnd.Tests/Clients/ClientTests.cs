namespace Tidegate.EndToEnd.Tests.Clients;

/// <summary>
/// WebSocket clients that were not written here, each against the same gateway: the npm packages ws and websocket, Python's websockets, and
/// .NET's ClientWebSocket. What they have to get right is in npm/scenarios.js, python/scenarios.py and DotNetClient.cs.
/// </summary>
public sealed class ClientTests(ClientGateway gateway) : IClassFixture<ClientGateway>
{
    public static TheoryData<string> Clients => ["ws", "websocket", "websockets", ".NET"];

    [Theory, MemberData(nameof(Clients))]
    public Task Text_and_binary_come_back_from_an_echo_whatever_their_size(string client) => RunAsync(client, "echo", "/echo");

    [Theory, MemberData(nameof(Clients))]
    public Task Text_and_binary_come_back_from_a_server_behind_a_proxy(string client) => RunAsync(client, "echo", "/relay");

    [Theory, MemberData(nameof(Clients))]
    public Task A_message_in_fragments_comes_back_whole(string client) => RunAsync(client, "fragments", "/echo");

    [Theory, MemberData(nameof(Clients))]
    public Task A_message_in_fragments_comes_back_whole_through_a_proxy(string client) => RunAsync(client, "fragments", "/relay");

    [Theory, MemberData(nameof(Clients))]
    public Task A_ping_is_answered_with_its_payload(string client) => RunAsync(client, "ping", "/echo");

    [Theory]
    [InlineData("ws")]
    [InlineData("websocket")]
    public Task A_silent_client_is_pinged_and_kept(string client) => RunAsync(client, "pinged", "/pinged");

    [Theory, MemberData(nameof(Clients))]
    public async Task A_clients_close_code_and_reason_reach_the_server_behind(string client)
    {
        string reason = $"{client} is done ✓";

        await RunAsync(client, "close-here", "/relay", "3001", reason);

        await gateway.BackEnd.WaitForLineAsync(line => line == $"closed 3001 {reason}");
    }

    [Theory, MemberData(nameof(Clients))]
    public Task The_close_code_and_reason_of_the_server_behind_reach_a_client(string client) =>
        RunAsync(client, "close-there", "/relay", "4001", "enough for today ✓");

    [Theory, MemberData(nameof(Clients))]
    public Task A_message_over_the_limit_is_answered_with_1009(string client) => RunAsync(client, "too-big", "/echo");

    [Theory, MemberData(nameof(Clients))]
    public Task Of_the_offered_subprotocols_the_one_is_chosen_that_the_service_prefers(string client) => RunAsync(client, "subprotocol", "/chat");

    [Theory]
    [InlineData("ws", "agreed")]
    [InlineData("websocket", "not offered")]
    [InlineData("websockets", "agreed")]
    [InlineData(".NET", "agreed")]
    public Task Messages_are_compressed_for_clients_that_offer_it(string client, string outcome) => RunAsync(client, "deflate", "/deflate", outcome);

    [Theory]
    [InlineData("ws", "agreed")]
    [InlineData("websocket", "not offered")]
    [InlineData("websockets", "agreed")]
    [InlineData(".NET", "agreed")]
    public Task Messages_are_compressed_on_both_sides_of_a_proxy(string client, string outcome) => RunAsync(client, "deflate", "/deflate-relay", outcome);

    [Theory, MemberData(nameof(Clients))]
    public Task Nothing_is_compressed_where_it_is_not_enabled(string client) => RunAsync(client, "deflate", "/echo", "not agreed");

    [Theory, MemberData(nameof(Clients))]
    public Task A_hundred_connections_at_once_are_served(string client) => RunAsync(client, "many", "/echo");

    private async Task RunAsync(string client, string scenario, string path, params string[] rest)
    {
        Uri url = gateway.Url(path);
        if (client == ".NET")
        {
            await DotNetClient.RunAsync(scenario, url, rest);
            return;
        }

        ChildProcess run = client == "websockets"
            ? await ChildProcess.RunAsync("/usr/bin/python3", [Path.Combine(Repository.Tests, "python", "scenarios.py"), scenario, url.ToString(), .. rest])
            : await ChildProcess.RunAsync("node", [Path.Combine(Repository.Tests, "npm", "scenarios.js"), client, scenario, url.ToString(), .. rest]);
        Assert.True(run.ExitCode == 0, $"{client} is not content.{run.Transcript}");
    }
}
