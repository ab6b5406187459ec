using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>The body of a client's request, passed on as it comes and no faster than the back-end takes it.</summary>
internal sealed class RequestBody : HttpContent
{
    private readonly HttpContext _http;
    private readonly ExchangeTimer _timer;

    internal RequestBody(HttpContext http, ExchangeTimer timer)
    {
        _http = http;
        _timer = timer;
        Headers.ContentLength = http.Request.ContentLength;
    }

    /// <summary>Whether all of it has been written, or none of it ever was: what follows on the connection is another request.</summary>
    internal bool IsWhole { get; private set; } = true;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        IsWhole = false;
        PipeReader reader = _http.Request.BodyReader;
        while (true)
        {
            // Kestrel sees to it that a client sends at some speed.
            _timer.Suspend();
            ReadResult result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            _timer.Restart();
            foreach (ReadOnlyMemory<byte> piece in result.Buffer)
            {
                await stream.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
                _timer.Restart();
            }

            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                IsWhole = true;
                return;
            }

            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            _timer.Restart();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}

/// <summary>No body, where a request says what it would be of: a place for headers such as <c>Content-Type</c>.</summary>
internal sealed class NoBody : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => Task.CompletedTask;

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return true;
    }
}
