using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine;

// Closing the sessions of clients one by one. Only the control task and lists that are made for it know of it: a message costs what it
// always costs.
public sealed partial class EventLoops
{
    // How even "evenly" is: between two looks at the clock those are closed who are due.
    private static readonly TimeSpan DrainStep = TimeSpan.FromMilliseconds(20);

    // Looking for what is left visits every connection.
    private const int StepsBetweenLooks = 12;

    /// <summary>How many sessions of clients there are, over all loops, with a connection of their own or without one.</summary>
    public Task<int> CountClientsAsync() => SumAsync(loop => loop.SnapshotConnections().Count(IsClient) + loop.ApartCount);

    /// <summary>Whether there are sessions that have no connection of their own.</summary>
    public bool HasApart => All.Any(loop => loop.ApartCount > 0);

    /// <summary>
    /// Waits until no session is left that has no connection of its own: those that were closed may have to be told so by a request that is yet to come.
    /// They see to it themselves that this does not take longer than their close time-outs. One that was opened while the others were closed is closed now.
    /// </summary>
    /// <param name="status">What its client is told, where the protocol has room for it.</param>
    /// <param name="reason">The same in words.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task AwaitApartAsync(CloseStatus status, string reason, CancellationToken cancellation)
    {
        for (int step = 0; !cancellation.IsCancellationRequested && HasApart; step++)
        {
            if (step % StepsBetweenLooks == 0)
            {
                Array.ForEach([.. All], loop => loop.Post(() => CloseApart(loop, status, reason)));
            }

            await Task.Delay(DrainStep, _options.TimeProvider, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Calls <paramref name="visit"/> for each connection that carries no session, on its loop.</summary>
    public Task VisitOthersAsync(Action<TcpConnection> visit)
    {
        ArgumentNullException.ThrowIfNull(visit);
        return Task.WhenAll(All.Select(loop => RunAsync(
            loop, () => Array.ForEach([.. loop.SnapshotConnections().Where(connection => connection.Handler is not Session)], visit))));
    }

    /// <summary>
    /// Closes the sessions of clients evenly over a time: those that are there when this is called one after the other, those that come
    /// later at its end. Other sessions are left alone, since they follow those of clients. Returns when the time is over, or before it
    /// when nothing is left to wait for; closing handshakes may then still be under way.
    /// </summary>
    /// <param name="grace">The time; with zero all are closed at once.</param>
    /// <param name="status">What the clients are told.</param>
    /// <param name="reason">The same in words.</param>
    /// <param name="isBusy">Which connections without a session are waited for; called on their loops.</param>
    /// <param name="cancellation">Ends the time.</param>
    /// <param name="closing">Told of each session before it is closed, on its loop; null where nobody wants to know.</param>
    /// <returns>How many sessions were closed by this.</returns>
    /// <exception cref="OperationCanceledException">The loops were stopped meanwhile.</exception>
    public async Task<int> DrainAsync(
        TimeSpan grace, CloseStatus status, string reason, Func<TcpConnection, bool> isBusy, CancellationToken cancellation, Action<Session>? closing = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(grace, TimeSpan.Zero);
        ArgumentNullException.ThrowIfNull(isBusy);
        TimeProvider time = _options.TimeProvider;
        long began = time.GetTimestamp();
        DrainShare[] shares = [.. All.Select(loop => new DrainShare(loop, (loop.Index + 0.5) / All.Length, session =>
        {
            closing?.Invoke(session);
            session.Close(status, reason);
        }))];
        await Task.WhenAll(shares.Select(share => RunAsync(share.Loop, share.Take))).ConfigureAwait(false);
        for (int step = 0; ; step++)
        {
            TimeSpan elapsed = time.GetElapsedTime(began);
            if (elapsed >= grace || cancellation.IsCancellationRequested)
            {
                break;
            }

            double part = elapsed / grace;
            Array.ForEach(shares, share => share.Loop.Post(() => share.CloseUpTo(part)));
            if (step % StepsBetweenLooks == 0
                && await SumAsync(loop => loop.ApartCount + loop.SnapshotConnections().Count(one => one.Handler is Session ? IsClient(one) : isBusy(one))).ConfigureAwait(false) == 0)
            {
                break;
            }

            await Task.Delay(DrainStep, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(shares.Select(share => RunAsync(share.Loop, share.CloseAll))).ConfigureAwait(false);
        return shares.Sum(share => share.Closed);
    }

    private static bool IsClient(TcpConnection connection) => connection.Handler is Session { IsClient: true };

    // What is posted to a loop that has stopped never runs, so nobody waits for it then.
    private Task RunAsync(EventLoop loop, Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(() =>
        {
            try
            {
                action();
            }
            finally
            {
                done.SetResult();
            }
        });
        return done.Task.WaitAsync(_stopped.Token);
    }

    private async Task<int> SumAsync(Func<EventLoop, int> count)
    {
        int sum = 0;
        await Task.WhenAll(All.Select(loop => RunAsync(loop, () => Interlocked.Add(ref sum, count(loop))))).ConfigureAwait(false);
        return sum;
    }

    /// <summary>What a drain has to do on one loop, and there only.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="offset">Which part of the time between two of its closings passes before the first: loops take turns.</param>
    /// <param name="close">Closes a session.</param>
    private sealed class DrainShare(EventLoop loop, double offset, Action<Session> close)
    {
        private Session[] _sessions = [];
        private int _next;

        internal EventLoop Loop { get; } = loop;

        internal int Closed { get; private set; }

        internal void Take() => _sessions = Clients();

        /// <summary>Closes those whose turn has come when <paramref name="part"/> of the time is over.</summary>
        internal void CloseUpTo(double part)
        {
            int due = Math.Min((int)((_sessions.Length * part) + 1 - offset), _sessions.Length);
            for (; _next < due; _next++)
            {
                Close(_sessions[_next]);
            }
        }

        internal void CloseAll() => Array.ForEach(Clients(), Close);

        private Session[] Clients() => [.. Loop.SnapshotConnections().Where(IsClient).Select(connection => (Session)connection.Handler!), .. Loop.SnapshotApart()];

        private void Close(Session session)
        {
            if (!session.IsClosing)
            {
                close(session);
                Closed++;
            }
        }
    }
}
