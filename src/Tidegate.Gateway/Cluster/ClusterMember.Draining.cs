using Tidegate.Membership;

namespace Tidegate.Gateway.Cluster;

// How a member that drains makes sure that the others have heard it before it closes anything: it asks them.
internal sealed partial class ClusterMember
{
    /// <summary>What a member that drains asks. The answer is <see cref="Known"/> from a member that sends nobody to it any more.</summary>
    internal const string WithdrawnQuery = "tidegate-withdrawn";

    /// <summary>Yes to <see cref="WithdrawnQuery"/>. Everything else is no.</summary>
    internal const byte Known = 1;

    // Gossip takes some tens of milliseconds in a small cluster; who has not answered by then is asked again.
    private static readonly TimeSpan s_round = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Says that this member drains, and returns when all other gateways have said that they send nobody here any more. To be called after
    /// <see cref="Offer"/> was given nothing. Who is alone does not wait.
    /// </summary>
    /// <param name="bound">How long to wait at most.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>False where not all have said so in time.</returns>
    internal async Task<bool> AnnounceDrainingAsync(TimeSpan bound, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(bound);
        try
        {
            BeginDraining();
            var know = new HashSet<string>(StringComparer.Ordinal);
            while (Others().Any(name => !know.Contains(name)))
            {
                try
                {
                    QueryResult result = await _member.QueryAsync(
                        WithdrawnQuery, default, new QueryOptions { Timeout = s_round }, patience.Token).ConfigureAwait(false);
                    know.UnionWith(result.Answers.Where(answer => answer.Value.Span is [Known]).Select(answer => answer.Key));
                }
                catch (InvalidOperationException) when (!_member.Stopped.IsCompleted)
                {
                    // Too many queries wait for answers; they are over soon.
                    await Task.Delay(s_round, patience.Token).ConfigureAwait(false);
                }
            }

            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (InvalidOperationException)
        {
            // This member had to stop, which has been said: nobody else knows of it any more.
            return true;
        }
    }

    private IEnumerable<string> Others() =>
        _member.View.Alive.Where(member => !member.IsSelf && IsGateway(member)).Select(member => member.Name);

    private void OnQuery(MemberQuery query)
    {
        if (query.Name == WithdrawnQuery && query.From != _member.Name)
        {
            // What balancers here go by, and not what this member has merely heard.
            query.Answer(new[] { _map.LeadsTo(query.From) ? (byte)0 : Known });
        }
    }
}
