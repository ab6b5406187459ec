using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Clients;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Services.Proxy;
using Tidegate.Gateway.Tls;
using EngineConnectOptions = Tidegate.Engine.Net.ConnectOptions;

namespace Tidegate.Gateway.Services.Balancer;

/// <summary>What came of opening a WebSocket to a member.</summary>
internal sealed record RelayedHandshake
{
    /// <summary>Joins the client's session to the member's; null where there is none.</summary>
    internal Action<Session>? Begin { get; init; }

    /// <summary>The subprotocol that the member agreed to, or null.</summary>
    internal string? Subprotocol { get; init; }

    /// <summary>The status of the member's answer where that was no 101; 0 where there was none.</summary>
    internal int Status { get; init; }

    /// <summary>How the member asks who the client is (<c>WWW-Authenticate</c>), with a status of 401.</summary>
    internal IReadOnlyList<string> Challenges { get; init; } = [];

    /// <summary>What went wrong, in words.</summary>
    internal string Fault { get; init; } = "";

    /// <summary>Whether the member has decided about this very client, and not said that the service is not there, or too busy.</summary>
    internal bool IsVerdict => Status is >= 400 and < 500 and not (StatusCodes.Status404NotFound or StatusCodes.Status408RequestTimeout or StatusCodes.Status429TooManyRequests);
}

/// <summary>
/// Serves WebSocket clients through this gateway that a redirect would not take to the member. The handshake with the member comes
/// first, so that the client is granted what the member grants, and another member can be tried without the client's noticing.
/// </summary>
internal sealed class MemberRelay
{
    // Says that a handshake comes from a balancer. From elsewhere it does nothing but keep a balancer from relaying it.
    internal const string Hop = "Tidegate-Hop";

    // As for a proxy by default; each side may have as much waiting.
    private const int MaximumPendingBytes = 64_000;

    // Between members of a cluster connecting takes milliseconds; whoever does not answer by then is gone.
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(2);

    // A member that the others have lost, and that is there after all, answers a ping in much less.
    private static readonly TimeSpan s_signOfLife = TimeSpan.FromSeconds(2);

    // How long the member's session waits for the client's to begin, which takes the time to send it one answer.
    private static readonly TimeSpan s_joinTimeout = TimeSpan.FromSeconds(10);

    // What the member decides by: who the client is and which page it belongs to.
    private static readonly string[] s_passedOn = ["Origin", "Cookie", "Authorization", "User-Agent"];
    private readonly string[] _subprotocols;
    private readonly WebSocketOptions _webSocket;
    private readonly TlsUse? _tls;
    private readonly ClientProof _clients;
    private readonly MemberDepartures _departures;

    internal MemberRelay(ServiceConfiguration configuration, ServiceContext context)
    {
        _clients = context.Clients;
        _departures = context.Balances.Departures;
        AcceptOptions accept = configuration.AcceptOptions;
        _subprotocols = [.. accept.Subprotocols];

        // Who is gone without a word, as behind a cut cable, is noticed after the silence, and its clients are told.
        // The limit of an accept is for what clients send; nothing is gathered on the way back.
        _webSocket = new WebSocketOptions { MaximumMessageSize = int.MaxValue, InactivityTimeout = context.RelaySilence, CloseTimeout = BackEnd.CloseTimeout };
        if (configuration.Accepts.FirstOrDefault(one => one.Uri.Scheme == UriScheme.Wss) is { } secure)
        {
            _tls = context.Tls.ForConnect(secure, new TlsOptions());
        }
    }

    /// <summary>Whether a handshake has come through a balancer already.</summary>
    internal static bool IsRelayed(HttpRequest request) => request.Headers.ContainsKey(Hop);

    /// <summary>Opens a WebSocket to a candidate's target for the client of a request, on the client's loop.</summary>
    internal Task<RelayedHandshake> ConnectAsync(HttpContext http, BalanceCandidate candidate)
    {
        BalanceTarget target = candidate.Target;
        EventLoop loop = http.Features.GetRequiredFeature<IDetachableConnection>().Loop;
        IPEndPoint at = target.At[0];
        WebSocketRefusal? refusal = null;
        string asked = target.Uri.Path + http.Request.QueryString.Value;
        var request = new WebSocketRequest
        {
            Host = at.Address.ToString(),
            Port = at.Port,
            Authority = target.Uri.HostHeader,
            Target = asked,
            Subprotocols = OfferedBy(http.Request),
            Headers = [new(Hop, "1"), .. ProofOf(http, candidate.Member, target.Uri.HostHeader, asked), .. PassedOn(http.Request)],
            Refused = answered => refusal = answered,
        };
        var connect = new EngineConnectOptions { Timeout = s_connectTimeout };
        if (target.IsEncrypted)
        {
            if (_tls is not { } tls)
            {
                return Task.FromResult(new RelayedHandshake { Fault = "it speaks TLS, and this balancer has no wss accept" });
            }

            // The certificate is to be for the name that clients know, whatever socket that is reached at.
            connect = connect with { Tls = () => tls.Context, TlsPeerName = NameOf(target.Uri.Host) };
        }

        var completion = new TaskCompletionSource<RelayedHandshake>(TaskCreationOptions.RunContinuationsAsynchronously);
        WebSocketSession? opened = null;

        // Nobody waits for a member that is said to be gone, and one that serves clients already is asked whether it is.
        IDisposable departure = _departures.Follow(candidate.Member, () =>
        {
            if (!completion.TrySetResult(new RelayedHandshake { Fault = "the member has gone meanwhile" }))
            {
                loop.Post(() => opened?.Probe(s_signOfLife));
            }
        });
        loop.Post(() => WebSocketConnector.Connect(loop, request, connect, _webSocket, (session, fault) =>
        {
            if (session is null)
            {
                departure.Dispose();
                completion.TrySetResult(new RelayedHandshake { Status = refusal?.Status ?? 0, Challenges = refusal?.Challenges ?? [], Fault = fault });
                return;
            }

            opened = session;
            session.WhenEnded = departure.Dispose;
            if (!completion.TrySetResult(new RelayedHandshake { Subprotocol = session.Subprotocol, Begin = Wait(session) }))
            {
                session.Abort();
            }
        }));
        return completion.Task;
    }

    /// <summary>Keeps the member's session until the client's is there, for a bounded time: the client may go before.</summary>
    private static Action<Session> Wait(WebSocketSession member)
    {
        var prepared = new PreparedSession(member, lost: static () => { });
        LoopTimer timer = member.Loop.Schedule(s_joinTimeout, static session => ((Session)session!).Abort(), member);
        return client =>
        {
            timer.Cancel();
            prepared.IsTaken = true;
            if (member.IsClosing)
            {
                client.Start();
                client.Close(CloseStatus.BadGateway, "the cluster member ended the session");
                return;
            }

            _ = new Relay(client, member, MaximumPendingBytes);
            client.Start();
            prepared.Replay(client);
            member.ResumeReading();
        };
    }

    private string[] OfferedBy(HttpRequest request) =>
    [
        .. from name in request.Headers.GetCommaSeparatedValues("Sec-WebSocket-Protocol")
           where name.Length > 0 && name.All(c => c is > ' ' and <= '~') && (_subprotocols.Length == 0 || name == ClientHandshake.Subprotocol || _subprotocols.Contains(name, StringComparer.Ordinal))
           select name,
    ];

    private IEnumerable<KeyValuePair<string, string>> ProofOf(HttpContext http, string member, string host, string target) =>
        http.Connection.RemoteIpAddress is { } address
        && _clients.Make(member, host, target, new IPEndPoint(address, http.Connection.RemotePort)) is { } proof
            ? [new(RelayedClient.Header, proof)]
            : [];

    private static IEnumerable<KeyValuePair<string, string>> PassedOn(HttpRequest request) =>
        from name in s_passedOn
        let value = request.Headers[name].ToString()
        where value.Length > 0 && value.All(c => c is >= ' ' and <= '~')
        select KeyValuePair.Create(name, value);

    private static string NameOf(UriHost host) => host is HostAddress { Address: var address } ? address.ToString() : host.ToString()!;
}
