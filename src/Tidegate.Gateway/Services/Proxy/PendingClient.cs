using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Gateway.Services.Proxy;

internal sealed partial class ProxyService
{
    /// <summary>
    /// A client whose back-end session is not open yet. It is not read meanwhile, so what it sends waits in the kernel;
    /// once the relay takes over, this object is garbage.
    /// </summary>
    private sealed class PendingClient : ISessionHandler
    {
        private readonly ProxyService _service;
        private readonly Session _client;
        private readonly List<(byte[] Data, MessageKind Kind, bool EndOfMessage)> _received = [];
        private bool _connecting;
        private bool _receiveEnded;
        private (CloseStatus Status, string Reason)? _close;
        private bool _gone;

        internal PendingClient(ProxyService service, Session client)
        {
            _service = service;
            _client = client;
            client.Handler = this;
        }

        internal void ConnectOnFirstMessage() => _client.Start();

        internal void Connect()
        {
            _client.PauseReading();
            _client.Start();
            BeginConnect();
        }

        public void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage)
        {
            // With the deferred strategy: the first message, and what came along with it.
            _received.Add((payload.Span.ToArray(), kind, endOfMessage));
            session.PauseReading();
            BeginConnect();
        }

        public void OnReceiveEnded(Session session)
        {
            _receiveEnded = true;
            BeginConnect();
        }

        // With the deferred strategy a client may say all it has to say at once. The connect has bounds of its own.
        public bool OnClosing(Session session, CloseStatus status, string reason)
        {
            _close = (status, reason);
            return _connecting;
        }

        public void OnCongested(Session session)
        {
        }

        public void OnDrained(Session session)
        {
        }

        public void OnClosed(Session session, SessionEnd end) => _gone = true;

        private void BeginConnect()
        {
            if (_connecting)
            {
                return;
            }

            _connecting = true;
            if (_client.Subprotocol is null && _service._prepared?.Take(_client.Loop) is { } prepared)
            {
                Join(prepared.Session, prepared, started: true);
                return;
            }

            _service.Connect(_client.Loop, _client.Subprotocol, 0, (session, error) =>
            {
                if (session is not null)
                {
                    Join(session, null, started: false);
                }
                else
                {
                    Refuse(error);
                }
            });
        }

        private void Join(Session backEnd, PreparedSession? prepared, bool started)
        {
            BackEndWatch? watch = _service._watch;
            if (_gone || _client.IsClosing)
            {
                watch?.OnDisconnected();
                backEnd.Abort();
                return;
            }

            var relay = new Relay(_client, backEnd, _service._options.MaximumPendingBytes, watch is null ? null : (_, _, _) => watch.OnDisconnected());
            foreach ((byte[] data, MessageKind kind, bool endOfMessage) in _received)
            {
                backEnd.Relay(data, kind, endOfMessage);
            }

            prepared?.Replay(_client);
            if (!started)
            {
                backEnd.Start();
            }

            if (_receiveEnded)
            {
                backEnd.EndSending();
            }

            if (_close is { } close && !relay.OnClosing(_client, close.Status, close.Reason))
            {
                _client.EndSending();
            }

            backEnd.ResumeReading();
            _client.ResumeReading();
        }

        private void Refuse(string error)
        {
            if (_gone)
            {
                return;
            }

            if (_client.KeepsMessages)
            {
                _client.Close(CloseStatus.BadGateway, $"no connection to the back-end: {error}");
            }
            else
            {
                // A byte stream has no words for it: an orderly end would look like an empty answer.
                _client.Abort();
            }
        }
    }
}
