using Microsoft.AspNetCore.Http;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Clients;

// Streams of events that a redirect would not lead to their member.
internal sealed partial class SessionRelay
{
    /// <summary>
    /// True for a page whose browser would say the origin <c>null</c> behind a redirect to another host, which no rule lets in by its name: one of an
    /// origin that is not that of the address it asks (the Fetch standard, section 4.4, tainted origins).
    /// </summary>
    internal static bool WouldLoseItsOrigin(HttpRequest request) =>
        request.Headers.Origin is [{ } text]
        && !(WebOrigin.TryParse($"{request.Scheme}://{request.Host.Value}", out WebOrigin own) && WebOrigin.TryParse(text, out WebOrigin page) && page == own);

    /// <summary>Takes a request for events to the first of these members that serves it, and brings the stream while it comes. Its rules for origins and logins hold, too.</summary>
    /// <returns>False where none of them does; then nothing has been answered.</returns>
    internal async Task<bool> TryForwardEventsAsync(HttpContext http, IEnumerable<BalanceCandidate> members)
    {
        foreach (BalanceCandidate member in members)
        {
            GatewayUri uri = member.Target.Uri;
            var destination = new SessionDestination(member.Member, member.Target.At[0], member.Target.IsEncrypted);
            string name = NameOf(uri.Host, http.Request.Host.Host);
            using HttpRequestMessage message = MessageFor(http, uri.Path + http.Request.QueryString.Value, uri.HostHeader, name, destination);
            AddProof(message, http, uri.HostHeader, destination);
            var relayed = new RelayedRequest(message, uri.HostHeader, name, destination) { IsEvents = true };
            if (await TryForwardAsync(http, relayed, isDownstream: true).ConfigureAwait(false))
            {
                return true;
            }
        }

        return false;
    }
}
