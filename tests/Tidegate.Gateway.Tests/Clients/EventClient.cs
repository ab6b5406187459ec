using System.Net;
using System.Text;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>A client of events that reads them as the HTML standard has it (section 9.2.6), and keeps the fields that this does not know.</summary>
internal sealed class EventClient : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        SslOptions = new() { RemoteCertificateValidationCallback = (_, presented, _, _) => presented?.Subject == "CN=127.0.0.1" },
    })
    { Timeout = s_patience };
    private readonly StringBuilder _line = new();
    private readonly StringBuilder _data = new();
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly Queue<(string Id, string Data)> _events = [];
    private HttpResponseMessage? _response;
    private Stream? _stream;
    private string _id = "";
    private bool _afterCr;

    internal HttpResponseMessage Response => _response!;

    /// <summary>What the client would say of the last event when it comes back.</summary>
    internal string LastEventId { get; private set; } = "";

    /// <summary>The lines that are neither data nor a number, in their order, comments too.</summary>
    internal List<string> OtherLines { get; } = [];

    /// <summary>Where a client of the old kind comes back.</summary>
    internal string Location => OtherLines.Last(line => line.StartsWith("location:", StringComparison.Ordinal))["location:".Length..];

    internal static async Task<EventClient> OpenAsync(RunningGateway gateway, string path = "/events", params string[] headers)
    {
        EventClient client = await AskAsync(gateway, path, headers);
        Assert.Equal(HttpStatusCode.OK, client.Response.StatusCode);
        return client;
    }

    /// <summary>The same, whatever the answer is.</summary>
    internal static Task<EventClient> AskAsync(RunningGateway gateway, string path, params string[] headers) => AskAtAsync(gateway.Origin + path, headers);

    /// <summary>The same anywhere.</summary>
    internal static async Task<EventClient> AskAtAsync(string uri, params string[] headers)
    {
        var client = new EventClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        foreach (string header in headers)
        {
            string[] parts = header.Split(": ", 2);
            Assert.True(request.Headers.TryAddWithoutValidation(parts[0], parts[1]));
        }

        client._response = await client._http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        client._stream = await client._response.Content.ReadAsStreamAsync();
        return client;
    }

    /// <summary>The next event.</summary>
    internal async Task<(string Id, string Data)> NextAsync()
    {
        (string Id, string Data)? next = await NextOrEndAsync();
        Assert.True(next is not null, "the stream has ended");
        return next.Value;
    }

    /// <summary>The next event; null where the stream has ended.</summary>
    internal async Task<(string Id, string Data)?> NextOrEndAsync()
    {
        while (_events.Count == 0)
        {
            if (!await ReadAsync())
            {
                return null;
            }
        }

        return _events.Dequeue();
    }

    /// <summary>Reads until this has come, with what came between two events as one.</summary>
    internal async Task<string> TextAsync(int length)
    {
        var text = new StringBuilder();
        while (text.Length < length)
        {
            text.Append((await NextAsync()).Data);
        }

        return text.ToString();
    }

    /// <summary>Reads until some other line has come.</summary>
    internal async Task UntilAsync(Predicate<string> line)
    {
        while (!OtherLines.Exists(line))
        {
            Assert.True(await ReadAsync(), "the stream has ended");
        }
    }

    /// <summary>Reads to the end, and returns what there still was.</summary>
    internal async Task<List<(string Id, string Data)>> RestAsync()
    {
        while (await ReadAsync())
        {
        }

        return [.. _events];
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _response?.Dispose();
        _http.Dispose();
    }

    private async Task<bool> ReadAsync()
    {
        byte[] bytes = new byte[16 * 1024];
        using var patience = new CancellationTokenSource(s_patience);
        int count;
        try
        {
            count = await _stream!.ReadAsync(bytes, patience.Token);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            // Cut off, and for such a client that is an end like any other.
            return false;
        }

        char[] characters = new char[count + 1];
        foreach (char character in characters.AsSpan(0, _decoder.GetChars(bytes, 0, count, characters, 0)))
        {
            if (character is '\r' or '\n')
            {
                if (!(_afterCr && character == '\n'))
                {
                    EndLine();
                }
            }
            else
            {
                _line.Append(character);
            }

            _afterCr = character == '\r';
        }

        return count > 0;
    }

    private void EndLine()
    {
        string line = _line.ToString();
        _line.Clear();
        if (line.Length == 0)
        {
            LastEventId = _id;
            if (_data.Length > 0)
            {
                _events.Enqueue((_id, _data.ToString()[..^1]));
                _data.Clear();
            }

            return;
        }

        int colon = line.IndexOf(':', StringComparison.Ordinal);
        string value = colon < 0 ? "" : line[(colon + 1)..];
        value = value.StartsWith(' ') ? value[1..] : value;
        switch (colon < 0 ? line : line[..colon])
        {
            case "data":
                _data.Append(value).Append('\n');
                break;
            case "id":
                _id = value;
                break;
            default:
                OtherLines.Add(line);
                break;
        }
    }
}
