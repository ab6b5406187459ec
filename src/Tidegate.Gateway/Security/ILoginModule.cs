using System.Collections.Immutable;
using System.Net;
using Tidegate.Gateway.Security.Kerberos;

namespace Tidegate.Gateway.Security;

/// <summary>One that can tell whether somebody is who they say: a <c>login-module</c>. Safe to be asked by many at once.</summary>
internal interface ILoginModule
{
    /// <summary>Checks.</summary>
    /// <param name="attempt">What is shown, and from where.</param>
    /// <param name="cancellation">Ends the check: the client has gone, or it takes too long.</param>
    /// <exception cref="LoginUnavailableException">It can not be told at the moment.</exception>
    ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation);
}

/// <summary>What a login module goes by.</summary>
/// <param name="Credentials">What the client shows.</param>
/// <param name="Address">Where it is; null where that is not known.</param>
internal sealed record LoginAttempt(Credentials Credentials, IPAddress? Address)
{
    /// <summary>The name of Basic credentials; null with others.</summary>
    internal string? User { get; init; }

    /// <summary>The password of Basic credentials; null with others.</summary>
    internal string? Password { get; init; }

    /// <summary>Who it is, where a login module before has found that out without a name and a password; null where none has.</summary>
    internal string? Established { get; init; }

    /// <summary>What comes of a token of Negotiate, once a login module has asked: no token is good twice.</summary>
    internal Task<NegotiationStep>? Negotiated { get; set; }

    /// <summary>Not what a record says of itself: the password is nobody's to read.</summary>
    public override string ToString() => $"a login from {Address}";
}

/// <summary>What a login module found.</summary>
/// <param name="IsSuccess">Whether it knows them.</param>
/// <param name="Reason">Why not, for operators who debug; holds nothing secret. Clients are never told.</param>
/// <param name="Name">Who they are, or null where it is not the one to say.</param>
/// <param name="Roles">Their roles.</param>
internal sealed record LoginResult(bool IsSuccess, string? Reason, string? Name, ImmutableHashSet<string> Roles)
{
    /// <summary>
    /// Whether the name counts as a role, as it does where operators give names (<see cref="Identity.HasAll"/>). Not where somebody else does, who lets
    /// users choose theirs.
    /// </summary>
    internal bool NameIsRole { get; init; } = true;

    /// <summary>Nobody knows yet: the client is asked for more, and has got an answer to go on with.</summary>
    internal static LoginResult GoesOn { get; } = new(false, "the negotiation goes on", null, []);

    /// <summary>
    /// What the module wants done when the login is over: the session has ended, or the request, or another module refused. Null where nothing is. May take
    /// a while; what it throws goes into the log.
    /// </summary>
    internal Action? Logout { get; init; }

    /// <summary>The longest that a session may last which the login opens; null where the module does not say.</summary>
    internal TimeSpan? SessionTimeout { get; init; }

    internal static LoginResult Success(string? name, ImmutableHashSet<string> roles) => new(true, null, name, roles);

    internal static LoginResult Failure(string reason) => new(false, reason, null, []);
}

/// <summary>Whether somebody may come in can not be told at the moment, through no fault of theirs.</summary>
internal sealed class LoginUnavailableException : Exception
{
    internal LoginUnavailableException(string message)
        : base(message)
    {
    }

    internal LoginUnavailableException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
