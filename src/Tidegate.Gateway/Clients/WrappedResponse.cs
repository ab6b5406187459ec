using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// A response within the body of another one: where a request comes by way of the gateway's page for pages of other origins, the outer status is always 200, and
/// the body begins with the status and the headers that are meant (docs/spec/compat.md, chapter 3.4, enveloping). Whoever answers notices no difference.
/// </summary>
internal sealed class WrappedResponse : IHttpResponseFeature, IHttpResponseBodyFeature
{
    private const char FirstPrintable = ' ', LastPrintable = '~';

    // What is about the connection or the browser, which knows nothing of the inner response.
    private static readonly HashSet<string> s_outer = new(StringComparer.OrdinalIgnoreCase)
    {
        HeaderNames.Connection, HeaderNames.Date, HeaderNames.SetCookie, HeaderNames.Vary, HeaderNames.XContentTypeOptions,
    };

    // What a browser has to be told, and the client too.
    private static readonly HashSet<string> s_both = new(StringComparer.OrdinalIgnoreCase) { HeaderNames.ContentType, HeaderNames.CacheControl };

    private readonly IHttpResponseFeature _outer;
    private readonly IHttpResponseBodyFeature _body;

    private WrappedResponse(IHttpResponseFeature outer, IHttpResponseBodyFeature body)
    {
        _outer = outer;
        _body = body;
    }

    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    public string? ReasonPhrase { get; set; }

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    public bool HasStarted { get; private set; }

    public Stream Stream => Begun().Stream;

    public PipeWriter Writer => Begun().Writer;

    Stream IHttpResponseFeature.Body
    {
        get => Stream;
        set => throw new NotSupportedException("The body of a wrapped response can not be replaced.");
    }

    /// <summary>From here on, what is answered to a request is wrapped.</summary>
    internal static WrappedResponse Open(HttpContext http)
    {
        var wrapped = new WrappedResponse(http.Features.GetRequiredFeature<IHttpResponseFeature>(), http.Features.GetRequiredFeature<IHttpResponseBodyFeature>());
        http.Features.Set<IHttpResponseFeature>(wrapped);
        http.Features.Set<IHttpResponseBodyFeature>(wrapped);
        return wrapped;
    }

    /// <summary>Sees to it that a response without a body has a head nevertheless.</summary>
    internal async Task EndAsync(CancellationToken cancellation)
    {
        if (!HasStarted)
        {
            Headers.ContentLength = 0;
            await Writer.FlushAsync(cancellation).ConfigureAwait(false);
        }
    }

    public void OnStarting(Func<object, Task> callback, object state) => _outer.OnStarting(callback, state);

    public void OnCompleted(Func<object, Task> callback, object state) => _outer.OnCompleted(callback, state);

    public void DisableBuffering() => _body.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        _ = Begun();
        return Task.CompletedTask;
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => Begun().SendFileAsync(path, offset, count, cancellationToken);

    public Task CompleteAsync() => Begun().CompleteAsync();

    /// <summary>The outer body, behind the inner head.</summary>
    private IHttpResponseBodyFeature Begun()
    {
        if (!HasStarted)
        {
            HasStarted = true;
            var head = new StringBuilder($"HTTP/1.1 {StatusCode} {ReasonPhrases.GetReasonPhrase(StatusCode)}\r\n");
            foreach ((string name, var values) in Headers)
            {
                bool isOuter = s_outer.Contains(name) || name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase);
                if (isOuter || s_both.Contains(name))
                {
                    _outer.Headers[name] = values;
                }

                if (!isOuter && !name.Equals(HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase))
                {
                    foreach (string? value in values)
                    {
                        Append(head, name, value ?? string.Empty);
                    }
                }
            }

            byte[] bytes = Encoding.ASCII.GetBytes(head.Append("\r\n").ToString());
            if (_outer.Headers.ContentType.Count == 0)
            {
                _outer.Headers.ContentType = "text/plain;charset=UTF-8";
            }

            // No browser makes anything of such a body but text.
            _outer.Headers.XContentTypeOptions = "nosniff";
            _outer.Headers.ContentLength = Headers.ContentLength is { } length ? bytes.Length + length : null;
            _body.Writer.Write(bytes);
        }

        return _body;
    }

    /// <summary>Nobody else looks whether what is written here is one header.</summary>
    private static void Append(StringBuilder head, string name, string value)
    {
        if (value.AsSpan().ContainsAnyExceptInRange(FirstPrintable, LastPrintable))
        {
            throw new InvalidOperationException($"The header {name} of a wrapped response has characters that no header has.");
        }

        head.Append(name).Append(": ").Append(value).Append("\r\n");
    }
}
