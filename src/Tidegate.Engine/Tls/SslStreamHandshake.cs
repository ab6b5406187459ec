using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.Tls;

/// <summary>A handshake of an <see cref="SslStream"/>, and what comes of it: a connection that reads and writes that stream.</summary>
internal sealed class SslStreamHandshake
{
    private static readonly TimeSpan s_lingerTime = TimeSpan.FromSeconds(5);
    private readonly SslStreamContext _context;
    private readonly TcpConnection _carrier;
    private readonly ConnectionStream _wire;
    private readonly SslStream _tls;
    private readonly Action<TcpConnection, string?> _completed;
    private readonly CancellationTokenSource _timeout = new();
    private readonly LoopTimer _timer;
    private volatile string? _reason;

    private SslStreamHandshake(SslStreamContext context, TcpConnection carrier, TimeSpan timeout, Action<TcpConnection, string?> completed)
    {
        _context = context;
        _carrier = carrier;
        _completed = completed;
        _wire = new ConnectionStream(carrier);
        _tls = new SslStream(_wire, leaveInnerStreamOpen: true);
        _timer = carrier.Loop.Schedule(timeout, static handshake => ((SslStreamHandshake)handshake!).GiveUp(), this);
    }

    /// <summary>Begins, on the loop of a connection without a handler.</summary>
    internal static void Begin(SslStreamContext context, TcpConnection carrier, string? peerName, TimeSpan timeout, Action<TcpConnection, string?> completed)
    {
        var handshake = new SslStreamHandshake(context, carrier, timeout, completed);
        _ = Task.Run(() => handshake.RunAsync(peerName));
    }

    private void GiveUp()
    {
        _reason ??= "the peer did not complete the TLS handshake in time";
        _timeout.Cancel();
        _carrier.Abort();
    }

    private async Task RunAsync(string? peerName)
    {
        string? asked = null;
        try
        {
            if (_context.IsServer)
            {
                await _tls.AuthenticateAsServerAsync(
                    (_, hello, _, _) =>
                    {
                        asked = hello.ServerName;
                        return ValueTask.FromResult(_context.ServerOptions(hello.ServerName, Refuse));
                    },
                    null, _timeout.Token).ConfigureAwait(false);
            }
            else
            {
                await _tls.AuthenticateAsClientAsync(_context.ClientOptions(peerName, Refuse), _timeout.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception)
        {
            // Whatever it is, it ends this connection only: a peer may send anything.
            string fault = _reason ?? Describe(exception);
            _carrier.Loop.Post(() => Fail(fault));
            await _tls.DisposeAsync().ConfigureAwait(false);
            return;
        }

        var security = new PipeSecurity(Describe(asked), () => _wire.IsEndRead);
        var pipe = new DuplexPipe(
            PipeReader.Create(_tls, new StreamPipeReaderOptions(leaveOpen: true, bufferSize: 16 * 1024)),
            PipeWriter.Create(new TlsOutput(_tls, security, _carrier), new StreamPipeWriterOptions(leaveOpen: false)));
        await PipeConnection.OpenAsync(_carrier.Loop, pipe, _carrier.LocalEndPoint, _carrier.RemoteEndPoint, _carrier.Abort, Succeed, security).ConfigureAwait(false);
        _carrier.Loop.Post(() => _carrier.Close(s_lingerTime));
        await _tls.DisposeAsync().ConfigureAwait(false);
        _timeout.Dispose();
    }

    private void Refuse(string reason) => _reason ??= reason;

    private void Succeed(TcpConnection connection)
    {
        _timer.Cancel();
        _wire.IsHandshaking = false;
        _completed(connection, null);
    }

    private void Fail(string fault)
    {
        _timer.Cancel();
        // What the peer is to be told of the failure has been written.
        _carrier.Close(s_lingerTime);
        _completed(_carrier, fault);
    }

    private static string Describe(Exception exception) => exception switch
    {
        AuthenticationException { InnerException: { } inner } => inner.Message.TrimEnd('.'),
        IOException { InnerException: null } or EndOfStreamException => "the peer closed the connection during the TLS handshake",
        _ => exception.Message.TrimEnd('.'),
    };

    private TlsInformation Describe(string? asked) => new()
    {
        Protocol = _tls.SslProtocol,
        CipherSuite = _tls.NegotiatedCipherSuite,
        ApplicationProtocol = _tls.NegotiatedApplicationProtocol.Protocol.IsEmpty ? null : _tls.NegotiatedApplicationProtocol.ToString(),
        ServerName = string.IsNullOrEmpty(asked) ? null : asked,
        PeerCertificate = _tls.RemoteCertificate?.GetRawCertData(),
    };

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>What is written, up to TLS's own word for the end and the end of the connection's sending.</summary>
    private sealed class TlsOutput(SslStream tls, PipeSecurity security, TcpConnection carrier) : Stream
    {
        public override bool CanRead => false;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => tls.WriteAsync(buffer, CancellationToken.None);

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override async ValueTask DisposeAsync()
        {
            try
            {
                if (!security.EndsTruncated)
                {
                    await tls.ShutdownAsync().ConfigureAwait(false);
                }
            }
            finally
            {
                carrier.Loop.Post(carrier.EndSending);
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

/// <summary>What a connection over two pipes tells of the TLS that is behind them.</summary>
/// <param name="Information">What was agreed on.</param>
/// <param name="IsEndUnannounced">True where the peer's stream has ended without TLS's own word for it.</param>
internal sealed record PipeSecurity(TlsInformation Information, Func<bool> IsEndUnannounced)
{
    /// <summary>True where this side's stream is to end without it, too.</summary>
    internal volatile bool EndsTruncated;
}
