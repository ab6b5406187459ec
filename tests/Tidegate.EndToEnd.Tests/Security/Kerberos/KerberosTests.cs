using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;

namespace Tidegate.EndToEnd.Tests.Security.Kerberos;

/// <summary>Tickets of a real key distribution centre, shown by real clients, on every way in.</summary>
[Collection(KerberosFixture.Collection)]
public sealed class KerberosTests(KerberosFixture kerberos)
{
    private string Http => $"http://{kerberos.Authority}";

    [Fact]
    public async Task Curl_gets_the_page_by_its_ticket_and_not_without()
    {
        ChildProcess with = await KeyDistributionCenter.TryAsync($"curl --fail --silent --show-error --negotiate --user : {Http}/");
        ChildProcess without = await KeyDistributionCenter.TryAsync($"KRB5CCNAME=FILE:none curl --fail --silent --show-error --negotiate --user : {Http}/");

        Assert.Contains(with.Output, line => line.Contains("<title>", StringComparison.Ordinal));
        Assert.Contains(without.Errors, line => line.Contains("401", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_http_client_of_dotnet_gets_the_page_and_is_shown_that_the_gateway_is_who_it_says()
    {
        using var handler = new SocketsHttpHandler { Credentials = CredentialCache.DefaultCredentials };
        using var client = new HttpClient(handler);

        using HttpResponseMessage response = await client.GetAsync(new Uri($"{Http}/"), Patience.Token);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        AuthenticationHeaderValue answer = Assert.Single(response.Headers.WwwAuthenticate);
        Assert.Equal("Negotiate", answer.Scheme);
        Assert.NotEmpty(Convert.FromBase64String(answer.Parameter!));
    }

    [Theory]
    [InlineData("native")]
    [InlineData("joe")]
    [InlineData("traders")]
    public async Task The_websocket_client_of_dotnet_gets_in_by_its_ticket(string path)
    {
        using var client = new ClientWebSocket();
        client.Options.Credentials = CredentialCache.DefaultCredentials;

        await client.ConnectAsync(new Uri($"ws://{kerberos.Authority}/{path}"), Patience.Token);

        await SendAsync(client, "hello");
        Assert.Equal("hello", Encoding.UTF8.GetString(await ReceiveAsync(client)));
    }

    [Theory]
    [InlineData("/", "", 200)]
    [InlineData("/events", "", 200)]
    [InlineData("/native/;e/cbm", "X-WebSocket-Version: wseb-1.0", 201)]
    [InlineData("/library/;e/cbm", "X-WebSocket-Version: wseb-1.0", 201)]
    public async Task A_ticket_opens_each_way_by_http_and_nothing_else_does(string path, string header, int granted)
    {
        string challenge = path.StartsWith("/library", StringComparison.Ordinal) ? "Application Negotiate" : "Negotiate";
        byte[] token = await KerberosFixture.TokenAsync();
        byte[] spoilt = await KerberosFixture.TokenAsync();
        spoilt[^1] ^= 1;

        Assert.Equal((401, challenge), await AskAsync(path, header, null));
        Assert.Equal((401, challenge), await AskAsync(path, header, spoilt));
        Assert.Equal(granted, (await AskAsync(path, header, token)).Status);
    }

    [Fact]
    public async Task A_client_library_shows_its_ticket_within_the_websocket()
    {
        using ClientWebSocket client = await OpenWithinAsync();

        string refused = await AskWithinAsync(client, null);
        string granted = await AskWithinAsync(client, await KerberosFixture.TokenAsync());

        Assert.StartsWith("HTTP/1.1 401 ", refused, StringComparison.Ordinal);
        Assert.Contains("\r\nWWW-Authenticate: Application Negotiate\r\n", refused, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 101 ", granted, StringComparison.Ordinal);
        Assert.Equal(Stay, await ReceiveAsync(client));
        await SendAsync(client, "hello");
        Assert.Equal("hello", Encoding.UTF8.GetString(await ReceiveAsync(client)));
    }

    [Fact]
    public async Task A_token_is_good_once()
    {
        byte[] token = await KerberosFixture.TokenAsync();
        Assert.Equal(200, (await AskAsync("/", "", token)).Status);

        Assert.Equal((401, "Negotiate"), await AskAsync("/", "", token));

        await kerberos.Gateway.Process.WaitForLineAsync(line => line.Contains("Realm native: a login from 127.0.0.1 failed: Request is a replay", StringComparison.Ordinal));
    }

    [Theory]
    // Joe's ticket for another service, whose key is in the same file.
    [InlineData("/native/;e/cbm", "host", "the ticket is for host/localhost@EXAMPLE.COM, and not for a service HTTP/…")]
    // The realm takes tickets for one service alone.
    [InlineData("/host/;e/cbm", "HTTP", "HTTP/localhost@EXAMPLE.COM")]
    // Each realm has a keytab of its own.
    [InlineData("/elsewhere/;e/cbm", "HTTP", "HTTP/localhost@EXAMPLE.COM")]
    public async Task A_ticket_for_another_service_is_refused(string path, string service, string reason)
    {
        byte[] token = await KerberosFixture.TokenAsync(service);

        Assert.Equal((401, "Negotiate"), await AskAsync(path, "X-WebSocket-Version: wseb-1.0", token));

        string realm = path.Split('/')[1];
        await kerberos.Gateway.Process.WaitForLineAsync(line =>
            line.Contains($"Realm {realm}: a login from 127.0.0.1 failed: ", StringComparison.Ordinal) && line.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_realm_that_names_a_principal_takes_its_tickets() =>
        Assert.Equal(201, (await AskAsync("/host/;e/cbm", "X-WebSocket-Version: wseb-1.0", await KerberosFixture.TokenAsync("host"))).Status);

    [Fact]
    public async Task Somebody_whom_the_file_does_not_know_is_refused_and_who_has_not_the_role_is_told()
    {
        await KeyDistributionCenter.RunAsync("echo welcome | KRB5CCNAME=FILE:of-jane kinit jane");
        const string Header = "X-WebSocket-Version: wseb-1.0";

        Assert.Equal(201, (await AskAsync("/traders/;e/cbm", Header, await KerberosFixture.TokenAsync())).Status);
        Assert.Equal((401, "Negotiate"), await AskAsync("/traders/;e/cbm", Header, await KerberosFixture.TokenAsync(cache: "of-jane")));
        Assert.Equal(403, (await AskAsync("/others/;e/cbm", Header, await KerberosFixture.TokenAsync())).Status);
        Assert.Equal(403, (await AskAsync("/joe/;e/cbm", Header, await KerberosFixture.TokenAsync(cache: "of-jane"))).Status);
    }

    [Theory]
    [InlineData("TlRMTVNTUAABAAAA", "the client tried NTLM, and only Kerberos is taken")]
    // SPNEGO that offers NTLM and nothing else.
    [InlineData("YBwGBisGAQUFAqASMBCgDjAMBgorBgEEAYI3AgIK", "the client offers no Kerberos")]
    [InlineData("YGY=", "Invalid token was supplied")]
    [InlineData("oQA=", "the token goes on with a negotiation that nobody began on this connection")]
    [InlineData("not base64", "no token of Negotiate came")]
    public async Task What_is_no_ticket_is_refused_and_the_log_says_why(string token, string reason)
    {
        using HttpClient client = Client();

        Assert.Equal((401, "Negotiate"), await AskAsync(client, "/", "", token));

        await kerberos.Gateway.Process.WaitForLineAsync(line => line.Contains($"Realm native: a login from 127.0.0.1 failed: {reason}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_negotiation_of_two_steps_belongs_to_its_connection()
    {
        string second = Convert.ToBase64String(Spnego.Response(Spnego.MechanismTokenIn(await KerberosFixture.TokenAsync())));
        string begin = Convert.ToBase64String(Spnego.InitialWithoutToken);
        using HttpClient one = Client();
        using HttpClient other = Client();

        (int status, string challenge) = await AskAsync(one, "/", "", begin);
        Assert.Equal(401, status);
        Assert.StartsWith("Negotiate oR", challenge, StringComparison.Ordinal);

        // The same bytes on another connection go on with nothing.
        Assert.Equal((401, "Negotiate"), await AskAsync(other, "/", "", second));
        Assert.Equal(200, (await AskAsync(one, "/", "", second)).Status);
        // What is complete is over: each request shows a ticket of its own.
        Assert.Equal((401, "Negotiate"), await AskAsync(one, "/", "", null));
    }

    [Fact]
    public async Task A_negotiation_of_two_steps_within_a_websocket_is_granted()
    {
        byte[] second = Spnego.Response(Spnego.MechanismTokenIn(await KerberosFixture.TokenAsync()));
        using ClientWebSocket client = await OpenWithinAsync();

        Assert.Contains("\r\nWWW-Authenticate: Application Negotiate oR", await AskWithinAsync(client, Spnego.InitialWithoutToken), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 101 ", await AskWithinAsync(client, second), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_that_can_not_be_used_keep_the_gateway_from_starting()
    {
        (string Options, string[] Fault)[] wrong =
        [
            ("<keyTab>nowhere.keytab</keyTab>", ["can take no tickets of Kerberos with the keytab ", "nowhere.keytab is nonexistent or empty"]),
            ("<keyTab>gateway.keytab</keyTab><principal>HTTP/other</principal>", ["gateway.keytab: No key table entry found for HTTP/other@EXAMPLE.COM"]),
            ("<useKeyTab>false</useKeyTab>", ["<useKeyTab> is false", "Write true"]),
            ("<ticketCache>x</ticketCache>", ["The login module kerberos5 has no option <ticketCache>", "Options: keyTab, principal, strip-realm"]),
        ];
        string realms = string.Concat(wrong.Select((one, i) => KerberosFixture.Realm($"realm-{i}", "Negotiate", one.Options)));
        string services = string.Concat(wrong.Select((_, i) => KerberosFixture.Service("echo", $"ws://localhost:0/{i}", $"realm-{i}")));
        await using GatewayProcess gateway = KerberosFixture.Launch($"<security>{realms}</security>{services}");

        Assert.Equal(1, await gateway.Process.WaitForExitAsync());
        string[] lines = [.. gateway.Process.Output, .. gateway.Process.Errors];
        Assert.All(wrong, one => Assert.Contains(lines, line => one.Fault.All(part => line.Contains(part, StringComparison.Ordinal))));
    }

    private static byte[] Stay => [0xef, 0x83, 0xbf, (byte)'N'];

    private static HttpClient Client() => new(new SocketsHttpHandler { MaxConnectionsPerServer = 1, AllowAutoRedirect = false });

    private async Task<(int Status, string Challenge)> AskAsync(string path, string header, byte[]? token)
    {
        using HttpClient client = Client();
        return await AskAsync(client, path, header, token is null ? null : Convert.ToBase64String(token));
    }

    private async Task<(int Status, string Challenge)> AskAsync(HttpClient client, string path, string header, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Http + path);
        if (header.Split(": ") is [{ } name, { } value])
        {
            request.Headers.Add(name, value);
        }

        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Negotiate {token}");
        }

        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Patience.Token);
        if (path != "/events" || !response.IsSuccessStatusCode)
        {
            // To its end, so that the connection is free for the next.
            await response.Content.ReadAsByteArrayAsync(Patience.Token);
        }

        return ((int)response.StatusCode, response.Headers.TryGetValues("WWW-Authenticate", out IEnumerable<string>? challenges) ? string.Join(", ", challenges) : "");
    }

    private async Task<ClientWebSocket> OpenWithinAsync()
    {
        var client = new ClientWebSocket();
        client.Options.AddSubProtocol("x-kaazing-handshake");
        await client.ConnectAsync(new Uri($"ws://{kerberos.Authority}/library?.kl=Y"), Patience.Token);
        Assert.Equal(Stay, await ReceiveAsync(client));
        return client;
    }

    private static async Task<string> AskWithinAsync(ClientWebSocket client, byte[]? token)
    {
        string authorization = token is null ? "" : $"Authorization: Negotiate {Convert.ToBase64String(token)}\r\n";
        await SendAsync(client, $"GET /library HTTP/1.1\r\nWebSocket-Protocol: \r\nSec-WebSocket-Protocol: \r\nSec-WebSocket-Extensions: \r\n{authorization}\r\n");
        string response = Encoding.Latin1.GetString(await ReceiveAsync(client));
        Assert.Empty(await ReceiveAsync(client));
        return response;
    }

    private static Task SendAsync(ClientWebSocket client, string text) => client.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, Patience.Token);

    private static async Task<byte[]> ReceiveAsync(ClientWebSocket client)
    {
        var message = new MemoryStream();
        byte[] buffer = new byte[4096];
        WebSocketReceiveResult result;
        do
        {
            result = await client.ReceiveAsync(buffer, Patience.Token);
            message.Write(buffer, 0, result.Count);
        }
        while (!result.EndOfMessage);
        return message.ToArray();
    }
}
