using System.Net;
using System.Net.WebSockets;
using System.Text;
using Tidegate.Gateway.Tests.Clients;

namespace Tidegate.Gateway.Tests.Transports;

/// <summary>A WebSocket made of requests, in any of its encodings; its responses go on, or end with the first data (docs/spec/clients.md, chapter 3).</summary>
internal sealed class EmulatedTransport : TransportClient
{
    private readonly EmulatedClient _client;
    private readonly bool _isText;
    private readonly bool _isEscaped;
    private readonly bool _longPolls;
    private readonly byte[] _buffer = new byte[16 * 1024];
    private HttpResponseMessage? _response;
    private Stream? _stream;
    private int _at;
    private int _length;
    private bool _goesOn = true;
    private bool _isOver;

    private EmulatedTransport(EmulatedClient client, string encoding, bool longPolls)
    {
        _client = client;
        _isText = encoding[1] == 't';
        _isEscaped = encoding.Contains('e', StringComparison.Ordinal);
        _longPolls = longPolls;
        TellsText = encoding.EndsWith('m');
    }

    internal override bool TellsText { get; }

    internal override bool HearsStatus => false;

    internal override int? EndStatus => null;

    internal static async Task<TransportClient> OpenAsync(RunningGateway gateway, string path, string encoding, bool longPolls) =>
        new EmulatedTransport(await EmulatedClient.CreateAsync(gateway, $"{path}/;e/{encoding}", "X-Accept-Commands: ping"), encoding, longPolls);

    internal override async Task SendAsync(WebSocketMessageType kind, params byte[][] messages)
    {
        var body = new List<byte>();
        foreach (byte[] message in messages)
        {
            body.Add(kind == WebSocketMessageType.Text ? (byte)0x81 : (byte)0x80);
            for (int shift = 28; shift >= 0; shift -= 7)
            {
                if (message.Length >> shift != 0 || shift == 0)
                {
                    body.Add((byte)(((message.Length >> shift) & 0x7f) | (shift > 0 ? 0x80 : 0)));
                }
            }

            body.AddRange(message);
        }

        await PostAsync(Escaped(body));
    }

    internal override async Task<(WebSocketMessageType Kind, byte[] Data)?> ReceiveAsync()
    {
        while (true)
        {
            switch (await NextByteAsync())
            {
                case 0x01:
                    int command = (10 * (await NextByteAsync() - '0')) + await NextByteAsync() - '0';
                    Assert.Equal(0xff, await NextByteAsync());
                    (_goesOn, _isOver) = (_goesOn || command == 1, _isOver || command == 2);
                    break;
                case 0x89:
                    // Who answers no pings is given up.
                    Assert.Equal(0, await NextByteAsync());
                    break;
                case var kind and (0x80 or 0x81):
                    int length = 0;
                    int group;
                    do
                    {
                        group = await NextByteAsync();
                        length = (length << 7) | (group & 0x7f);
                    }
                    while (group >= 0x80);
                    byte[] data = new byte[length];
                    for (int i = 0; i < length; i++)
                    {
                        data[i] = (byte)await NextByteAsync();
                    }

                    return (kind == 0x81 ? WebSocketMessageType.Text : WebSocketMessageType.Binary, data);
                case -1:
                    return null;
                case var other:
                    Assert.Fail($"a frame of type {other}");
                    break;
            }
        }
    }

    internal override async Task CloseAsync(int status)
    {
        await PostAsync(EmulatedClient.Close);
        Assert.Null(await ReceiveAsync());
        Assert.True(_isOver);
    }

    public override ValueTask DisposeAsync()
    {
        _stream?.Dispose();
        _response?.Dispose();
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task PostAsync(IEnumerable<byte> bytes)
    {
        byte[] body = [.. bytes, .. EmulatedClient.Reconnect];
        Assert.Equal(200, await _client.PostAsync(
            _isText ? Encoding.UTF8.GetBytes(Encoding.Latin1.GetString(body)) : body,
            $"Content-Type: {(_isText ? "text/plain; charset=utf-8" : "application/octet-stream")}"));
    }

    private IEnumerable<byte> Escaped(List<byte> bytes) => !_isEscaped ? bytes : bytes.SelectMany(one => one switch
    {
        0x00 => [0x7f, (byte)'0'],
        0x0a => [0x7f, (byte)'n'],
        0x0d => [0x7f, (byte)'r'],
        0x7f => [0x7f, 0x7f],
        _ => new[] { one },
    });

    private async ValueTask<int> NextByteAsync()
    {
        int next = await NextRawAsync();
        return !_isEscaped || next != 0x7f ? next : await NextRawAsync() switch { '0' => 0x00, 'n' => 0x0a, 'r' => 0x0d, var other => other };
    }

    private async ValueTask<int> NextRawAsync()
    {
        while (_at == _length)
        {
            (_at, _length) = (0, _stream is null ? 0 : await ReadAsync());
            if (_length > 0)
            {
                break;
            }

            if (!_goesOn || _isOver)
            {
                return -1;
            }

            _goesOn = false;
            _stream?.Dispose();
            _response?.Dispose();
            _response = await _client.SendAsync(HttpMethod.Get, _client.Downstream + (_longPolls ? "?.ki=p" : ""), null);
            if (_response.StatusCode == HttpStatusCode.NotFound)
            {
                // It was given up while nothing was fetched.
                return -1;
            }

            Assert.Equal(HttpStatusCode.OK, _response.StatusCode);
            _stream = await _response.Content.ReadAsStreamAsync();
        }

        return _buffer[_at++];
    }

    private async Task<int> ReadAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            return await _stream!.ReadAsync(_buffer, patience.Token);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            return 0;
        }
    }
}
