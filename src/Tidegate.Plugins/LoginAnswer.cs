namespace Tidegate.Plugins;

/// <summary>What a login module says of somebody.</summary>
public sealed record LoginAnswer
{
    private LoginAnswer(string? name, IReadOnlyCollection<string> roles, string? reason) => (Name, Roles, Reason) = (name, roles, reason);

    /// <summary>Who it is; null where the module does not know them.</summary>
    public string? Name { get; }

    /// <summary>Their roles.</summary>
    public IReadOnlyCollection<string> Roles { get; }

    /// <summary>Why they are not known, for an operator who debugs; clients are never told. Null where they are.</summary>
    public string? Reason { get; }

    /// <summary>
    /// What the module wants done when the login is over: the session that it opened has ended, or the request, or somebody else has refused the client.
    /// Called once, on a thread of the pool; what it throws goes into the log. Null where nothing is to be done, as it is unless said otherwise.
    /// </summary>
    public Action? Logout { get; init; }

    /// <summary>
    /// The longest that a session may last which this login opens; positive. Of this and the realm's <c>session-timeout</c> the shorter holds. Null, as it is
    /// unless said otherwise, for as long as the realm says.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive.</exception>
    public TimeSpan? SessionTimeout
    {
        get;
        init => field = value is null || value > TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(value), "A session lasts longer than no time.");
    }

    /// <summary>The module knows them.</summary>
    /// <param name="name">Who they are. Their name counts as a role as well.</param>
    /// <param name="roles">Their roles.</param>
    /// <exception cref="ArgumentException">The name is empty, or has control characters.</exception>
    public static LoginAnswer Known(string name, params IReadOnlyCollection<string> roles)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(roles);
        return name.Any(char.IsControl) ? throw new ArgumentException("A name has no control characters.", nameof(name)) : new LoginAnswer(name, [.. roles], null);
    }

    /// <summary>The module does not know them.</summary>
    /// <param name="reason">Why, with nothing in it that is secret.</param>
    public static LoginAnswer Unknown(string reason) => new(null, [], reason);
}
