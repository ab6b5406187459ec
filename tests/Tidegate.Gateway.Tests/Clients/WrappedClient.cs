using System.Text;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>
/// A client of an emulated WebSocket in JavaScript, as the gateway sees it: requests by way of its page for pages of other origins, so with
/// <c>X-Origin</c>, and answers within the bodies of others (docs/spec/clients.md, section 3).
/// </summary>
internal sealed class WrappedClient : IDisposable
{
    internal const string Page = "http://page.example:8080";

    private readonly EmulatedClient _http = EmulatedClient.Stranger();
    private readonly RunningGateway _gateway;
    private readonly string _origin;
    private int _upstreams;
    private int _downstreams;

    private WrappedClient(RunningGateway gateway, string origin)
    {
        _gateway = gateway;
        _origin = origin;
    }

    internal string Upstream { get; private set; } = "";

    internal string Downstream { get; private set; } = "";

    /// <summary>A client that has opened nothing, in a page of this origin.</summary>
    internal static WrappedClient Of(RunningGateway gateway, string origin = Page) => new(gateway, origin);

    /// <summary>Opens a session as the build "fork" does.</summary>
    internal static async Task<WrappedClient> OpenAsync(RunningGateway gateway, string path = "/echo", string origin = Page)
    {
        WrappedClient client = Of(gateway, origin);
        WrappedAnswer answer = await client.GetAsync(
            $"{path}/;e/ctm?.kn=0123456789", "X-WebSocket-Version: wseb-1.0", "X-Accept-Commands: ping", "X-WebSocket-Extensions: x-kaazing-idle-timeout", "X-Sequence-No: 0");
        Assert.Equal("HTTP/1.1 201 Created", answer.Status);
        string[] lines = answer.Text.Split('\n');
        Assert.Equal((3, ""), (lines.Length, lines[^1]));
        (client.Upstream, client.Downstream) = (new Uri(lines[0]).PathAndQuery, new Uri(lines[1]).PathAndQuery);
        return client;
    }

    /// <summary>Another client that goes on with the session of this one, in a page of another origin.</summary>
    internal WrappedClient In(string origin) => new(_gateway, origin)
    {
        Upstream = Upstream,
        Downstream = Downstream,
        _upstreams = _upstreams,
        _downstreams = _downstreams,
    };

    internal Task<WrappedAnswer> GetAsync(string path, params string[] headers) => SendAsync(HttpMethod.Get, path, null, headers);

    /// <summary>Posts frames, and the command that ends a request, each byte a character.</summary>
    internal Task<WrappedAnswer> PostAsync(params byte[] frames)
    {
        string characters = Encoding.Latin1.GetString([.. frames, .. EmulatedClient.Reconnect]).Replace('\0', '\u0100');
        return SendAsync(HttpMethod.Post, $"{Upstream}&.krn=0.123", Encoding.UTF8.GetBytes(characters),
            $"X-Sequence-No: {++_upstreams}", "Content-Type: text/plain; charset=UTF-8", $"Origin: http://127.0.0.1:{_gateway.Port}");
    }

    /// <summary>Fetches what is sent; <paramref name="query"/> begins with an ampersand.</summary>
    internal async Task<WrappedStream> ReceiveAsync(string query = "")
    {
        HttpResponseMessage response = await RequestAsync(
            HttpMethod.Get, $"{Downstream}?.ksn={++_downstreams}&.kc=text/plain;charset=windows-1252&.kb=4096&.kid=0123456789{query}", null);
        var stream = new ReceivingStream(response, await response.Content.ReadAsStreamAsync());
        return new WrappedStream(stream, await stream.ReadHeadAsync());
    }

    internal async Task<WrappedAnswer> SendAsync(HttpMethod method, string path, byte[]? body, params string[] headers)
    {
        using HttpResponseMessage response = await RequestAsync(method, path, body, headers);
        string text = Encoding.Latin1.GetString(await response.Content.ReadAsByteArrayAsync());
        int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        Assert.True(end >= 0, $"{(int)response.StatusCode} is not wrapped: {text}");
        Assert.Equal(text.Length, response.Content.Headers.ContentLength);
        string[] lines = text[..end].Split("\r\n");
        return new WrappedAnswer(lines[0], lines[1..], text[(end + 4)..], response.Headers.ToString() + response.Content.Headers);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The status of the outer answer is always the same.</summary>
    private async Task<HttpResponseMessage> RequestAsync(HttpMethod method, string path, byte[]? body, params string[] headers)
    {
        HttpResponseMessage response = await _http.SendAsync(
            method, $"http://127.0.0.1:{_gateway.Port}{path}", body, [$"X-Origin: {_origin}", $"Referer: http://127.0.0.1:{_gateway.Port}/?.kr=xs", .. headers]);
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        return response;
    }
}

/// <summary>An answer within another one.</summary>
internal sealed record WrappedAnswer(string Status, string[] Headers, string Text, string OuterHeaders);

/// <summary>One that goes on.</summary>
internal sealed record WrappedStream(ReceivingStream Stream, string Head) : IDisposable
{
    public void Dispose() => Stream.Dispose();
}
