namespace Tidegate.Gateway.Security;

/// <summary>
/// Bounds how many logins are under way at once from one address, and about one name. Without it, whoever guesses makes hundreds of guesses before
/// the first has failed. Others wait, for a bounded time and in bounded numbers. Safe to use from any thread.
/// </summary>
/// <param name="places">How many there are to tell apart: <see cref="LoginThrottle"/> numbers them.</param>
internal sealed class LoginTurns(int places)
{
    /// <summary>As many as are made at once. As many failures have no effect yet, so nobody gains by making theirs together.</summary>
    internal const int AtOnce = LoginThrottle.Free;

    /// <summary>As many as wait at one place.</summary>
    internal const int MaximumWaiting = 256;

    private readonly Place?[] _places = new Place?[places];

    /// <summary>Waits for a turn.</summary>
    /// <param name="place">The place.</param>
    /// <param name="patience">The longest that it waits.</param>
    /// <param name="cancellation">Ends the wait: the client has gone.</param>
    /// <returns>What ends the turn when it is disposed of; null where there was none in that time, or too many wait.</returns>
    internal async ValueTask<IDisposable?> TakeAsync(int place, TimeSpan patience, CancellationToken cancellation)
    {
        Place one = Volatile.Read(ref _places[place]) ?? Interlocked.CompareExchange(ref _places[place], new Place(), null) ?? _places[place]!;
        return await one.TakeAsync(patience, cancellation).ConfigureAwait(false) ? one : null;
    }

    // There is a bounded number of them, so they stay. What has no wait handle needs no disposing of.
    private sealed class Place : IDisposable
    {
        private readonly SemaphoreSlim _turns = new(AtOnce);
        private int _waiting;

        internal async ValueTask<bool> TakeAsync(TimeSpan patience, CancellationToken cancellation)
        {
            if (_turns.Wait(0, CancellationToken.None))
            {
                return true;
            }

            if (Interlocked.Increment(ref _waiting) > MaximumWaiting)
            {
                Interlocked.Decrement(ref _waiting);
                return false;
            }

            try
            {
                return await _turns.WaitAsync(patience, cancellation).ConfigureAwait(false);
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
            }
        }

        public void Dispose() => _turns.Release();
    }
}
