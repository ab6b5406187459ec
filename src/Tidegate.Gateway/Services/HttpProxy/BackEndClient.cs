using System.Net;
using System.Text;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Gateway.Services.Proxy;
using ConnectOptions = Tidegate.Gateway.Configuration.ConnectOptions;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>
/// One connection to a back-end at a time, for one request at a time: HttpClient speaks HTTP/1.1, and the connection is the engine's, on the
/// loop of the client's. So it is known which connection a request goes by, a WebSocket can be taken out of it, and how many are kept is the pool's affair.
/// </summary>
internal sealed class BackEndClient : IDisposable
{
    // What a back-end says before the body of its answer, and after it, in KiB.
    private const int MaximumHead = 32;
    private readonly BackEndPlace _place;
    private readonly HttpMessageInvoker _http;
    private volatile ConnectionStream? _stream;
    private volatile EarlyAnswerStream? _spoken;

    internal BackEndClient(BackEndPlace place, EventLoop loop, ConnectOptions options)
    {
        _place = place;
        Loop = loop;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            MaxConnectionsPerServer = 1,
            MaxResponseHeadersLength = MaximumHead,
            // What nobody reads is not waited for: the connection ends instead.
            MaxResponseDrainSize = 0,
            // What the engine says of it is to be heard.
            ConnectTimeout = 2 * options.ConnectTimeout,
            ConnectCallback = ConnectAsync,
            PooledConnectionIdleTimeout = options.KeepaliveTimeout,
            // Bytes go through as they came.
            RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
            ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        });
    }

    /// <summary>The loop that its connections are on.</summary>
    internal EventLoop Loop { get; }

    /// <summary>The connection of the request that was answered last, as a stream.</summary>
    internal ConnectionStream? Stream => _stream;

    /// <summary>Sends a request. The connection that it goes by is a new one, or that of the last request.</summary>
    /// <exception cref="HttpRequestException">
    /// There is no answer, or none that is HTTP. With a <see cref="BackEndUnreachableException"/> inside, nothing was sent.
    /// </exception>
    internal Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, CancellationToken cancellation)
    {
        _spoken?.Begin();
        return _http.SendAsync(message, cancellation);
    }

    public void Dispose() => _http.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var connected = new TaskCompletionSource<Stream>(TaskCreationOptions.RunContinuationsAsynchronously);
        Loop.Post(() => _place.Connect(Loop, (connection, fault) =>
        {
            if (connection is null)
            {
                connected.TrySetException(new BackEndUnreachableException(fault));
                return;
            }

            ConnectionStream stream = connection.ToStream();
            _stream = stream;
            _spoken = new EarlyAnswerStream(stream);
            if (!connected.TrySetResult(_spoken))
            {
                stream.Dispose();
            }
        }));
        await using CancellationTokenRegistration cancelled = cancellation.UnsafeRegister(
            static (one, token) => ((TaskCompletionSource<Stream>)one!).TrySetCanceled(token), connected);
        return await connected.Task.ConfigureAwait(false);
    }
}

/// <summary>A back-end can not be connected to.</summary>
/// <param name="fault">Why, in words.</param>
internal sealed class BackEndUnreachableException(string fault) : IOException(fault);
