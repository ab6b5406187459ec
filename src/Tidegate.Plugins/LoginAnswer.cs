namespace Tidegate.Plugins;

/// <summary>What a login module says of somebody.</summary>
public sealed class LoginAnswer
{
    private LoginAnswer(string? name, IReadOnlyCollection<string> roles, string? reason) => (Name, Roles, Reason) = (name, roles, reason);

    /// <summary>Who it is; null where the module does not know them.</summary>
    public string? Name { get; }

    /// <summary>Their roles.</summary>
    public IReadOnlyCollection<string> Roles { get; }

    /// <summary>Why they are not known, for an operator who debugs; clients are never told. Null where they are.</summary>
    public string? Reason { get; }

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
