using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tidegate.Engine.Emulation;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Clients;

/// <summary>Writes what a session sends to the response of a request, until the session ends it.</summary>
internal static class DownstreamWriter
{
    /// <summary>The head is set and has not been sent. The session has taken the response on.</summary>
    internal static async Task RunAsync(HttpContext http, IDownstreamSource source, Downstream downstream, bool knowsLength)
    {
        HttpResponse response = http.Response;
        using CancellationTokenRegistration aborted = http.RequestAborted.Register(() => source.Loop.Post(() => source.Lose(downstream)));
        if (!HttpProtocol.IsHttp2(http.Request.Protocol))
        {
            http.Features.GetRequiredFeature<IDetachableConnection>().WhenInputEnds(() => source.Loop.Post(() => source.Lose(downstream)));
        }

        var loop = new LoopAwaiter(source.Loop);
        while (true)
        {
            await loop;
            DownstreamPart part = await source.TakeAsync(downstream).ConfigureAwait(false);
            if (part.IsBroken)
            {
                http.Abort();
                return;
            }

            if (knowsLength && part.IsLast && !response.HasStarted)
            {
                response.ContentLength = part.Bytes.Length;
            }

            await response.BodyWriter.WriteAsync(part.Bytes).ConfigureAwait(false);
            if (part.IsLast)
            {
                return;
            }
        }
    }
}
