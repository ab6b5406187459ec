using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Tidegate.Engine.Net;

namespace Tidegate.Gateway.Http;

/// <summary>
/// A WebSocket over one stream of HTTP/2 (RFC 8441). The stream stays with the HTTP server, which knows the others of the
/// connection; the engine sees it as a connection like any other, on the loop of the one that carries it.
/// </summary>
internal static class WebSocketStream
{
    // A read of no bytes comes first, so that a quiet stream holds no buffer.
    private static readonly StreamPipeReaderOptions s_reading = new(bufferSize: 32 * 1024, useZeroByteReads: true);

    /// <summary>Accepts the stream, gives it to <paramref name="opened"/>, and ends when the connection that it has become is over.</summary>
    internal static async Task RunAsync(HttpContext http, Action<TcpConnection> opened)
    {
        // A WebSocket may be as long and as quiet as it likes; its service has limits of its own.
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        // What the client sends is in the stream that this gives, and only there; the request's own body stays empty.
        Stream stream = await http.Features.GetRequiredFeature<IHttpExtendedConnectFeature>().AcceptAsync().ConfigureAwait(false);
        var connection = http.Features.GetRequiredFeature<IDetachableConnection>();
        await PipeConnection.OpenAsync(
            connection.Loop,
            new Pipes(PipeReader.Create(stream, s_reading), new StreamOutput(http, stream)),
            EndPointOf(http.Connection.LocalIpAddress, http.Connection.LocalPort),
            EndPointOf(http.Connection.RemoteIpAddress, http.Connection.RemotePort),
            http.Abort,
            opened).ConfigureAwait(false);
    }

    private static IPEndPoint? EndPointOf(IPAddress? address, int port) => address is null ? null : new IPEndPoint(address, port);

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
