using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Loops;

namespace Tidegate.Engine.Net;

/// <summary>
/// Two connections inside the process, each the other's peer and each on a loop of its own, or both on one. Like sockets they hold
/// back who sends faster than the other reads: see <see cref="MaximumUnread"/>. Unlike sockets they say whether a stream was cut short.
/// </summary>
public static class LocalPair
{
    /// <summary>Bytes that may be on their way in one direction before the sender waits; it goes on at half. The last write may go beyond it.</summary>
    public const int MaximumUnread = 64 * 1024;

    private static readonly PipeOptions s_options = new(
        // What a pipe runs when its other end moves only posts to a loop.
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline,
        pauseWriterThreshold: MaximumUnread, resumeWriterThreshold: MaximumUnread / 2, useSynchronizationContext: false);

    /// <summary>Makes a pair. Callable from any thread.</summary>
    /// <param name="near">The loop of the first.</param>
    /// <param name="nearOpened">Gives the first a handler, on its loop, after this has returned.</param>
    /// <param name="far">The loop of the second.</param>
    /// <param name="farOpened">Gives the second a handler, on its loop.</param>
    /// <param name="nearPeer">The address that the first is to call its peer's, or null.</param>
    /// <returns>A task that ends when both are over.</returns>
    public static Task OpenAsync(
        EventLoop near, Action<TcpConnection> nearOpened, EventLoop far, Action<TcpConnection> farOpened, IPEndPoint? nearPeer = null)
    {
        ArgumentNullException.ThrowIfNull(near);
        ArgumentNullException.ThrowIfNull(far);
        var toFar = new Pipe(s_options);
        var toNear = new Pipe(s_options);
        var nearsEnd = new StreamEnd();
        var farsEnd = new StreamEnd();
        return Task.WhenAll(
            PipeConnection.OpenAsync(near, new Side(toNear.Reader, toFar.Writer), nearPeer, () => Reset(toFar.Writer), nearOpened, nearsEnd, farsEnd),
            PipeConnection.OpenAsync(far, new Side(toFar.Reader, toNear.Writer), null, () => Reset(toNear.Writer), farOpened, farsEnd, nearsEnd));
    }

    // The peer learns of it as of the reset of a socket; its writes end with the pipe's other half.
    private static void Reset(PipeWriter output) => output.Complete(new SocketException((int)SocketError.ConnectionReset));

    /// <summary>How one direction has ended. Written before its pipe is completed, and read after that was seen.</summary>
    internal sealed class StreamEnd
    {
        private volatile bool _isTruncated;

        /// <summary>True where it was cut short: inside the process that can be said without TLS.</summary>
        internal bool IsTruncated
        {
            get => _isTruncated;
            set => _isTruncated = value;
        }
    }

    private sealed record Side(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
