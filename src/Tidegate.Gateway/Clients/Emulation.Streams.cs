using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tidegate.Engine.Emulation;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Clients;

// The requests that bring and fetch what a session is about.
internal sealed partial class Emulation
{
    private const int LargestPiece = 16 * 1024;
    private const int PaddingRepeats = 32;
    private static readonly string s_padding = string.Concat(Enumerable.Repeat("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", PaddingRepeats));
    private static readonly byte[] s_noop = [0x01, (byte)'0', (byte)'0', 0xff];

    private async Task UpstreamAsync(HttpContext http, Route route, EmulationPath path)
    {
        HttpRequest request = http.Request;
        if (sessions.Find(path.Id, PlaceOf(request, path), CrossOrigin.ForeignOriginOf(http, route)) is not { } session)
        {
            await AnswerAsync(http.Response, StatusCodes.Status404NotFound, "There is no such emulated WebSocket.").ConfigureAwait(false);
            return;
        }

        int status = StatusCodes.Status400BadRequest;
        string? fault = !HttpMethods.IsPost(request.Method) ? "What a client sends comes with POST." : request.ContentLength == 0 ? "There is nothing in the body." : null;
        if (fault is null)
        {
            var loop = new LoopAwaiter(session.Loop);
            await loop;
            fault = session.BeginUpstream(EncodingOf(request, path), SequenceOf(request, EmulationQuery.Read(request.QueryString.Value, path.Parameters)));
            if (fault is null)
            {
                (fault, int? refusal) = await ReceiveAsync(request.BodyReader, session, loop).ConfigureAwait(false);
                await loop;
                fault ??= session.EndUpstream(whole: refusal is null);
                status = refusal ?? status;
            }
        }

        if (fault is not null)
        {
            await AnswerAsync(http.Response, status, fault).ConfigureAwait(false);
            return;
        }

        http.Response.ContentLength = 0;
        http.Response.Headers.CacheControl = "no-cache";
    }

    /// <summary>
    /// Gives the body to the session, a piece at a time and no more than it has room for. What is wrong with it, and the status where it breaks off.
    /// </summary>
    private static async Task<(string? Fault, int? Refusal)> ReceiveAsync(PipeReader body, EmulatedSession session, LoopAwaiter loop)
    {
        byte[] piece = ArrayPool<byte>.Shared.Rent(LargestPiece);
        try
        {
            while (true)
            {
                ReadResult read = await body.ReadAsync().ConfigureAwait(false);
                int count = (int)Math.Min(read.Buffer.Length, LargestPiece);
                read.Buffer.Slice(0, count).CopyTo(piece);
                body.AdvanceTo(read.Buffer.GetPosition(count));
                if (count == 0)
                {
                    return (null, read.IsCompleted ? null : StatusCodes.Status400BadRequest);
                }

                await loop;
                if (await session.ReceiveAsync(piece.AsMemory(0, count)).ConfigureAwait(false) is { } fault)
                {
                    return (fault, null);
                }
            }
        }
        catch (BadHttpRequestException exception)
        {
            // Too long or too slow.
            return (null, exception.StatusCode);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            return (null, StatusCodes.Status400BadRequest);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private async Task DownstreamAsync(HttpContext http, Route route, EmulationPath path)
    {
        HttpRequest request = http.Request;
        HttpResponse response = http.Response;
        if (sessions.Find(path.Id, PlaceOf(request, path), CrossOrigin.ForeignOriginOf(http, route)) is not { } session)
        {
            await AnswerAsync(response, StatusCodes.Status404NotFound, "There is no such emulated WebSocket.").ConfigureAwait(false);
            return;
        }

        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsPost(request.Method))
        {
            await AnswerAsync(response, StatusCodes.Status400BadRequest, "What a client is sent is fetched with GET or POST.").ConfigureAwait(false);
            return;
        }

        if (request.Headers.ContainsKey(SessionRelay.ReconnectHeader))
        {
            session.Loop.Post(session.EndResponse);
            response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        EmulationQuery query = EmulationQuery.Read(request.QueryString.Value, path.Parameters);
        bool strict = route.Service.Configuration.AcceptOptions.Emulation.Specification;
        bool longPolls = query.LongPolls || request.Headers["X-Kaazing-Proxy-Buffering"] == "on";
        var downstream = new Downstream(longPolls, query.ReconnectAfter, longPolls ? default : FirstBytes(query.Padding, strict))
        {
            NoopInterval = query.NoopInterval,
        };
        var loop = new LoopAwaiter(session.Loop);
        await loop;
        if (session.Attach(downstream, SequenceOf(request, query)) is { } fault)
        {
            await AnswerAsync(response, StatusCodes.Status400BadRequest, fault).ConfigureAwait(false);
            return;
        }

        response.ContentType = query.ContentType ?? (path.Encoding == EmulationEncoding.Binary ? "application/octet-stream" : "text/plain;charset=windows-1252");
        response.Headers.CacheControl = query.CacheControl ?? "no-cache";
        response.Headers.XContentTypeOptions = "nosniff";
        if (query.PadsHead)
        {
            response.Headers["X-Content-Type-Nosniff"] = s_padding;
        }

        response.Headers["X-Idle-Timeout"] = ((long)Math.Ceiling(session.IdleTimeout.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        if (!longPolls && !HttpProtocol.IsHttp2(request.Protocol))
        {
            response.Headers.Connection = "close";
        }

        if (strict && !longPolls && query.Padding == 0)
        {
            // Else the client would not even get the head before the first message.
            await response.BodyWriter.FlushAsync().ConfigureAwait(false);
        }

        // Whoever goes away with what it has been given has lost it.
        await DownstreamWriter.RunAsync(http, session, downstream, longPolls).ConfigureAwait(false);
    }

    /// <summary>Frames that say nothing: as many bytes as the client wants, and one at least unless it is a strict one.</summary>
    private static byte[] FirstBytes(int padding, bool strict)
    {
        byte[] bytes = new byte[Math.Max(strict ? 0 : 1, (padding + s_noop.Length - 1) / s_noop.Length) * s_noop.Length];
        for (int at = 0; at < bytes.Length; at += s_noop.Length)
        {
            s_noop.CopyTo(bytes, at);
        }

        return bytes;
    }

    /// <summary>Text stands for bytes only where the client says that it is UTF-8.</summary>
    private static EmulationEncoding EncodingOf(HttpRequest request, EmulationPath path) =>
        path.Encoding == EmulationEncoding.Text && request.ContentType?.Contains("charset=utf-8", StringComparison.OrdinalIgnoreCase) != true
            ? EmulationEncoding.Binary
            : path.Encoding;
}
