using System.Collections.Immutable;

namespace Tidegate.Gateway.Configuration;

/// <summary>A <c>realm</c>: how those who use a service say who they are.</summary>
public sealed record RealmConfiguration
{
    /// <summary><c>name</c>: what <c>realm-name</c> refers to; unique.</summary>
    public required string Name { get; init; }

    /// <summary><c>description</c>: what clients are shown, or null.</summary>
    public string? Description { get; init; }

    /// <summary><c>user-principal-class</c>: names of Java classes, which management used to tell users from roles.</summary>
    public ImmutableArray<string> UserPrincipalClasses { get; init; } = [];

    /// <summary><c>authentication</c>, or null.</summary>
    public AuthenticationConfiguration? Authentication { get; init; }

    /// <summary>Where the element starts.</summary>
    public required SourcePosition Position { get; init; }
}

/// <summary>An <c>authentication</c> element.</summary>
public sealed record AuthenticationConfiguration
{
    /// <summary><c>http-challenge-scheme</c>: the scheme of RFC 9110, "Application " in front where the client library answers; or null.</summary>
    public string? ChallengeScheme { get; init; }

    /// <summary><c>http-header</c>: headers that hold credentials besides <c>Authorization</c>.</summary>
    public ImmutableArray<string> HttpHeaders { get; init; } = [];

    /// <summary><c>http-query-parameter</c>: query parameters that hold credentials.</summary>
    public ImmutableArray<string> HttpQueryParameters { get; init; } = [];

    /// <summary><c>http-cookie</c>: cookies that hold credentials.</summary>
    public ImmutableArray<string> HttpCookies { get; init; } = [];

    /// <summary><c>authorization-mode</c>: <c>challenge</c>, <c>validate</c> or <c>recycle</c>.</summary>
    public string AuthorizationMode { get; init; } = "challenge";

    /// <summary><c>session-timeout</c>: the longest that a WebSocket session lasts, or null.</summary>
    public TimeSpan? SessionTimeout { get; init; }

    /// <summary><c>authorization-timeout</c>: how long an authorization holds before it is asked for again, or null.</summary>
    public TimeSpan? AuthorizationTimeout { get; init; }

    /// <summary>The login modules, in the order in which they are asked.</summary>
    public ImmutableArray<LoginModuleConfiguration> LoginModules { get; init; } = [];
}

/// <summary>A <c>login-module</c>.</summary>
public sealed record LoginModuleConfiguration
{
    /// <summary><c>type</c>: such as <c>file</c> or <c>ldap</c>, or <c>class:</c> and the name of a class.</summary>
    public required string Type { get; init; }

    /// <summary><c>success</c>: what its success means.</summary>
    public required LoginModuleSuccess Success { get; init; }

    /// <summary><c>options</c>.</summary>
    public ImmutableArray<PropertyElement> Options { get; init; } = [];
}

/// <summary>What the success of a login module means for the chain that it is in.</summary>
public enum LoginModuleSuccess
{
    /// <summary>It must succeed; the others are asked in any case.</summary>
    Required,

    /// <summary>It must succeed, or nobody else is asked.</summary>
    Requisite,

    /// <summary>It is enough if no required one before it has failed.</summary>
    Sufficient,

    /// <summary>It need not succeed.</summary>
    Optional,
}
