using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;

namespace Tidegate.Engine.Tests.Support;

/// <summary>A session's handler that keeps the messages it was given, and does what a test gives it to do.</summary>
internal sealed class SessionProbe : ISessionHandler
{
    private readonly TaskCompletionSource<SessionEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _receiveEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(MessageKind Kind, byte[] Bytes)> _messages = [];
    private readonly List<byte> _unfinished = [];

    internal delegate void PayloadAction(Session session, Payload payload, MessageKind kind, bool endOfMessage);

    internal PayloadAction? Received { get; init; }

    internal Action<Session>? Congested { get; init; }

    internal Action<Session>? Drained { get; init; }

    internal Task<SessionEnd> End => _end.Task;

    internal Task ReceiveEnd => _receiveEnd.Task;

    internal int Parts { get; private set; }

    internal (MessageKind Kind, byte[] Bytes)[] Messages
    {
        get
        {
            lock (_messages)
            {
                return [.. _messages];
            }
        }
    }

    /// <summary>Sends everything back, part by part, where it lies.</summary>
    internal static SessionProbe Echo() => new() { Received = static (session, payload, kind, end) => session.Relay(payload, kind, end) };

    public void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage)
    {
        lock (_messages)
        {
            Parts++;
            _unfinished.AddRange(payload.Span);
            if (endOfMessage)
            {
                _messages.Add((kind, [.. _unfinished]));
                _unfinished.Clear();
            }
        }

        Received?.Invoke(session, payload, kind, endOfMessage);
    }

    public void OnReceiveEnded(Session session) => _receiveEnd.TrySetResult();

    public void OnCongested(Session session) => Congested?.Invoke(session);

    public void OnDrained(Session session) => Drained?.Invoke(session);

    public void OnClosed(Session session, SessionEnd end) => Assert.True(_end.TrySetResult(end), "the end was reported twice");
}
