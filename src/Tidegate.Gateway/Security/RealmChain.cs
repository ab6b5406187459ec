using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Gateway.Security;

/// <summary>
/// The realms that a client passes before the last one: <c>http.realm</c> (docs/spec/compat.md, chapter 4.2). Whoever has passed some is known by an id,
/// which comes with the challenge of the next, and which they show with their answer to it.
/// </summary>
/// <param name="before">The realms but the last one, in their order.</param>
/// <param name="passed">Who has passed which.</param>
internal sealed class RealmChain(ImmutableArray<Realm> before, ExpiringState<PassedRealms> passed)
{
    /// <summary>The header with the id, in challenges and in answers to them.</summary>
    internal const string Header = "Sec-Challenge-Identity";

    /// <summary>How long somebody has for the next realm: as long as for a challenge within a WebSocket.</summary>
    internal static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    /// <summary>As many as may be under way through the chains of a gateway.</summary>
    internal const int Maximum = 16 * 1024;

    /// <summary>The shortest that one of these realms has a session last; null where none says.</summary>
    internal TimeSpan? SessionTimeout { get; } = before.Min(realm => realm.SessionTimeout);

    internal ImmutableArray<Realm> Realms => before;

    /// <summary>Has the realms asked that are not passed yet, until one does not know the client.</summary>
    /// <param name="source">The request.</param>
    /// <param name="last">The realm behind these.</param>
    /// <param name="address">Where it comes from.</param>
    /// <param name="cancellation">Ends it: the client has gone.</param>
    /// <exception cref="LoginUnavailableException">Too many are under way.</exception>
    internal async ValueTask<ChainProgress> PassAsync(ICredentialSource source, Realm last, IPAddress? address, CancellationToken cancellation)
    {
        IReadOnlyList<string> shown = source.Header(Header);
        string? id = shown is [{ } one] ? one : source.Chain?.Id;
        var state = new PassedRealms(this, 0, []);
        if (shown.Count > 1)
        {
            return new ChainProgress(this, source, state, null) { Refusal = new Admission(400, null) { Fault = $"The header {Header} came twice." } };
        }

        if (id is not null)
        {
            if (!passed.TryGet(id, out PassedRealms? known) || known.Chain != this)
            {
                // Too late, or for another service. What is meant for a later realm is not shown to the first.
                source.Chain?.Forget();
                return new ChainProgress(this, source, state, null) { Refusal = Admission.Unknown with { Challenger = before[0] } };
            }

            state = known;
        }

        int stored = state.Logins.Length;
        try
        {
            bool isUsed = false;
            for (; state.Count < before.Length; state = state with { Count = state.Count + 1 })
            {
                Realm realm = before[state.Count];
                if (!Credentials.TryRead(SeenBy(realm, source, isUsed), realm.Places, out Credentials? credentials, out string? fault))
                {
                    state.End(stored);
                    return new ChainProgress(this, source, state, id) { Refusal = new Admission(400, null) { Fault = fault } };
                }

                credentials.Negotiation?.BeginRequest();
                LoginVerdict verdict = await realm.LoginAsync(credentials, address, cancellation).ConfigureAwait(false);
                if (verdict.State == LoginState.Busy)
                {
                    state.End(stored);
                    return new ChainProgress(this, source, state, id) { Refusal = Admission.Busy };
                }

                if (verdict.State != LoginState.Known)
                {
                    var progress = new ChainProgress(this, source, state, id);
                    return progress with { Refusal = Admission.Unknown with { Challenger = realm, ChallengeId = progress.Keep(source), Reply = credentials.Negotiation?.ReplyToGoOn } };
                }

                // A password for one realm is not tried at the next.
                isUsed |= credentials.Scheme is not null;
                state = state with { Logins = state.Logins.Add(verdict.Identity!) };
            }

            return new ChainProgress(this, SeenBy(last, source, isUsed), state, id) { Stored = stored };
        }
        catch
        {
            state.End(stored);
            throw;
        }
    }

    /// <summary>Remembers somebody who has got further; the id by which they were known before is none any more.</summary>
    internal string? Keep(PassedRealms state, string? id)
    {
        if (state.Count == 0 || (id is not null && passed.TryGet(id, out PassedRealms? known) && known.Count == state.Count))
        {
            return id;
        }

        // 32 characters, as they were.
        string next = RandomNumberGenerator.GetHexString(32, lowercase: true);
        passed.TryAdd(next, state, Lifetime);
        if (id is not null)
        {
            passed.Remove(id);
        }

        return next;
    }

    /// <summary>Takes an id that has led somebody in. False where somebody else was quicker.</summary>
    internal bool Take(string id) => passed.Remove(id);

    /// <summary>What a realm sees of a request: an <c>Authorization</c> of its own scheme, which no realm before it has gone by.</summary>
    private static ICredentialSource SeenBy(Realm realm, ICredentialSource source, bool isUsed) =>
        isUsed || (Credentials.TryRead(source, realm.Places, out Credentials? credentials, out _) && !credentials.Named.IsEmpty && !realm.Scheme.IsAnsweredBy(credentials))
            ? new WithoutAuthorization(source)
            : source;

    private sealed class WithoutAuthorization(ICredentialSource source) : ICredentialSource
    {
        public X509Certificate2? Certificate => source.Certificate;

        public IReadOnlyList<string> Header(string name) => name.Equals("Authorization", StringComparison.OrdinalIgnoreCase) ? [] : source.Header(name);

        public IReadOnlyList<string> Parameter(string name) => source.Parameter(name);

        public IReadOnlyList<string> Cookie(string name) => source.Cookie(name);
    }
}

/// <summary>Who has passed some realms of a chain.</summary>
/// <param name="Chain">The chain: an id is good for the service alone where it was given.</param>
/// <param name="Count">How many realms.</param>
/// <param name="Logins">As whom, at each.</param>
internal sealed record PassedRealms(RealmChain Chain, int Count, ImmutableArray<Identity> Logins)
{
    /// <summary>These logins are over.</summary>
    /// <param name="from">All of them, or those from this one on.</param>
    internal void End(int from = 0)
    {
        foreach (Identity login in Logins.AsSpan()[from..])
        {
            login.End();
        }
    }
}

/// <summary>How far a request has come.</summary>
/// <param name="Chain">The chain.</param>
/// <param name="Source">What the last realm sees of the request.</param>
/// <param name="State">What is passed.</param>
/// <param name="Id">The id that the request showed, or null.</param>
internal sealed record ChainProgress(RealmChain Chain, ICredentialSource Source, PassedRealms State, string? Id)
{
    /// <summary>The answer, where the last realm need not be asked.</summary>
    internal Admission? Refusal { get; init; }

    /// <summary>The id for the answer to the next challenge; null where nothing is passed yet.</summary>
    /// <exception cref="LoginUnavailableException">Too many are under way.</exception>
    internal string? Keep(ICredentialSource source)
    {
        string? id = Chain.Keep(State, Id);
        source.Chain?.Remember(id);
        return id;
    }

    /// <summary>How many of the realms the client had passed before this request, and is known by <see cref="Id"/> to have.</summary>
    internal int Stored { get; init; }

    /// <summary>Ends what this request alone has brought: it goes no further, and nobody can go on from there.</summary>
    internal void GiveUp() => State.End(Stored);

    /// <summary>What is known with the last realm's word.</summary>
    internal Identity Complete(Identity last)
    {
        Action? logout = last.Logout;
        foreach (Identity login in State.Logins.Where(login => login.Logout is not null))
        {
            // Of the same login, so that it is over once, whoever else goes by it.
            logout += login.End;
        }

        return last with
        {
            Roles = State.Logins.Aggregate(last.Roles, (roles, login) => roles.Union(login.Roles)),
            SessionTimeout = State.Logins.Aggregate(last.SessionTimeout, (shortest, login) => Realms.Shorter(shortest, login.SessionTimeout)),
            Logout = logout,
        };
    }
}

/// <summary>The id of a handshake within a WebSocket, for clients that do not show it: the WebSocket is theirs all the time.</summary>
internal sealed class ChainMemory
{
    internal string? Id { get; private set; }

    internal void Remember(string? id) => Id = id;

    internal void Forget() => Id = null;
}
