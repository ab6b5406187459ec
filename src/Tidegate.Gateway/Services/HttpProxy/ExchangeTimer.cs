namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>
/// Ends an exchange with a back-end that neither takes nor says anything for too long, or whose client or gateway is gone. What the client
/// takes its time for does not count.
/// </summary>
internal sealed class ExchangeTimer : IDisposable
{
    private readonly TimeSpan _limit;
    private readonly CancellationTokenSource _source;
    private readonly CancellationToken _client;
    private readonly CancellationToken _stopping;

    /// <param name="limit">The time; zero for ever.</param>
    /// <param name="client">Cancelled when the client is gone.</param>
    /// <param name="stopping">Cancelled when the gateway goes.</param>
    internal ExchangeTimer(TimeSpan limit, CancellationToken client, CancellationToken stopping)
    {
        _limit = limit > TimeSpan.Zero ? limit : Timeout.InfiniteTimeSpan;
        _client = client;
        _stopping = stopping;
        _source = CancellationTokenSource.CreateLinkedTokenSource(client, stopping);
        _source.CancelAfter(_limit);
    }

    /// <summary>Ends the exchange.</summary>
    internal CancellationToken Token => _source.Token;

    /// <summary>Whether it was the back-end that took too long.</summary>
    internal bool HasRunOut => _source.IsCancellationRequested && !_client.IsCancellationRequested && !_stopping.IsCancellationRequested;

    /// <summary>The back-end has done something, or it is its turn now.</summary>
    internal void Restart() => _source.CancelAfter(_limit);

    /// <summary>It is the client's turn.</summary>
    internal void Suspend() => _source.CancelAfter(Timeout.InfiniteTimeSpan);

    public void Dispose() => _source.Dispose();
}
