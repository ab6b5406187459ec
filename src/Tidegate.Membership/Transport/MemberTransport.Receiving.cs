using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Tidegate.Membership.Transport;

/// <summary>The two loops, and what becomes of what they receive.</summary>
internal sealed partial class MemberTransport
{
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(100);

    private long _failureLogged;

    private async Task ReceiveAsync(ITransportHandler handler)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(ushort.MaxValue, pinned: true);
        SocketAddress from = new(LocalEndPoint.AddressFamily);
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                int length = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, from, _stopping.Token).ConfigureAwait(false);
                Counters.Received(length);
                Hand(handler, buffer.AsSpan(0, length), _addresses.FromSocketAddress(from));
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionRefused)
            {
                // What some systems say of a packet that was sent before, to a port where nobody listens.
            }
            catch (SocketException exception)
            {
                await PauseAsync("receive a packet", exception).ConfigureAwait(false);
            }
        }
    }

    private async Task AcceptAsync(ITransportHandler handler)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Socket socket = await _tcp.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                Begin(handler, socket);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException exception)
            {
                await PauseAsync("accept a connection", exception).ConfigureAwait(false);
            }
        }
    }

    private void Begin(ITransportHandler handler, Socket socket)
    {
        MemberAddress from;
        try
        {
            socket.NoDelay = true;
            from = MemberAddress.From((IPEndPoint)socket.RemoteEndPoint!);
        }
        catch (SocketException)
        {
            // Gone before it was looked at.
            socket.Dispose();
            return;
        }

        Task served = Task.Run(() => ServeAsync(handler, new MemberStream(socket), from));
        lock (_streams)
        {
            _streams.Add(served);
        }

        served.ContinueWith(
            task =>
            {
                lock (_streams)
                {
                    _streams.Remove(task);
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private void Hand(ITransportHandler handler, ReadOnlySpan<byte> packet, MemberAddress from)
    {
        try
        {
            handler.OnPacket(packet, from);
        }
        catch (Exception exception)
        {
            NoteFailure(exception, "a packet", from);
        }
    }

    private async Task ServeAsync(ITransportHandler handler, MemberStream stream, MemberAddress from)
    {
        await using ConfiguredAsyncDisposable _ = stream.ConfigureAwait(false);
        try
        {
            await handler.OnStreamAsync(stream, from, _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
        }
        catch (Exception exception)
        {
            NoteFailure(exception, "a stream", from);
        }
    }

    // A mistake in a handler must not leave this member deaf, nor fill the log where a peer can bring it about at will.
    private void NoteFailure(Exception exception, string what, MemberAddress from)
    {
        long count = Counters.HandlerFailed();
        long now = Environment.TickCount64;
        long last = Volatile.Read(ref _failureLogged);
        if ((count == 1 || now - last >= 1_000) && Interlocked.CompareExchange(ref _failureLogged, now, last) == last)
        {
            _logger.LogError(exception, "Handling {What} from {From} failed. This is a mistake in Tidegate; it has happened {Count} times.", what, from, count);
        }
    }

    // Too many open files, no memory: it passes, and trying at once would only burn a core meanwhile.
    private async Task PauseAsync(string what, SocketException exception)
    {
        _logger.LogWarning("Cannot {What} at {EndPoint}: {Error}. Trying again.", what, LocalEndPoint, exception.Message);
        try
        {
            await Task.Delay(PauseAfterError, _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }
    }
}
