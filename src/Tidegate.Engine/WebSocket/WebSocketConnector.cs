using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tls;

namespace Tidegate.Engine.WebSocket;

/// <summary>What to ask a WebSocket server for.</summary>
public sealed record WebSocketRequest
{
    /// <summary>Host name or address to connect to.</summary>
    public required string Host { get; init; }

    /// <summary>Port, 1 to 65,535.</summary>
    public required int Port { get; init; }

    /// <summary>The <c>Host</c> header.</summary>
    public required string Authority { get; init; }

    /// <summary>Path and query.</summary>
    public required string Target { get; init; }

    /// <summary>Subprotocols to offer, the preferred first; may be empty.</summary>
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    /// <summary>True to offer permessage-deflate.</summary>
    public bool Compression { get; init; }

    /// <summary>Further headers, which must not hold control characters.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Told what the server answers where that is not 101; on the loop, before the end. May be null.</summary>
    public Action<WebSocketRefusal>? Refused { get; init; }
}

/// <summary>An answer to a handshake that grants no WebSocket.</summary>
/// <param name="Status">Its status, 100 to 999.</param>
/// <param name="Challenges">The values of its <c>WWW-Authenticate</c> headers, one for each, without control characters; mostly there is none.</param>
public sealed record WebSocketRefusal(int Status, IReadOnlyList<string> Challenges);

/// <summary>The client's side of the opening handshake (RFC 6455, section 4.1).</summary>
public sealed class WebSocketConnector : IConnectionHandler
{
    // Bytes, without the empty line.
    private const int MaximumHead = 16 * 1024;
    private readonly WebSocketRequest _request;
    private readonly WebSocketOptions _options;
    private readonly Action<WebSocketSession?, string> _completed;
    private readonly string _key = WebSocketHandshake.NewKey();
    private readonly List<byte> _head = [];
    private TcpConnection? _connection;
    private LoopTimer? _timer;

    private WebSocketConnector(WebSocketRequest request, WebSocketOptions options, Action<WebSocketSession?, string> completed)
    {
        _request = request;
        _options = options;
        _completed = completed;
    }

    /// <summary>
    /// Begins to connect. <paramref name="completed"/> is called once, on the loop, after this has returned: with a session
    /// that is not started yet, or with null and what went wrong in words.
    /// </summary>
    public static void Connect(EventLoop loop, WebSocketRequest request, ConnectOptions connect, WebSocketOptions options, Action<WebSocketSession?, string> completed)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(request);
        var connector = new WebSocketConnector(request, options, completed);
        TlsConnector.Connect(loop, request.Host, request.Port, connect, (connection, fault) => connector.Begin(connection, fault, connect.Timeout));
    }

    void IConnectionHandler.OnReceived(TcpConnection connection, Payload data)
    {
        int searchFrom = Math.Max(0, _head.Count - 3);
        _head.AddRange(data.Span);
        ReadOnlySpan<byte> head = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_head);
        int end = head[searchFrom..].IndexOf("\r\n\r\n"u8);
        if ((end < 0 ? head.Length : searchFrom + end) > MaximumHead)
        {
            Fail($"the answer's head is longer than {MaximumHead} bytes");
            return;
        }

        if (end < 0)
        {
            return;
        }

        end += searchFrom;
        byte[] early = head[(end + 4)..].ToArray();
        string? fault = Check(Encoding.Latin1.GetString(head[..end]), out string? subprotocol, out bool compression);
        if (fault is not null)
        {
            Fail(fault);
            return;
        }

        _timer?.Cancel();
        connection.PauseReading();
        connection.Handler = null;
        connection.Unread(early);
        connection.ResumeReading();
        _completed(new WebSocketSession(connection, WebSocketRole.Client, _options, subprotocol, compression), string.Empty);
    }

    void IConnectionHandler.OnReceiveEnded(TcpConnection connection) => Fail("the server closed the connection during the handshake");

    void IConnectionHandler.OnCongested(TcpConnection connection)
    {
    }

    void IConnectionHandler.OnDrained(TcpConnection connection)
    {
    }

    void IConnectionHandler.OnClosed(TcpConnection connection, SocketError? error) => Fail($"the connection broke during the handshake ({error})");

    private void Begin(TcpConnection? connection, string fault, TimeSpan timeout)
    {
        if (connection is null)
        {
            _completed(null, fault);
            return;
        }

        _connection = connection;
        _timer = connection.Loop.Schedule(timeout, static connector => ((WebSocketConnector)connector!).Fail("the server did not answer the handshake in time"), this);
        connection.Handler = this;
        var head = new StringBuilder()
            .Append("GET ").Append(_request.Target).Append(" HTTP/1.1\r\nHost: ").Append(_request.Authority)
            .Append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ").Append(_key).Append("\r\n");
        if (_request.Subprotocols.Count > 0)
        {
            head.Append("Sec-WebSocket-Protocol: ").AppendJoin(", ", _request.Subprotocols).Append("\r\n");
        }

        if (_request.Compression)
        {
            head.Append("Sec-WebSocket-Extensions: ").Append(PermessageDeflate.Agreement).Append("\r\n");
        }

        foreach ((string name, string value) in _request.Headers)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        connection.Write(Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()));
    }

    private void Fail(string reason)
    {
        if (_connection is { } connection)
        {
            _connection = null;
            _timer?.Cancel();
            connection.Abort();
            _completed(null, reason);
        }
    }

    /// <summary>What is wrong with the server's answer, or null (RFC 6455, section 4.1, the second list).</summary>
    private string? Check(string head, out string? subprotocol, out bool compression)
    {
        subprotocol = null;
        compression = false;
        string[] lines = head.Split("\r\n");
        if (lines[0] != "HTTP/1.1 101" && !lines[0].StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal))
        {
            if (lines[0].Length >= 12 && lines[0].StartsWith("HTTP/1.1 ", StringComparison.Ordinal)
                && int.TryParse(lines[0].AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status) && status >= 100)
            {
                _request.Refused?.Invoke(new WebSocketRefusal(status, ChallengesIn(lines)));
            }

            return $"the server answered '{Printable(lines[0])}' instead of 101";
        }

        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
            {
                return "the answer has a malformed header";
            }

            string name = line[..colon];
            string value = line[(colon + 1)..].Trim();
            headers[name] = headers.TryGetValue(name, out string? before) ? $"{before}, {value}" : value;
        }

        if (!headers.GetValueOrDefault("Upgrade", string.Empty).Equals("websocket", StringComparison.OrdinalIgnoreCase)
            || !headers.GetValueOrDefault("Connection", string.Empty).Split(',', StringSplitOptions.TrimEntries).Contains("Upgrade", StringComparer.OrdinalIgnoreCase))
        {
            return "the answer does not upgrade the connection";
        }

        if (headers.GetValueOrDefault("Sec-WebSocket-Accept") != WebSocketHandshake.AcceptFor(_key))
        {
            return "the answer's Sec-WebSocket-Accept does not fit the request";
        }

        if (headers.TryGetValue("Sec-WebSocket-Protocol", out subprotocol) && !_request.Subprotocols.Contains(subprotocol, StringComparer.Ordinal))
        {
            return $"the server chose the subprotocol '{Printable(subprotocol)}', which was not offered";
        }

        if (headers.TryGetValue("Sec-WebSocket-Extensions", out string? extensions))
        {
            compression = _request.Compression && PermessageDeflate.IsAgreedAnswer(extensions);
            if (!compression)
            {
                return $"the server chose the extensions '{Printable(extensions)}', which were not offered";
            }
        }

        return null;
    }

    private static string[] ChallengesIn(string[] lines) =>
    [
        .. from line in lines.Skip(1)
           where line.StartsWith("WWW-Authenticate:", StringComparison.OrdinalIgnoreCase)
           let value = line["WWW-Authenticate:".Length..].Trim(' ', '\t')
           where value.Length > 0 && value.All(character => character is >= ' ' and <= '~' or '\t')
           select value,
    ];

    private static string Printable(string text) =>
        new([.. text.Take(80).Select(character => character is >= ' ' and <= '~' ? character : '?')]);
}
