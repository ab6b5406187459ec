using System.Runtime.ExceptionServices;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// The handshake within a WebSocket whose subprotocol is <c>x-kaazing-handshake</c>: requests come as messages, in as many as the client
/// likes, and the last answer is either 101, whereupon the session is the service's, or followed by a close.
/// </summary>
internal sealed class InnerHandshake : ISessionHandler
{
    /// <summary>Time for a request to arrive in full.</summary>
    internal static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Time for a request that follows a challenge: somebody may have to type a password.</summary>
    internal static readonly TimeSpan ChallengedTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Challenges that one client gets.</summary>
    internal const int MaximumChallenges = 10;

    private readonly WebSocketSession _session;
    private readonly InnerTerms _terms;
    private readonly CancellationTokenSource _gone = new();
    private MemoryStream _request = new();
    private LoopTimer _timer;
    private int _searched;
    private int _challenges;
    private bool _isDeciding;
    private bool _isOver;

    private InnerHandshake(WebSocketSession session, InnerTerms terms)
    {
        _session = session;
        _terms = terms;
        _timer = Limit(RequestTimeout);
        session.Handler = this;
    }

    /// <summary>Begins with a session that is not started yet, on its loop.</summary>
    internal static void Begin(WebSocketSession session, InnerTerms terms)
    {
        _ = new InnerHandshake(session, terms);
        if (terms.SaysStay)
        {
            // Before anything is read: a client that did not wait has its answer behind this.
            Directive.SendStay(session);
        }

        session.Start();
    }

    public void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage)
    {
        if (_isOver)
        {
            return;
        }

        if (_isDeciding)
        {
            // What has arrived together with the request is handed out although nothing more is read. Each request is decided once.
            if (payload.Length > 0)
            {
                _ = _gone.CancelAsync();
                Refuse("Something follows the request before it is answered.");
            }

            return;
        }

        if (payload.Length > InnerRequest.MaximumBytes - _request.Length)
        {
            _timer.Cancel();
            session.Close(CloseStatus.MessageTooBig, $"a request of {ClientHandshake.Subprotocol} is longer than {InnerRequest.MaximumBytes} bytes");
            return;
        }

        _request.Write(payload.Span);
        if (!endOfMessage)
        {
            return;
        }

        ReadOnlySpan<byte> gathered = _request.GetBuffer().AsSpan(0, (int)_request.Length);
        int empty = gathered[_searched..].IndexOf("\r\n\r\n"u8);
        if (empty < 0)
        {
            _searched = Math.Max(0, gathered.Length - 3);
            return;
        }

        _timer.Cancel();
        if (_searched + empty + 4 < gathered.Length)
        {
            Refuse("Something follows the request in its message.");
        }
        else if (InnerRequest.Read(gathered, out string fault) is { } request)
        {
            Decide(request);
        }
        else
        {
            Refuse(fault);
        }
    }

    public void OnReceiveEnded(Session session)
    {
        // A WebSocket has no half-close.
    }

    public void OnCongested(Session session)
    {
        // Answers are short, and there are a bounded number of them.
    }

    public void OnDrained(Session session)
    {
    }

    public void OnClosed(Session session, SessionEnd end)
    {
        _timer.Cancel();

        // Whoever waits for it is not to go on here, on the loop.
        _ = _gone.CancelAsync();
    }

    private LoopTimer Limit(TimeSpan time) => _session.Loop.Schedule(
        time, static session => ((Session)session!).Close(CloseStatus.PolicyViolation, $"no request of {ClientHandshake.Subprotocol} came in time"), _session);

    /// <summary>Some answers take a while: nothing more is read meanwhile.</summary>
    private void Decide(InnerRequest request)
    {
        ValueTask<InnerResponse> decision = _terms.Decide(request, _gone.Token);
        if (decision.IsCompletedSuccessfully)
        {
            Answer(decision.Result);
            return;
        }

        _isDeciding = true;
        _session.PauseReading();
        _ = WaitAsync(decision.AsTask());
    }

    private async Task WaitAsync(Task<InnerResponse> decision)
    {
        InnerResponse response;
        try
        {
            response = await decision.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The client has gone.
            return;
        }
        catch (Exception exception)
        {
            _session.Loop.Post(() =>
            {
                _session.Close(CloseStatus.InternalError);
                ExceptionDispatchInfo.Throw(exception);
            });
            return;
        }

        _session.Loop.Post(() =>
        {
            _isDeciding = false;
            if (_session.IsClosing)
            {
                response.Identity?.End();
                return;
            }

            Answer(response);
            _session.ResumeReading();
        });
    }

    private void Answer(InnerResponse response)
    {
        Send(response);
        if (response.Status == 101)
        {
            _isOver = true;
            response.Identity?.Hold(_session);
            _session.Agree(response.Subprotocol, response.Extensions);
            _terms.Granted(_session);
        }
        else if (response.Status == 401 && ++_challenges <= MaximumChallenges)
        {
            _request = new MemoryStream();
            _searched = 0;
            _timer = Limit(ChallengedTimeout);
        }
        else
        {
            _isOver = true;
            _session.Close(CloseStatus.NormalClosure);
        }
    }

    private void Refuse(string fault)
    {
        _isOver = true;
        Send(InnerResponse.Bad());
        _session.Close(CloseStatus.ProtocolError, fault);
    }

    private void Send(InnerResponse response)
    {
        _session.Send(response.ToBytes(), MessageKind.Binary);
        if (_terms.EndsWithEmptyFrame)
        {
            _session.Send([], MessageKind.Binary);
        }
    }
}

/// <summary>What an <see cref="InnerHandshake"/> is about.</summary>
/// <param name="Decide">The answer to a request.</param>
/// <param name="Granted">Gets the session after a 101, on its loop.</param>
internal sealed record InnerTerms(Func<InnerRequest, CancellationToken, ValueTask<InnerResponse>> Decide, Action<Session> Granted)
{
    /// <summary>Whether the client waits for a word before it sends its request.</summary>
    internal bool SaysStay { get; init; }

    /// <summary>Whether the client takes an empty message for the end of an answer.</summary>
    internal bool EndsWithEmptyFrame { get; init; }
}
