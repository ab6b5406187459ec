using System.Collections.Concurrent;

namespace Tidegate.Gateway.Clients;

// What becomes of requests that are with a member when the member is said to be gone, or when this gateway goes.
internal sealed partial class SessionRelay
{
    // A member that the others have lost, and that is there after all, answers in much less.
    private static readonly TimeSpan s_signOfLife = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<RelayedRequest, byte> _open = new();

    /// <summary>
    /// Asks the owner of a session to end the response that is under way, so that the client comes for another one, by whatever way it then
    /// takes. From a client of the session itself it does no more than a next request would.
    /// </summary>
    internal const string ReconnectHeader = "Tidegate-Reconnect";

    /// <summary>Has those come again whose responses go through this gateway, evenly over a time: their sessions are elsewhere and go on.</summary>
    /// <param name="over">The time.</param>
    /// <param name="hurry">Ends the time.</param>
    internal async Task SendAwayAsync(TimeSpan over, CancellationToken hurry)
    {
        RelayedRequest[] open = [.. _open.Keys];
        for (int i = 0; i < open.Length && !hurry.IsCancellationRequested; i++)
        {
            await Task.Delay(over / open.Length, hurry).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _ = SendAwayAsync(open[i]);
        }
    }

    /// <summary>The same at once, for all; returns when their members have heard it.</summary>
    internal Task SendAwayAsync() => Task.WhenAll(_open.Keys.Select(SendAwayAsync));

    private async Task SendAwayAsync(RelayedRequest relayed)
    {
        if (!_open.ContainsKey(relayed))
        {
            return;
        }

        if (relayed.IsEvents)
        {
            // Nothing is lost by an end: the client comes back and says what it has seen.
            relayed.IsSentAway = true;
            relayed.Cancel();
            return;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        patience.CancelAfter(s_signOfLife);
        try
        {
            using HttpRequestMessage message = NewMessage(HttpMethod.Get, relayed.Message.RequestUri!.PathAndQuery, relayed.Host, relayed.Name, relayed.Destination);

            // Whoever asks must come from where the session was opened, for the owner's rules.
            foreach ((string header, System.Net.Http.Headers.HeaderStringValues values) in relayed.Message.Headers.NonValidated)
            {
                if (!s_ofOneHop.Contains(header))
                {
                    message.Headers.TryAddWithoutValidation(header, values);
                }
            }

            message.Headers.TryAddWithoutValidation(ReconnectHeader, "1");
            using HttpResponseMessage answer = await _http.SendAsync(message, patience.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Its response is cut off with the rest.
        }
    }

    /// <summary>Ends a request whose member shows no sign of life: behind a cut cable nothing would ever come of it.</summary>
    private async Task CheckAsync(RelayedRequest relayed)
    {
        // All who wait for one member ask it together.
        string key = relayed.Message.RequestUri!.Host;
        Task<bool> sign = _signs.GetOrAdd(key, _ => ShowsSignOfLifeAsync(relayed));
        bool lives = await sign.ConfigureAwait(false);
        _signs.TryRemove(KeyValuePair.Create(key, sign));
        if (!lives)
        {
            relayed.IsOfDeparted = true;
            relayed.Cancel();
        }
    }

    private async Task<bool> ShowsSignOfLifeAsync(RelayedRequest relayed)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        patience.CancelAfter(s_signOfLife);
        try
        {
            // Any answer is one.
            using HttpRequestMessage message = NewMessage(HttpMethod.Head, "/", relayed.Host, relayed.Name, relayed.Destination);
            using HttpResponseMessage answer = await _http.SendAsync(message, patience.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>A request that is with a member.</summary>
    /// <param name="message">What is sent.</param>
    /// <param name="host">Its <c>Host</c>.</param>
    /// <param name="name">What the member's certificate must be for.</param>
    /// <param name="destination">The member's socket.</param>
    private sealed class RelayedRequest(HttpRequestMessage message, string host, string name, SessionDestination destination)
    {
        // Not disposed of: whoever is late may still cancel it. It has no timer.
        private readonly CancellationTokenSource _ended = new();

        internal HttpRequestMessage Message => message;

        internal string Host => host;

        internal string Name => name;

        internal SessionDestination Destination => destination;

        /// <summary>Whether it is for a stream of events.</summary>
        internal bool IsEvents { get; init; }

        /// <summary>Whether its client was told to come again.</summary>
        internal volatile bool IsSentAway;

        /// <summary>Whether it was ended because its member is gone.</summary>
        internal volatile bool IsOfDeparted;

        internal CancellationToken Ended => _ended.Token;

        /// <summary>Ends it. What waits for that runs on no loop.</summary>
        internal void Cancel() => _ = _ended.CancelAsync();
    }
}
