using System.Globalization;
using System.Net;
using Tidegate.Engine;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tls;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Services.Balancer;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway.Clients;

// The connections to members, which HttpClient keeps for a while and gives to later requests.
internal sealed partial class SessionRelay
{
    private static readonly HttpRequestOptionsKey<(SessionDestination Destination, string Name)> s_destination = new("destination");

    // Between members of a cluster connecting takes milliseconds; whoever does not answer by then is gone.
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(2);

    // Less than members wait for a next request by default.
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromSeconds(5);

    private readonly EventLoops _loops;
    private readonly TlsUse? _tls;

    private static HttpRequestMessage NewMessage(HttpMethod method, string target, string host, string name, SessionDestination destination)
    {
        // What is sent is the client's own Host and target, as they are.
        var message = new HttpRequestMessage(method, new Uri($"http://{AuthorityOf(destination, name)}{target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }))
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        message.Options.Set(s_destination, (destination, name));
        message.Headers.TryAddWithoutValidation("Host", host);
        message.Headers.TryAddWithoutValidation(MemberRelay.Hop, "1");
        return message;
    }

    /// <summary>
    /// What HttpClient keeps connections by: all that tells one from another is in there. That is the socket and, with TLS, the name that its certificate
    /// was for. Without TLS a name would only make a connection of each request to an accept at all addresses, where clients choose the name.
    /// </summary>
    internal static string AuthorityOf(SessionDestination destination, string name) => string.Create(
        CultureInfo.InvariantCulture, $"m{BalanceCandidate.NumberOf($"{destination.At} {(destination.IsEncrypted ? $"TLS {name}" : "")}"):x16}");

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        context.InitialRequestMessage.Options.TryGetValue(s_destination, out (SessionDestination Destination, string Name) to);
        var options = new ConnectOptions { Timeout = s_connectTimeout };
        if (to.Destination.IsEncrypted)
        {
            TlsUse tls = _tls ?? throw new MemberUnreachableException("it speaks TLS, and this gateway has no wss accept");
            options = options with { Tls = () => tls.Context, TlsPeerName = to.Name };
        }

        var connected = new TaskCompletionSource<Stream>(TaskCreationOptions.RunContinuationsAsynchronously);
        EventLoop loop = _loops.Next();
        IPEndPoint at = to.Destination.At;
        loop.Post(() => TlsConnector.Connect(loop, at.Address.ToString(), at.Port, options, (connection, fault) =>
        {
            if (connection is null)
            {
                connected.TrySetException(new MemberUnreachableException(fault));
                return;
            }

            Stream stream = connection.ToStream();
            if (!connected.TrySetResult(stream))
            {
                stream.Dispose();
            }
        }));
        await using CancellationTokenRegistration cancelled = cancellation.UnsafeRegister(
            static (one, token) => ((TaskCompletionSource<Stream>)one!).TrySetCanceled(token), connected);
        return await connected.Task.ConfigureAwait(false);
    }

    /// <summary>A member can not be connected to.</summary>
    private sealed class MemberUnreachableException(string message) : IOException(message)
    {
        /// <summary>Whether the member has nothing to do with it.</summary>
        internal bool IsOwnFault => Message == TlsConnector.NoDescriptors;
    }
}
