using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.Tests.Tls;
using Tidegate.Engine.Tls;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.Sessions;

/// <summary>What carries one side of a relay.</summary>
public enum Side
{
    Tcp,
    WebSocket,
    Tls,
    SecureWebSocket,
}

internal static class Sides
{
    internal static bool IsWebSocket(this Side side) => side is Side.WebSocket or Side.SecureWebSocket;
}

/// <summary>A relay between two raw peers. On a WebSocket side the peer is a client first, and a server second.</summary>
public abstract class RelayTest(EventSource source) : WebSocketTest(source)
{
    protected const int MaximumPending = 64 * 1024;
    private static readonly Lazy<TlsCertificate> s_certificate = new(() => TestCertificate.For("server.test"));

    public static TheoryData<Side, Side> Combinations => new()
    {
        { Side.WebSocket, Side.Tcp },
        { Side.Tcp, Side.WebSocket },
        { Side.Tcp, Side.Tcp },
        { Side.WebSocket, Side.WebSocket },
        { Side.SecureWebSocket, Side.Tcp },
        { Side.SecureWebSocket, Side.SecureWebSocket },
        { Side.Tcp, Side.Tls },
    };

    private protected (RelayPeer First, RelayPeer Second) Relay(Side first, Side second, WebSocketOptions? options = null, int? receiveBuffer = null, ManualTime? time = null)
    {
        if (time is not null)
        {
            StartLoops(loops => loops with { TimeProvider = time });
        }

        options ??= Patient;
        TcpConnection? one = null, other = null;
        var (firstPeer, _) = Pair(connection => one = connection, receiveBuffer);
        var (secondPeer, _) = Pair(connection => other = connection, receiveBuffer);
        Secure(first, one!, firstPeer);
        Secure(second, other!, secondPeer);
        Session firstSession = Session(one!, first, WebSocketRole.Server, options);
        Session secondSession = Session(other!, second, WebSocketRole.Client, options);
        OnLoop(() =>
        {
            _ = new Relay(firstSession, secondSession, MaximumPending);
            secondSession.Start();
            firstSession.Start();
        });
        return (new RelayPeer(firstPeer, first, masks: true, firstSession), new RelayPeer(secondPeer, second, masks: false, secondSession));
    }

    private void Secure(Side side, TcpConnection connection, RawPeer peer)
    {
        if (side is Side.Tls or Side.SecureWebSocket)
        {
            var ended = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
            TlsContext context = Own(TlsContext.ForServer([s_certificate.Value], new TlsParameters()));
            OnLoop(() => connection.StartTls(context, null, Bounded.Limit, (_, fault) => ended.SetResult(fault)));
            peer.Secure(tls => tls.AuthenticateAsClient(TlsTest.ClientOptions()));
            Assert.Null(Bounded.Result(ended.Task));
        }
    }

    private static Session Session(TcpConnection connection, Side side, WebSocketRole role, WebSocketOptions options) => !side.IsWebSocket()
        ? new TcpSession(connection, options.CloseTimeout)
        : new WebSocketSession(connection, role, options);
}

/// <summary>One end of a relay: sends and reads data whatever carries it.</summary>
internal sealed class RelayPeer(RawPeer raw, Side side, bool masks, Session session)
{
    private byte[] _rest = [];
    private bool _inMessage;

    internal RawPeer Raw => raw;

    internal Session Session => session;

    internal void Send(ReadOnlySpan<byte> data, uint key = 0x01020304) =>
        raw.Send(!side.IsWebSocket() ? data : Wire.Frame(Wire.Binary, data, mask: masks, key: key));

    /// <summary>Sends a data frame (of a message in one or more), or the bytes alone.</summary>
    internal void SendFragment(ReadOnlySpan<byte> data, bool final, uint key)
    {
        raw.Send(!side.IsWebSocket() ? data : Wire.Frame(_inMessage ? Wire.Continuation : Wire.Binary, data, final, masks, key: key));
        _inMessage = !final;
    }

    internal int Receive(Span<byte> buffer)
    {
        if (!side.IsWebSocket())
        {
            return raw.Receive(buffer);
        }

        while (_rest.Length == 0)
        {
            WireFrame frame = raw.ReadFrame();
            Assert.Equal(!masks, frame.Masked);
            Assert.InRange(frame.Opcode, 0, 2);
            _rest = frame.Payload;
        }

        int count = Math.Min(buffer.Length, _rest.Length);
        _rest.AsSpan(0, count).CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    internal byte[] Receive(int exactly)
    {
        byte[] bytes = new byte[exactly];
        for (int i = 0; i < exactly;)
        {
            int count = Receive(bytes.AsSpan(i));
            Assert.True(count > 0, $"the relay ended after {i} of {exactly} bytes");
            i += count;
        }

        return bytes;
    }

    /// <summary>Ends this side as its carrier does: with a close frame, or the end of the stream.</summary>
    internal void End()
    {
        if (side.IsWebSocket())
        {
            raw.Send(Wire.CloseFrame(1000, mask: masks));
        }

        raw.EndSending();
    }

    /// <summary>The relay ends this side in order.</summary>
    internal void ExpectEnd(int status = 1000)
    {
        Assert.Empty(_rest);
        if (side.IsWebSocket())
        {
            WireFrame close = raw.ReadFrame();
            Assert.Equal(0x80 | Wire.Close, close.First);
            Assert.Equal(status, close.CloseStatus);
            raw.Send(Wire.CloseFrame(status, mask: masks));
        }

        raw.ExpectEnd();
    }
}
