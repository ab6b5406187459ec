using System.Collections.Immutable;
using System.Net;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Gateway.Security;

/// <summary>Who may use a service: those whom its realm knows, and who have all its roles.</summary>
/// <param name="realm">The realm.</param>
/// <param name="roles">The roles; <c>*</c> alone for anyone whom the realm knows.</param>
internal sealed class Protection(Realm realm, ImmutableArray<string> roles)
{
    private readonly ImmutableArray<string> _roles = roles.IsEmpty ? [Identity.AnyRole] : roles;

    internal Realm Realm => realm;

    /// <summary>Decides whether somebody may come in (docs/spec/compat.md, chapter 4.3).</summary>
    /// <param name="source">The request.</param>
    /// <param name="address">Where it comes from.</param>
    /// <param name="cancellation">Ends it: the client has gone.</param>
    internal async ValueTask<Admission> AdmitAsync(ICredentialSource source, IPAddress? address, CancellationToken cancellation)
    {
        if (!Credentials.TryRead(source, realm.Places, out Credentials? credentials, out string? fault))
        {
            return new Admission(400, null) { Fault = fault };
        }

        credentials.Negotiation?.BeginRequest();
        LoginVerdict verdict = await realm.LoginAsync(credentials, address, cancellation).ConfigureAwait(false);
        if (verdict is { Identity: { } known } && !known.HasAll(_roles))
        {
            known.End();
        }

        return verdict.State switch
        {
            LoginState.Busy => Admission.Busy,
            LoginState.Known when verdict.Identity!.HasAll(_roles) => new Admission(200, verdict.Identity) { Reply = credentials.Negotiation?.Reply },
            // Whoever types a name and a password may type others; a token that is good stays what it is.
            LoginState.Known when !realm.Scheme.IsBasic => Admission.Forbidden,
            _ => Admission.Unknown with { Reply = credentials.Negotiation is { GoesOn: true } negotiation ? negotiation.Reply : null },
        };
    }

    /// <summary>Ends a session when it has lasted as long as the realm allows.</summary>
    internal void Limit(Session session)
    {
        // Of a login and a realm that both say how long, the shorter holds.
        TimeSpan? ofLogin = (session.Principal as Identity)?.SessionTimeout;
        TimeSpan? shorter = ofLogin is null || realm.SessionTimeout < ofLogin ? realm.SessionTimeout : ofLogin;
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

    internal bool IsGranted => Status == 200;
}
