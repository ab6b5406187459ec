using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;

namespace Tidegate.Engine.WebSocket;

// Keeping alive clients that can not see ping and pong frames, and the text messages that stand for these.
public sealed partial class WebSocketSession
{
    // Nothing is longer that begins with the escape and is not the application's.
    private const int LongestTextPing = 6;

    /// <summary>
    /// Takes what an extended handshake has agreed on, which may come after this session was started. Once, on the loop, between two messages.
    /// </summary>
    /// <param name="subprotocol">The subprotocol from now on, or null.</param>
    /// <param name="extensions">How the client is kept alive.</param>
    public void Agree(string? subprotocol, ClientExtensions extensions)
    {
        _subprotocol = subprotocol;
        if (extensions != default)
        {
            _agreed = new AgreedExtensions { TextPings = extensions.TextPings, Interval = extensions.IdleTimeout / 2 };
            ScheduleSignOfLife();
        }
    }

    /// <summary>Hands out what came, but for text pings and pongs.</summary>
    private void HandOut(Payload payload, MessageKind kind, bool endOfMessage)
    {
        if (_agreed is { TextPings: true } agreed && kind == MessageKind.Text)
        {
            HandOutText(agreed, payload, endOfMessage);
        }
        else
        {
            Handler?.OnPayload(this, payload, kind, endOfMessage);
        }
    }

    private unsafe void HandOutText(AgreedExtensions agreed, Payload payload, bool endOfMessage)
    {
        if (agreed.IsSignal)
        {
            GatherSignal(agreed, payload.Span, endOfMessage);
        }
        else if (agreed.IsLiteral || agreed.Incoming.IsDecided)
        {
            if (endOfMessage)
            {
                agreed.IsLiteral = false;
                agreed.Incoming.Reset();
            }

            Handler?.OnPayload(this, payload, MessageKind.Text, endOfMessage);
        }
        else
        {
            int held = agreed.Incoming.Held;
            TextStart start = agreed.Incoming.Take(payload.Span, endOfMessage);
            if (start == TextStart.Open)
            {
                return;
            }

            if (start == TextStart.Escaped)
            {
                agreed.IsSignal = true;
                agreed.SignalLength = 0;
                ClientExtensions.Escape[..held].CopyTo(agreed.Signal);
                agreed.SignalLength = held;
                GatherSignal(agreed, payload.Span, endOfMessage);
                return;
            }

            if (endOfMessage)
            {
                agreed.Incoming.Reset();
            }

            if (held > 0)
            {
                // Whoever gets them may overwrite them.
                byte* copy = stackalloc byte[held];
                ClientExtensions.Escape[..held].CopyTo(new Span<byte>(copy, held));
                Handler?.OnPayload(this, new Payload(copy, held, headroom: 0), MessageKind.Text, endOfMessage: false);
                if (!Hears)
                {
                    return;
                }
            }

            Handler?.OnPayload(this, payload, MessageKind.Text, endOfMessage);
        }
    }

    private void GatherSignal(AgreedExtensions agreed, ReadOnlySpan<byte> part, bool endOfMessage)
    {
        if (part.Length > LongestTextPing - agreed.SignalLength)
        {
            ((IFrameSink)this).OnViolation(CloseStatus.ProtocolError, "a text message begins like a ping and is none");
            return;
        }

        part.CopyTo(agreed.Signal.AsSpan(agreed.SignalLength));
        agreed.SignalLength += part.Length;
        if (!endOfMessage)
        {
            return;
        }

        agreed.IsSignal = false;
        agreed.Incoming.Reset();
        ReadOnlySpan<byte> signal = agreed.Signal.AsSpan(0, agreed.SignalLength);
        if (signal.SequenceEqual(ClientExtensions.Escape))
        {
            agreed.IsLiteral = true;
        }
        else if (signal.SequenceEqual(ClientExtensions.Ping))
        {
            if (!TrySendSignal(ClientExtensions.Pong))
            {
                agreed.OwesPong = true;
            }
        }
        else if (!signal.SequenceEqual(ClientExtensions.Pong))
        {
            ((IFrameSink)this).OnViolation(CloseStatus.ProtocolError, "a text message begins like a ping and is none");
        }
    }

    /// <summary>Sends a text ping or pong, unless a message is unfinished, or what was sent before waits already.</summary>
    private bool TrySendSignal(ReadOnlySpan<byte> signal)
    {
        if (IsClosing || Has(Flags.SendingMessage) || _connection.IsCongested)
        {
            return false;
        }

        WriteFrame(ControlHeader(Opcode.Text, signal.Length), signal);
        return true;
    }

    /// <summary>Sends the one pong that a peer is owed that has pinged in the middle of something.</summary>
    private void PayTextPong()
    {
        if (_agreed is { OwesPong: true } agreed && TrySendSignal(ClientExtensions.Pong))
        {
            agreed.OwesPong = false;
        }
    }

    /// <summary>
    /// Looks at how a text message that is sent begins, and sends the escape in front of one that begins with it. False where the part is
    /// held back, because nobody can tell yet.
    /// </summary>
    private bool EscapeOutgoing(AgreedExtensions agreed, ReadOnlySpan<byte> part, bool endOfMessage)
    {
        if (agreed.Outgoing.IsDecided)
        {
            return true;
        }

        int held = agreed.Outgoing.Held;
        TextStart start = agreed.Outgoing.Take(part, endOfMessage);
        if (start == TextStart.Open)
        {
            return false;
        }

        if (start == TextStart.Escaped)
        {
            WriteFrame(NextHeader(ClientExtensions.Escape.Length, MessageKind.Text, endOfMessage: true), ClientExtensions.Escape);
        }

        if (held > 0)
        {
            WriteFrame(NextHeader(held, MessageKind.Text, endOfMessage: false), ClientExtensions.Escape[..held]);
        }

        return true;
    }

    private void RelayAgreed(AgreedExtensions agreed, Payload payload, MessageKind kind, bool endOfMessage)
    {
        if (agreed.TextPings && kind == MessageKind.Text && !EscapeOutgoing(agreed, payload.Span, endOfMessage))
        {
            return;
        }

        RelayFrame(payload, kind, endOfMessage);
        if (endOfMessage)
        {
            agreed.Outgoing.Reset();
            PayTextPong();
        }
    }

    private void ScheduleSignOfLife()
    {
        if (_agreed is { Interval: var interval } && interval > TimeSpan.Zero)
        {
            Loop.Schedule(interval, static session => ((WebSocketSession)session!).GiveSignOfLife(), this);
        }
    }

    /// <summary>
    /// Twice in the time after which the client gives up, whatever else is sent: so nothing has to be noted when a message goes. A text ping
    /// brings an answer, too.
    /// </summary>
    private void GiveSignOfLife()
    {
        if (IsClosing)
        {
            return;
        }

        if (_agreed!.TextPings)
        {
            TrySendSignal(ClientExtensions.Ping);
        }
        else if (!_connection.IsCongested)
        {
            WriteFrame(ControlHeader(Opcode.Pong, 0), []);
        }

        ScheduleSignOfLife();
    }

    /// <summary>What only sessions with such clients have to keep.</summary>
    private sealed class AgreedExtensions
    {
        internal bool TextPings { get; init; }

        internal TimeSpan Interval { get; init; }

        // The message that comes was announced by an escape, and is the application's whatever it looks like.
        internal bool IsLiteral { get; set; }

        internal bool IsSignal { get; set; }

        internal byte[] Signal { get; } = new byte[LongestTextPing];

        internal int SignalLength { get; set; }

        internal bool OwesPong { get; set; }

#pragma warning disable SA1401 // A struct that changes itself must be a field.
        internal EscapeMatch Incoming;
        internal EscapeMatch Outgoing;
#pragma warning restore SA1401
    }
}
