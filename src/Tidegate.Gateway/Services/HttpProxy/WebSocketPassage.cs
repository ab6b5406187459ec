using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Services.Proxy;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>
/// A WebSocket that a back-end has granted: both connections leave HTTP, and the engine passes on whatever comes, untouched, as between two
/// streams of TCP.
/// </summary>
internal sealed class WebSocketPassage(ForwardedRequest request, HttpResponseMessage answer, HttpBackEnd backEnd, BackEndClient client, HttpProxyService service)
{
    /// <summary>Bytes that may wait on one side before the other is no longer read.</summary>
    internal const int MaximumPending = 64 * 1024;

    // What a back-end may say at once behind its answer; HttpClient has read no more of it than its buffer takes.
    private const int MaximumEarly = 64 * 1024;

    // Until the client has its answer.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private readonly HttpContext _http = request.Http;
    private readonly Identity? _identity = request.Http.Features.Get<Identity>();
    private ConnectionStream? _stream;
    private byte[] _early = [];
    private LoopTimer? _waiting;
    private bool _isTaken;

    /// <summary>Answers the client, and gives both connections away. Over HTTP/2 it returns when the WebSocket is over.</summary>
    /// <exception cref="HttpRequestException">What the back-end says is no answer to this handshake.</exception>
    internal async Task OpenAsync(ExchangeTimer timer)
    {
        if (!IsInOrder())
        {
            throw new HttpRequestException("its answer to a WebSocket handshake is not in order");
        }

        _stream = client.Stream!;
        await TakeOutAsync(timer.Token).ConfigureAwait(false);
        timer.Suspend();
        backEnd.BeginUse();
        client.Loop.Post(() => _waiting = client.Loop.Schedule(s_patience, static passage => ((WebSocketPassage)passage!).GiveUp(), this));
        try
        {
            await AnswerAsync().ConfigureAwait(false);
        }
        catch
        {
            client.Loop.Post(GiveUp);
            throw;
        }
    }

    private async Task AnswerAsync()
    {
        HttpResponse response = _http.Response;
        AnswerHead.CopyHeaders(answer, response, request, backEnd.Uri, service.Rewriting);
        if (request.Key is not null)
        {
            response.Headers.Remove(HeaderNames.SecWebSocketAccept);
            await WebSocketStream.RunAsync(_http, Begin).ConfigureAwait(false);
            return;
        }

        response.Headers.Upgrade = "websocket";
        response.Headers.Connection = HeaderNames.Upgrade;
        await _http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync().ConfigureAwait(false);
        _identity?.Keep();
        _http.Features.GetRequiredFeature<IDetachableConnection>().Detach(Begin, () => client.Loop.Post(GiveUp));
    }

    // The key is the client's, which looks itself whether the answer fits; over HTTP/2 it is the gateway's. A back-end that says 101 to
    // something else would have the gateway pass on bytes that it takes for requests.
    private bool IsInOrder() =>
        answer.Headers.NonValidated.TryGetValues(HeaderNames.Upgrade, out System.Net.Http.Headers.HeaderStringValues upgrade)
        && upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase)
        && answer.Headers.NonValidated.TryGetValues(HeaderNames.SecWebSocketAccept, out System.Net.Http.Headers.HeaderStringValues accept)
        && accept.ToString() == WebSocketHandshake.AcceptFor(request.Key ?? _http.Request.Headers.SecWebSocketKey.ToString());

    /// <summary>Takes the connection out of HttpClient, which may have read more than the head of the answer.</summary>
    private async Task TakeOutAsync(CancellationToken cancellation)
    {
        Stream raw = await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        _stream!.Detach();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(MaximumEarly);
        try
        {
            int length = 0;
            int count;
            while (length < MaximumEarly && (count = await raw.ReadAsync(buffer.AsMemory(length, MaximumEarly - length), cancellation).ConfigureAwait(false)) > 0)
            {
                length += count;
            }

            _early = buffer.AsSpan(0, length).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Both sides are streams of bytes now. On the loop of both.</summary>
    private void Begin(TcpConnection accepted)
    {
        if (_isTaken)
        {
            // The login has ended with the patience.
            accepted.Abort();
            return;
        }

        _isTaken = true;
        _waiting?.Cancel();
        _stream!.GiveBack(_early);
        var session = new TcpSession(accepted, BackEnd.CloseTimeout) { IsClient = true };
        _identity?.Hold(session);
        var behind = new TcpSession(_stream.Connection, BackEnd.CloseTimeout) { WhenEnded = backEnd.EndUse };
        service.BeginPassage(session, () =>
        {
            _ = new Relay(session, behind, MaximumPending);
            behind.Start();
            session.Start();
        });
    }

    private void GiveUp()
    {
        if (!_isTaken)
        {
            _isTaken = true;
            _waiting?.Cancel();
            backEnd.EndUse();
            _stream!.Connection.Abort();
            _identity?.End();
        }
    }
}
