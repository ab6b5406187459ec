using System.Collections.Immutable;
using System.Net;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Gateway.Security;

/// <summary>Who may use a service: those whom its realm knows, and who have all its roles.</summary>
/// <param name="realm">The realm.</param>
/// <param name="roles">The roles; <c>*</c> alone for anyone whom the realm knows.</param>
/// <param name="chain">The realms that are passed before; null where there are none.</param>
internal sealed class Protection(Realm realm, ImmutableArray<string> roles, RealmChain? chain = null)
{
    private readonly ImmutableArray<string> _roles = roles.IsEmpty ? [Identity.AnyRole] : roles;

    /// <summary>The realm, or the last one of several: all of them ask in the same way, the client itself or its library.</summary>
    internal Realm Realm => realm;

    /// <summary>Where its realms look for credentials besides <c>Authorization</c>.</summary>
    internal CredentialPlaces Places { get; } = chain is null ? realm.Places
        : chain.Realms.Append(realm).Select(one => one.Places).Aggregate((one, other) => new(
            [.. one.Headers.Union(other.Headers)], [.. one.Parameters.Union(other.Parameters)], [.. one.Cookies.Union(other.Cookies)]));

    /// <summary>Decides whether somebody may come in (docs/spec/compat.md, chapter 4.3).</summary>
    /// <param name="source">The request.</param>
    /// <param name="address">Where it comes from.</param>
    /// <param name="cancellation">Ends it: the client has gone.</param>
    internal async ValueTask<Admission> AdmitAsync(ICredentialSource source, IPAddress? address, CancellationToken cancellation)
    {
        if (chain is null)
        {
            return await AdmitByLastAsync(source, address, cancellation).ConfigureAwait(false);
        }

        try
        {
            ChainProgress progress = await chain.PassAsync(source, realm, address, cancellation).ConfigureAwait(false);
            Admission admission = progress.Refusal ?? await AdmitByLastAsync(progress.Source, address, cancellation, progress).ConfigureAwait(false);
            if (admission is { Status: 401, Challenger: null })
            {
                return admission with { ChallengeId = progress.Keep(source) };
            }

            if (admission.IsGranted && progress.Id is { } id && !chain.Take(id))
            {
                admission.Identity!.End();
                return Admission.Unknown with { Challenger = chain.Realms[0] };
            }

            if (!admission.IsGranted && progress.Refusal is null)
            {
                progress.GiveUp();
            }

            return admission;
        }
        catch (LoginUnavailableException exception)
        {
            realm.ReportUnavailable(exception.Message);
            return Admission.Busy;
        }
    }

    private async ValueTask<Admission> AdmitByLastAsync(ICredentialSource source, IPAddress? address, CancellationToken cancellation, ChainProgress? progress = null)
    {
        if (!Credentials.TryRead(source, realm.Places, out Credentials? credentials, out string? fault))
        {
            return new Admission(400, null) { Fault = fault };
        }

        credentials.Negotiation?.BeginRequest();
        LoginVerdict verdict = await realm.LoginAsync(credentials, address, cancellation).ConfigureAwait(false);
        Identity? identity = verdict.Identity is { } known && progress is not null ? progress.Complete(known) : verdict.Identity;
        if (identity?.HasAll(_roles) == false)
        {
            verdict.Identity!.End();
        }

        return verdict.State switch
        {
            LoginState.Busy => Admission.Busy,
            LoginState.Known when identity!.HasAll(_roles) => new Admission(200, identity) { Reply = credentials.Negotiation?.Reply },
            // Whoever types a name and a password may type others; a token that is good stays what it is.
            LoginState.Known when !realm.Scheme.IsBasic => Admission.Forbidden,
            _ => Admission.Unknown with { Reply = credentials.Negotiation?.ReplyToGoOn },
        };
    }

    /// <summary>Ends a session when it has lasted as long as the realm allows.</summary>
    internal void Limit(Session session)
    {
        // Of a login and its realms that say how long, the shortest holds.
        TimeSpan? shorter = Realms.Shorter((session.Principal as Identity)?.SessionTimeout, Realms.Shorter(realm.SessionTimeout, chain?.SessionTimeout));
        if (shorter is not { } timeout || session.IsClosing)
        {
            return;
        }

        LoopTimer timer = session.Loop.Schedule(
            timeout, static session => ((Session)session!).Close(CloseStatus.PolicyViolation, "the session has lasted as long as its login allows"), session);
        session.WhenEnded += timer.Cancel;
    }
}

/// <summary>Whether somebody may come in.</summary>
/// <param name="Status">200, or the HTTP status that they are refused with.</param>
/// <param name="Identity">Who they are, with 200.</param>
internal sealed record Admission(int Status, Identity? Identity)
{
    internal static Admission Unknown { get; } = new(401, null);

    internal static Admission Forbidden { get; } = new(403, null);

    internal static Admission Busy { get; } = new(503, null);

    /// <summary>What is wrong with the request, in words for its sender, or null.</summary>
    internal string? Fault { get; init; }

    /// <summary>What a client that negotiates is to get with the answer, in base64, or null.</summary>
    internal string? Reply { get; init; }

    /// <summary>The realm whose challenge comes with a 401; null for that of the protection.</summary>
    internal Realm? Challenger { get; init; }

    /// <summary>By what the client is known with its answer to the challenge, where it has passed other realms; or null.</summary>
    internal string? ChallengeId { get; init; }

    internal bool IsGranted => Status == 200;
}
