using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Tidegate.Gateway.Security.Ldap;

/// <summary>
/// The login module <c>ldap</c>: a directory finds the user's entry and says whether the password is right. It means what Java's
/// <c>LdapLoginModule</c> means (docs/spec/compat.md, chapter 4.4), and finds groups besides.
/// </summary>
internal sealed partial class LdapLoginModule : ILoginModule, IDisposable
{
    /// <summary>Logins at once in one directory.</summary>
    internal const int AtOnce = 64;

    /// <summary>Groups of one user; with more nobody gets in, since one that is missing could be one that matters.</summary>
    internal const int MaximumGroups = 1000;

    /// <summary>How long a directory that did not answer is asked last.</summary>
    internal static readonly TimeSpan Avoidance = TimeSpan.FromSeconds(30);

    private readonly LdapOptions _options;
    private readonly Func<X509Certificate2Collection?> _trusted;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly LoginQueue _turns = new(AtOnce, "a directory");
    private readonly VerifiedPasswords<LoginResult> _verified;
    private readonly ImmutableArray<string> _attributes;
    // By server: when it failed last, 0 where it did not.
    private readonly long[] _failed;

    /// <param name="options">What to ask, and whom.</param>
    /// <param name="trusted">The certificates that vouch for directories; null for those that the system trusts.</param>
    /// <param name="time">Tells how late it is.</param>
    /// <param name="logger">Told when a directory fails, and when it is back.</param>
    internal LdapLoginModule(LdapOptions options, Func<X509Certificate2Collection?> trusted, TimeProvider time, ILogger logger)
    {
        _options = options;
        _trusted = trusted;
        _time = time;
        _logger = logger;
        _verified = new VerifiedPasswords<LoginResult>(options.Remember, time);
        _attributes = [.. ((string?[])[options.NameAttribute, options.RoleAttribute]).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase)];
        _failed = new long[options.Servers.Length];
    }

    public async ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation)
    {
        if (attempt.User is not { } user || attempt.Password is not { } password)
        {
            return LoginResult.Failure("no name and password came");
        }

        // To a directory a name without a password is nobody in particular, who may come (RFC 4513, section 5.1.2).
        if (user.Length == 0 || password.Length == 0)
        {
            return LoginResult.Failure("the name or the password is empty");
        }

        // Directories do not see blanks at the ends, so that one user would have many names here.
        if (user.Any(char.IsControl) || char.IsWhiteSpace(user[0]) || char.IsWhiteSpace(user[^1]))
        {
            return LoginResult.Failure("the name begins or ends with a blank, or has control characters");
        }

        if (_verified.TryGet(user, password, out LoginResult? known))
        {
            return known;
        }

        LoginResult result = await _turns.RunAsync(cancelled => AskAsync(user, password, cancelled), cancellation).ConfigureAwait(false);
        if (result.IsSuccess)
        {
            _verified.Add(user, password, result);
        }

        return result;
    }

    public void Dispose() => _turns.Dispose();

    /// <summary>Asks the directories one after the other until one answers.</summary>
    private async Task<LoginResult> AskAsync(string user, string password, CancellationToken cancellation)
    {
        string? fault = null;
        foreach (int index in Enumerable.Range(0, _failed.Length).OrderBy(IsAvoided))
        {
            LdapServer server = _options.Servers[index];
            try
            {
                LdapConnection connection = await LdapConnection.OpenAsync(server, _options.Timeout, _trusted(), cancellation).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    LoginResult result = await AskAsync(connection, server, user, password, cancellation).ConfigureAwait(false);
                    if (Interlocked.Exchange(ref _failed[index], 0) != 0)
                    {
                        LogBack(server);
                    }

                    return result;
                }
            }
            catch (LdapException exception)
            {
                fault = $"{fault}{(fault is null ? "" : "; ")}{server}: {exception.Message}";
                // Never 0, which means that it has not failed.
                if (Interlocked.Exchange(ref _failed[index], _time.GetTimestamp() | 1) == 0)
                {
                    LogFailed(server, exception.Message);
                }
            }
        }

        throw new LoginUnavailableException($"no directory answers ({fault})");
    }

    private bool IsAvoided(int index) => Interlocked.Read(ref _failed[index]) is not 0 and var since && _time.GetElapsedTime(since) < Avoidance;

    private async Task<LoginResult> AskAsync(LdapConnection connection, LdapServer server, string user, string password, CancellationToken cancellation)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal) { [LdapOptions.UserPlace] = user };
        LdapEntry? entry = null;
        string? identity = IdentityOf(user);
        if (identity is null)
        {
            await BecomeSearcherAsync(connection, cancellation).ConfigureAwait(false);
            (entry, string? why) = await FindAsync(connection, server, values, cancellation).ConfigureAwait(false);
            if (entry is null)
            {
                // With as many questions as for somebody who is there: nobody is to learn from the time which names there are.
                _ = await connection.BindAsync($"cn={Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))},{server.BaseName}", password, cancellation).ConfigureAwait(false);
                return LoginResult.Failure(why!);
            }

            identity = entry.Name;
        }

        LdapResult bound = await connection.BindAsync(identity, password, cancellation).ConfigureAwait(false);
        if (!Judge(bound))
        {
            return LoginResult.Failure($"the directory refuses name and password: {bound}");
        }

        if (entry is null && _options.UserFilter is not null)
        {
            (entry, string? why) = await FindAsync(connection, server, values, cancellation).ConfigureAwait(false);
            if (entry is null)
            {
                return LoginResult.Failure(why!);
            }
        }

        return LoginResult.Success(NameOf(entry, user), await RolesAsync(connection, entry?.Name ?? identity, entry, values, cancellation).ConfigureAwait(false));
    }

    private string? IdentityOf(string user) => _options.AuthIdentity is not { } template
        ? null
        : template.Replace($"{{{LdapOptions.UserPlace}}}", DistinguishedName.IsMeant(template) ? DistinguishedName.Escape(user) : user, StringComparison.Ordinal);

    /// <summary>Whether a name and a password were right.</summary>
    /// <exception cref="LoginUnavailableException">The directory does not say so at the moment, or not over this connection.</exception>
    private static bool Judge(LdapResult bound) => bound.Code switch
    {
        LdapResultCode.Success => true,
        // Locked accounts, and those whose password has expired, are refused with various of these.
        LdapResultCode.InvalidCredentials or LdapResultCode.NoSuchObject or LdapResultCode.InvalidDnSyntax
            or LdapResultCode.InappropriateAuthentication or LdapResultCode.ConstraintViolation or LdapResultCode.UnwillingToPerform => false,
        LdapResultCode.ConfidentialityRequired => throw new LoginUnavailableException("the directory takes passwords by TLS only: write ldaps:// or <startTLS>true</startTLS>"),
        LdapResultCode.Busy or LdapResultCode.Unavailable => throw new LdapException($"it can not tell: {bound}"),
        _ => throw new LoginUnavailableException($"the directory can not tell whether a password is right: {bound}"),
    };

    private async Task BecomeSearcherAsync(LdapConnection connection, CancellationToken cancellation)
    {
        if (_options.Searcher is not (var name, var password))
        {
            return;
        }

        LdapResult bound = await connection.BindAsync(name, password, cancellation).ConfigureAwait(false);
        if (!Judge(bound))
        {
            throw new LoginUnavailableException($"the directory refuses <bindDN> and its password: {bound}");
        }
    }

    /// <summary>The one entry of a user, or why there is none.</summary>
    private async Task<(LdapEntry? Entry, string? Why)> FindAsync(LdapConnection connection, LdapServer server, Dictionary<string, string> values, CancellationToken cancellation)
    {
        (LdapResult result, ImmutableArray<LdapEntry> entries) = await connection.SearchAsync(
            new LdapSearch(server.BaseName, _options.UserFilter!, values, _attributes, MaximumEntries: 1), cancellation).ConfigureAwait(false);
        return (result.Code, entries) switch
        {
            (LdapResultCode.Success, [{ Name.Length: > 0 } one]) => (one, null),
            (LdapResultCode.Success, []) => (null, $"User '{values[LdapOptions.UserPlace]}' not found"),
            (LdapResultCode.SizeLimitExceeded, _) => (null, $"<userFilter> finds more than one entry for '{values[LdapOptions.UserPlace]}'"),
            (LdapResultCode.Busy or LdapResultCode.Unavailable or LdapResultCode.TimeLimitExceeded, _) => throw new LdapException($"it can not search: {result}"),
            (LdapResultCode.NoSuchObject, _) => throw new LoginUnavailableException($"the directory has no \"{server.BaseName}\", or does not show it to whoever searches: {result}"),
            _ => throw new LoginUnavailableException($"the directory does not search for users: {result}"),
        };
    }

    /// <summary>As the directory writes it, which takes JOE and joe for one.</summary>
    private string NameOf(LdapEntry? entry, string typed) =>
        _options.NameAttribute is not { } attribute || entry is null || entry.Values(attribute) is not [{ Length: > 0 } first, ..] values ? typed
        : values.Contains(typed) ? typed
        : values.FirstOrDefault(value => value.Equals(typed, StringComparison.OrdinalIgnoreCase)) ?? first;

    private async Task<ImmutableHashSet<string>> RolesAsync(
        LdapConnection connection, string identity, LdapEntry? entry, Dictionary<string, string> values, CancellationToken cancellation)
    {
        ImmutableHashSet<string>.Builder roles = ImmutableHashSet.CreateBuilder<string>(StringComparer.Ordinal);
        // The entry's name was a principal of its own, and so a role.
        roles.Add(identity);
        if (_options.RoleAttribute is { } attribute)
        {
            roles.UnionWith(entry?.Values(attribute) ?? []);
        }
        else if (_options.AuthzIdentity is { } role)
        {
            roles.Add(role);
        }

        if (_options.GroupBase is { } groups)
        {
            await BecomeSearcherAsync(connection, cancellation).ConfigureAwait(false);
            values[LdapOptions.NamePlace] = identity;
            (LdapResult result, ImmutableArray<LdapEntry> found) = await connection.SearchAsync(
                new LdapSearch(groups, _options.GroupFilter, values, [_options.GroupNameAttribute], MaximumGroups), cancellation).ConfigureAwait(false);
            if (result.Code != LdapResultCode.Success)
            {
                throw new LoginUnavailableException($"the groups of a user can not be had below \"{groups}\": {result}");
            }

            roles.UnionWith(found.SelectMany(group => group.Values(_options.GroupNameAttribute)));
        }

        return roles.ToImmutable();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The directory {Server} does not serve logins: {Fault}")]
    private partial void LogFailed(LdapServer server, string fault);

    [LoggerMessage(Level = LogLevel.Information, Message = "The directory {Server} serves logins again")]
    private partial void LogBack(LdapServer server);
}
