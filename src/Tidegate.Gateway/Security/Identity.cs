using System.Collections.Immutable;
using Tidegate.Engine.Sessions;

namespace Tidegate.Gateway.Security;

/// <summary>Somebody whom a realm knows.</summary>
/// <param name="Name">The name that they are known by.</param>
/// <param name="Roles">Their roles, all those included that come with others.</param>
internal sealed record Identity(string Name, ImmutableHashSet<string> Roles) : Principal(Name, Roles)
{
    private bool _isKept;
    private bool _hasEnded;

    /// <summary>Anyone whom the realm knows.</summary>
    internal const string AnyRole = "*";

    /// <summary>Whether the name counts as a role.</summary>
    internal bool NameIsRole { get; init; } = true;

    /// <summary>The longest that a session of theirs may last; null where that is as the realm says.</summary>
    internal TimeSpan? SessionTimeout { get; init; }

    /// <summary>What is to be done when the login is over; null where nobody wants to know. Does not run on the caller's thread, and throws nothing.</summary>
    internal Action? Logout { get; init; }

    /// <summary>Gives the login to a session: it is over when the session is. On the session's loop, or before anybody else has the session.</summary>
    internal void Hold(Session session)
    {
        session.Principal = this;
        if (Logout is not null)
        {
            Keep();
            session.WhenEnded += End;
        }
    }

    /// <summary>The login outlasts its request: somebody else ends it.</summary>
    internal void Keep() => Volatile.Write(ref _isKept, true);

    /// <summary>The request is over that somebody logged in with.</summary>
    internal void EndRequest()
    {
        if (!Volatile.Read(ref _isKept))
        {
            End();
        }
    }

    /// <summary>The login is over. Only the first call counts.</summary>
    internal void End()
    {
        if (Logout is { } logout && !Interlocked.Exchange(ref _hasEnded, true))
        {
            logout();
        }
    }

    /// <summary>
    /// Whether all these roles are there. A name counts as a role, as it did: directories tell many gateways nothing else
    /// (docs/spec/compat.md, chapter 4.3).
    /// </summary>
    internal bool HasAll(ImmutableArray<string> required) => required.All(role => role == AnyRole || (NameIsRole && role == Name) || Roles.Contains(role));
}
