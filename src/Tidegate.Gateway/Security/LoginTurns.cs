namespace Tidegate.Gateway.Security;

/// <summary>Bounds how many logins do at once what costs much or takes long. Others wait their turn, up to a bound.</summary>
/// <param name="atOnce">How many at once, at least one.</param>
/// <param name="what">What they wait for, as the log says it.</param>
internal sealed class LoginTurns(int atOnce, string what) : IDisposable
{
    /// <summary>As many as may wait.</summary>
    internal const int MaximumWaiting = 256;

    private readonly SemaphoreSlim _turns = new(atOnce);
    private int _waiting;

    /// <summary>Waits for a turn, and takes it.</summary>
    /// <exception cref="LoginUnavailableException">Too many wait already.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled, or what was done then.</exception>
    internal async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> run, CancellationToken cancellation)
    {
        if (!_turns.Wait(0, CancellationToken.None))
        {
            await WaitAsync(cancellation).ConfigureAwait(false);
        }

        try
        {
            return await run(cancellation).ConfigureAwait(false);
        }
        finally
        {
            _turns.Release();
        }
    }

    public void Dispose() => _turns.Dispose();

    private async Task WaitAsync(CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _waiting) > MaximumWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw new LoginUnavailableException($"{MaximumWaiting} logins wait for {what}");
        }

        try
        {
            await _turns.WaitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
