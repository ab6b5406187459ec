using System.Net;
using System.Text;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>A client of an emulated WebSocket, request by request (docs/spec/clients.md, chapters 3 and 3b).</summary>
internal sealed class EmulatedClient : IDisposable
{
    internal static readonly byte[] Noop = [0x01, (byte)'0', (byte)'0', 0xff];
    internal static readonly byte[] Reconnect = [0x01, (byte)'0', (byte)'1', 0xff];
    internal static readonly byte[] Close = [0x01, (byte)'0', (byte)'2', 0xff];

    /// <summary>What every client sends that opens a session.</summary>
    internal const string VersionHeader = "X-WebSocket-Version: wseb-1.0";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = s_patience };

    private EmulatedClient()
    {
    }

    internal string Upstream { get; private set; } = "";

    internal string Downstream { get; private set; } = "";

    /// <summary>Opens a session as the library in Java does, or with other headers.</summary>
    internal static Task<EmulatedClient> CreateAsync(RunningGateway gateway, string path = "/echo/;e/cbm", params string[] headers) =>
        CreateAtAsync($"http://127.0.0.1:{gateway.Port}{path}", headers);

    /// <summary>The same anywhere.</summary>
    internal static async Task<EmulatedClient> CreateAtAsync(string uri, params string[] headers)
    {
        var client = new EmulatedClient();
        using HttpResponseMessage response = await client.SendAsync(HttpMethod.Get, uri, null, [.. headers, VersionHeader]);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("text/plain; charset=UTF-8", response.Content.Headers.ContentType!.ToString());
        string[] lines = (await response.Content.ReadAsStringAsync()).Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Empty(lines[2]);
        (client.Upstream, client.Downstream) = (lines[0], lines[1]);
        return client;
    }

    /// <summary>A client that has opened nothing.</summary>
    internal static EmulatedClient Stranger() => new();

    internal async Task<HttpResponseMessage> SendAsync(HttpMethod method, string uri, byte[]? body, params string[] headers)
    {
        using var request = new HttpRequestMessage(method, uri);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
        }

        foreach (string header in headers)
        {
            string[] parts = header.Split(": ", 2);
            if (!request.Headers.TryAddWithoutValidation(parts[0], parts[1]))
            {
                request.Content!.Headers.TryAddWithoutValidation(parts[0], parts[1]);
            }
        }

        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Posts frames, and returns the status.</summary>
    internal async Task<int> PostAsync(byte[] frames, params string[] headers)
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Post, Upstream, frames, headers);
        return (int)response.StatusCode;
    }

    /// <summary>Posts frames and the command that ends a request as clients send it.</summary>
    internal Task<int> PostFramesAsync(params byte[] frames) => PostAsync([.. frames, .. Reconnect]);

    /// <summary>Fetches what is sent, as a stream.</summary>
    internal async Task<ReceivingStream> ReceiveAsync(string query = "", HttpMethod? method = null, params string[] headers)
    {
        HttpResponseMessage response = await SendAsync(method ?? HttpMethod.Get, Downstream + query, null, headers);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return new ReceivingStream(response, await response.Content.ReadAsStreamAsync());
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>A response that goes on.</summary>
internal sealed class ReceivingStream(HttpResponseMessage response, Stream stream) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    internal HttpResponseMessage Response => response;

    /// <summary>Reads exactly these bytes.</summary>
    internal async Task ExpectAsync(params byte[] expected)
    {
        byte[] found = new byte[expected.Length];
        using var patience = new CancellationTokenSource(s_patience);
        await stream.ReadExactlyAsync(found, patience.Token);
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(found));
    }

    /// <summary>Reads a head that is within the body, with the empty line behind it.</summary>
    internal async Task<string> ReadHeadAsync()
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        using var patience = new CancellationTokenSource(s_patience);
        while (head.Length < 4 || head.ToString(head.Length - 4, 4) != "\r\n\r\n")
        {
            await stream.ReadExactlyAsync(one, patience.Token);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    /// <summary>Reads exactly these bytes, and the end of the response.</summary>
    internal async Task ExpectEndAsync(params byte[] expected)
    {
        var rest = new MemoryStream();
        using var patience = new CancellationTokenSource(s_patience);
        await stream.CopyToAsync(rest, patience.Token);
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(rest.ToArray()));
    }

    /// <summary>Reads until the response is cut off, which is no end.</summary>
    internal async Task ExpectBreakAsync()
    {
        using var patience = new CancellationTokenSource(s_patience);
        await Assert.ThrowsAnyAsync<Exception>(() => stream.CopyToAsync(new MemoryStream(), patience.Token));
        Assert.False(patience.IsCancellationRequested, "the response is still open");
    }

    public void Dispose()
    {
        stream.Dispose();
        response.Dispose();
    }
}
