using System.Collections.Immutable;
using System.Text.Json;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Control;

/// <summary>Asks the gateway of this machine who is in its cluster.</summary>
public static class MemberQuestion
{
    internal const string Verb = "members";

    /// <summary>Everyone in the cluster, as the gateway that runs with this file sees it; null where none runs that this user may ask.</summary>
    /// <param name="configurationFile">The file that the gateway was started with.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ControlException">It does not answer as it should; the message says why.</exception>
    public static async Task<ImmutableArray<ObservedMember>?> AskAsync(string configurationFile, CancellationToken cancellation)
    {
        ImmutableArray<ObservedMember>.Builder members = ImmutableArray.CreateBuilder<ObservedMember>();
        try
        {
            bool isThere = await ControlClient.AskAsync(
                configurationFile, Verb, line => members.Add(line.Deserialize(ControlJson.Default.ObservedMember)!), cancellation).ConfigureAwait(false);
            return isThere ? members.ToImmutable() : null;
        }
        catch (JsonException)
        {
            throw new ControlException("The gateway's answer can not be read. Is it of another version?");
        }
    }
}
