using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>One request with one back-end: sent, answered, and the answer passed on while it comes.</summary>
internal sealed class Exchange(ForwardedRequest request, HttpBackEnd backEnd, BackEndClient client, HttpProxyService service, ExchangeTimer timer)
{
    private const int PieceSize = 64 * 1024;
    private readonly HttpContext _http = request.Http;
    private bool _isClean;

    /// <summary>Whether the connection can serve another request: this one is over, and nothing of it is left.</summary>
    internal bool IsClean => _isClean && service.Connect.Keepalive;

    /// <summary>Takes the request to the back-end and answers it.</summary>
    /// <exception cref="BackEndUnreachableException">Nothing was sent and nothing answered; another back-end may be tried.</exception>
    /// <exception cref="HttpRequestException">There was no answer, or none that is HTTP.</exception>
    /// <exception cref="IOException">The answer broke off.</exception>
    /// <exception cref="OperationCanceledException">The time was over, or the client is gone.</exception>
    internal async Task RunAsync()
    {
        string target = request.TargetAt(backEnd.Uri);
        for (int redirects = 0; ; redirects++)
        {
            using HttpRequestMessage message = request.MessageFor(backEnd.Uri, target, service.Name, service.Options.Forwarded, service.Connect.Keepalive, timer);
            timer.Restart();
            using HttpResponseMessage answer = await SendAsync(message).ConfigureAwait(false);
            timer.Restart();
            backEnd.OnAnswered();
            if (answer.StatusCode == HttpStatusCode.SwitchingProtocols)
            {
                if (!request.IsWebSocket)
                {
                    throw new HttpRequestException("it switches to another protocol without having been asked");
                }

                await new WebSocketPassage(request, answer, backEnd, client, service).OpenAsync(timer).ConfigureAwait(false);
                return;
            }

            if (AnswerHead.FaultOf(answer) is { } fault)
            {
                throw new HttpRequestException(fault);
            }

            if (redirects < service.Connect.MaximumRedirects && RedirectIn(answer) is { } next)
            {
                await SkipBodyAsync(answer).ConfigureAwait(false);
                target = next;
                continue;
            }

            AnswerHead.Copy(answer, _http, request, backEnd.Uri, service.Rewriting);
            await CopyBodyAsync(answer).ConfigureAwait(false);
            _isClean = message.Content is not RequestBody { IsWhole: false };
            return;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message)
    {
        try
        {
            return await client.SendAsync(message, timer.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException exception) when (exception.InnerException is BackEndUnreachableException unreachable)
        {
            throw new BackEndUnreachableException(unreachable.Message);
        }
    }

    /// <summary>
    /// Where a redirect leads at the same back-end, for requests that can be repeated. Others are the client's to follow: the gateway fetches nothing
    /// from where the configuration does not lead, whatever a back-end is made to say.
    /// </summary>
    private string? RedirectIn(HttpResponseMessage answer)
    {
        bool leads = (int)answer.StatusCode is 300 or 301 or 302 or 303 or 305 or 307 or 308;
        bool repeats = HttpMethods.IsGet(_http.Request.Method) || HttpMethods.IsHead(_http.Request.Method);
        if (!leads || !repeats || request.IsWebSocket || !answer.Headers.NonValidated.TryGetValues(HeaderNames.Location, out HeaderStringValues values) || values.Count != 1
            || AnswerRewriting.Below(values.ToString(), backEnd.Uri) is not { } below)
        {
            return null;
        }

        string reference = below.Split('#')[0];
        int query = reference.IndexOf('?', StringComparison.Ordinal);
        string path = query < 0 ? reference : reference[..query];
        return !reference.AsSpan().ContainsAnyExceptInRange('!', '~') && Http.RequestPath.Below($"{backEnd.Uri.Path}{path}", backEnd.Uri.Path) is { } inside
            ? $"{backEnd.Uri.Path.TrimEnd('/')}{inside}{(query < 0 ? "" : reference[query..])}"
            : null;
    }

    /// <summary>A short body is read, so that its connection can be used again.</summary>
    private async Task SkipBodyAsync(HttpResponseMessage answer)
    {
        if (answer.Content.Headers.ContentLength is not (> 0 and <= PieceSize))
        {
            return;
        }

        await answer.Content.CopyToAsync(Stream.Null, timer.Token).ConfigureAwait(false);
    }

    private async Task CopyBodyAsync(HttpResponseMessage answer)
    {
        CancellationToken ended = timer.Token;
        Stream body = await answer.Content.ReadAsStreamAsync(ended).ConfigureAwait(false);
        PipeWriter writer = _http.Response.BodyWriter;
        while (true)
        {
            // Who waits for long holds no buffer, and has the head already.
            ValueTask<int> waiting = body.ReadAsync(Memory<byte>.Empty, ended);
            if (!waiting.IsCompleted && !_http.Response.HasStarted)
            {
                timer.Suspend();
                await _http.Response.StartAsync(ended).ConfigureAwait(false);
                timer.Restart();
            }

            await waiting.ConfigureAwait(false);
            byte[] piece = ArrayPool<byte>.Shared.Rent(PieceSize);
            try
            {
                int count = await body.ReadAsync(piece.AsMemory(0, PieceSize), ended).ConfigureAwait(false);
                if (count == 0)
                {
                    break;
                }

                // Kestrel sees to it that a client takes its answer at some speed.
                timer.Suspend();
                await writer.WriteAsync(piece.AsMemory(0, count), ended).ConfigureAwait(false);
                timer.Restart();
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(piece);
            }
        }

        CopyTrailers(answer);
    }

    private void CopyTrailers(HttpResponseMessage answer)
    {
        if (!_http.Response.SupportsTrailers())
        {
            return;
        }

        foreach ((string name, HeaderStringValues values) in answer.TrailingHeaders.NonValidated)
        {
            if (HopHeaders.IsPassedTrailer(name))
            {
                _http.Response.AppendTrailer(name, new StringValues([.. values]));
            }
        }
    }
}
