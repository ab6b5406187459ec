using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Security;

/// <summary>The login modules of a realm in their order, with what the success of each means (the control flags of JAAS).</summary>
/// <param name="modules">The modules.</param>
internal sealed class LoginChain(ImmutableArray<(ILoginModule Module, LoginModuleSuccess Success)> modules)
{
    /// <summary>Asks as many of them as need be asked.</summary>
    /// <returns>
    /// A success where every required and requisite one that was asked succeeded, and at least one of all: nobody is known because nobody
    /// objected. Names and roles of those that succeeded are put together; the first name holds. Or <see cref="LoginResult.GoesOn"/>.
    /// </returns>
    /// <exception cref="LoginUnavailableException">One that had to succeed can not tell at the moment.</exception>
    internal async ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation)
    {
        string? reason = null;
        bool succeeded = false;
        bool failed = false;
        string? name = null;
        bool nameIsRole = true;
        ImmutableHashSet<string> roles = [];
        Action? logout = null;
        TimeSpan? timeout = null;
        foreach ((ILoginModule module, LoginModuleSuccess success) in modules)
        {
            LoginResult result;
            try
            {
                result = await module.LoginAsync(attempt, cancellation).ConfigureAwait(false);
            }
            catch (LoginUnavailableException exception) when (success is LoginModuleSuccess.Sufficient or LoginModuleSuccess.Optional)
            {
                result = LoginResult.Failure(exception.Message);
            }
            catch
            {
                logout?.Invoke();
                throw;
            }

            if (ReferenceEquals(result, LoginResult.GoesOn))
            {
                logout?.Invoke();
                return result;
            }

            if (result.IsSuccess)
            {
                succeeded = true;
                logout += result.Logout;
                timeout = Realms.Shorter(timeout, result.SessionTimeout);
                if (attempt.Password is null && attempt.Established is null && result is { Name: { } established, NameIsRole: true })
                {
                    // Those behind tell what roles they have; but not where users choose their names somewhere else.
                    attempt = attempt with { Established = established };
                }

                if (name is null && result.Name is not null)
                {
                    (name, nameIsRole) = (result.Name, result.NameIsRole);
                }

                roles = roles.Union(result.Roles);
                if (success == LoginModuleSuccess.Sufficient && !failed)
                {
                    break;
                }
            }
            else
            {
                reason ??= result.Reason;
                failed |= success is LoginModuleSuccess.Required or LoginModuleSuccess.Requisite;
                if (success == LoginModuleSuccess.Requisite)
                {
                    break;
                }
            }
        }

        if (failed || name is null)
        {
            logout?.Invoke();
        }

        // Whoever has no name is nobody: a module that only looks at addresses lets nobody in by itself.
        return failed || !succeeded ? LoginResult.Failure(reason ?? "no login module knows them")
            : name is null ? LoginResult.Failure("no login module says who it is")
            : LoginResult.Success(name, roles) with { NameIsRole = nameIsRole, Logout = logout, SessionTimeout = timeout };
    }
}
