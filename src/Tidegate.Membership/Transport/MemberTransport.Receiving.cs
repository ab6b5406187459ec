using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Tidegate.Membership.Transport;

/// <summary>The thread and the loops, and what becomes of what they receive.</summary>
internal sealed partial class MemberTransport
{
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(100);

    private long _failureLogged;

    /// <summary>
    /// By how many milliseconds what is due gives way to packets that have come, whose news is older. Less than what the protocol takes
    /// for a stall, so that a flood of packets is none.
    /// </summary>
    private const int PacketsFirst = 15;

    /// <summary>The longest sleep, in milliseconds, for systems where nothing ends it earlier.</summary>
    private const int LongestSleep = 1_000;

    private readonly List<Socket> _ready = [];

    /// <summary>What the receiving thread is handing over; nobody else reads these.</summary>
    private MemberPort? _receivedBy;
    private MemberAddress _receivedFrom;
    private int _thread;

    private Task ReceiveOnThread(ITransportHandler handler, ILoopTimers? timers)
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            Receive(handler, timers);
            ended.SetResult();
        })
        {
            IsBackground = true,
            Name = "tidegate-member",
        }.Start();
        return ended.Task;
    }

    private void Receive(ITransportHandler handler, ILoopTimers? timers)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(ushort.MaxValue, pinned: true);
        _thread = Environment.CurrentManagedThreadId;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                int wait = timers?.Sleep() ?? int.MaxValue;
                bool waiting = wait > -PacketsFirst && WaitForPackets(Math.Clamp(wait, 0, LongestSleep));
                timers?.Wake();
                if (waiting && !_stopping.IsCancellationRequested)
                {
                    ReceiveOne(handler, buffer);
                }
                else if (timers?.Sleep() <= 0)
                {
                    timers.Wake();
                    timers.Fire();
                }
            }
            catch (SocketException exception) when (!_stopping.IsCancellationRequested)
            {
                Pause("receive a packet", exception);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    /// <summary>Sleeps until a packet has come, that many milliseconds at most. Afterwards the sockets that have one are in the list, if there are several.</summary>
    private bool WaitForPackets(int milliseconds)
    {
        int microseconds = milliseconds * 1_000;
        if (_ports.Length == 1)
        {
            return _ports[0].Udp.Poll(microseconds, SelectMode.SelectRead);
        }

        _ready.Clear();
        foreach (MemberPort port in _ports)
        {
            _ready.Add(port.Udp);
        }

        Socket.Select(_ready, null, null, microseconds);
        return _ready.Count > 0;
    }

    /// <summary>One packet of each socket that has one, so that none of them has to wait for another.</summary>
    private void ReceiveOne(ITransportHandler handler, byte[] buffer)
    {
        foreach (MemberPort port in _ports)
        {
            if (_ports.Length > 1 && !_ready.Contains(port.Udp))
            {
                continue;
            }

            try
            {
                int length = port.Udp.ReceiveFrom(buffer, SocketFlags.None, port.From);
                Counters.Received(length);
                _receivedFrom = port.Addresses.FromSocketAddress(port.From);
                _receivedBy = port;
                Hand(handler, buffer.AsSpan(0, length), _receivedFrom);
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionRefused or SocketError.WouldBlock)
            {
                // What some systems say of a packet that was sent before, to a port where nobody listens; or of one that was damaged on its way.
            }
            finally
            {
                _receivedBy = null;
            }
        }
    }

    private async Task AcceptAsync(MemberPort port, ITransportHandler handler)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Socket socket = await port.Tcp.AcceptAsync(_stopping.Token).ConfigureAwait(false);
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
        Warn(what, exception);
        try
        {
            await Task.Delay(PauseAfterError, _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void Pause(string what, SocketException exception)
    {
        Warn(what, exception);
        _stopping.Token.WaitHandle.WaitOne(PauseAfterError);
    }

    private void Warn(string what, SocketException exception) =>
        _logger.LogWarning("Cannot {What} at {EndPoint}: {Error}. Trying again.", what, LocalEndPoint, exception.Message);
}
