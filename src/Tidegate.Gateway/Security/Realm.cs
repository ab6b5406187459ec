using System.Net;
using Microsoft.Extensions.Logging;

namespace Tidegate.Gateway.Security;

/// <summary>How those who use a service say who they are, and who checks it: a <c>realm</c> in use.</summary>
internal sealed partial class Realm
{
    private readonly LoginChain _chain;
    private readonly LoginThrottle _throttle;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal Realm(LoginChain chain, LoginThrottle throttle, TimeProvider time, ILogger logger) =>
        (_chain, _throttle, _time, _logger) = (chain, throttle, time, logger);

    /// <summary>The longest that a login may take.</summary>
    internal static TimeSpan Timeout { get; } = TimeSpan.FromSeconds(15);

    internal required string Name { get; init; }

    /// <summary>What clients are shown.</summary>
    internal required string Description { get; init; }

    internal required ChallengeScheme Scheme { get; init; }

    internal required CredentialPlaces Places { get; init; }

    /// <summary>The longest that a session lasts, or null.</summary>
    internal TimeSpan? SessionTimeout { get; init; }

    /// <summary>What it asks clients, as a <c>WWW-Authenticate</c> header has it.</summary>
    /// <param name="forLibrary">Whether a library reads it.</param>
    /// <param name="reply">What a client that negotiates is to go on with, or null.</param>
    internal string Challenge(bool forLibrary, string? reply = null) => Scheme.Challenge(Description, forLibrary, reply);

    /// <summary>Tells operators that somebody could not come in through no fault of theirs.</summary>
    internal void ReportUnavailable(string fault) => LogUnavailable(Name, fault);

    /// <summary>Whether one of its login modules knows people by their certificates.</summary>
    internal bool TakesCertificates { get; init; }

    /// <summary>Checks who somebody is.</summary>
    internal async ValueTask<LoginVerdict> LoginAsync(Credentials credentials, IPAddress? address, CancellationToken cancellation)
    {
        if (credentials.IsEmpty || !Scheme.IsAnsweredBy(credentials))
        {
            // Who has shown a certificate need not be asked. Nobody guesses one, so nothing is slowed down.
            return TakesCertificates && credentials.Certificate is not null
                ? await AskAsync(new LoginAttempt(credentials.CertificateAlone, address), cancellation).ConfigureAwait(false)
                : LoginVerdict.Unknown;
        }

        var attempt = new LoginAttempt(credentials, address);
        if (Scheme.IsBasic)
        {
            if (!credentials.TryReadBasic(out string? user, out string? password))
            {
                return LoginVerdict.Unknown;
            }

            attempt = attempt with { User = user, Password = password };
        }

        string? named = attempt.User is { } shown ? LoginThrottle.NameIn(Name, shown) : null;
        using IDisposable? turn = await _throttle.BeginAsync(address, named, cancellation).ConfigureAwait(false);
        if (turn is null)
        {
            LogTooManyAtOnce(Name, address);
            return LoginVerdict.Busy;
        }

        if (!_throttle.TryEnter(address, named, out TimeSpan wait))
        {
            LogTooMany(Name, address);
            return LoginVerdict.Busy;
        }

        await Task.Delay(wait, _time, cancellation).ConfigureAwait(false);
        LoginVerdict verdict = await AskAsync(attempt, cancellation).ConfigureAwait(false);
        if (verdict.State == LoginState.Known)
        {
            _throttle.Succeeded(address, named);
        }
        else if (verdict.State == LoginState.Unknown)
        {
            _throttle.Failed(address, named);
        }

        return verdict;
    }

    /// <summary>Asks the login modules, for as long as they may take.</summary>
    private async ValueTask<LoginVerdict> AskAsync(LoginAttempt attempt, CancellationToken cancellation)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bound.CancelAfter(Timeout);
        try
        {
            LoginResult result = await _chain.LoginAsync(attempt, bound.Token).ConfigureAwait(false);
            if (ReferenceEquals(result, LoginResult.GoesOn))
            {
                return LoginVerdict.Unfinished;
            }

            if (result.IsSuccess)
            {
                return new LoginVerdict(LoginState.Known, new Identity(result.Name!, result.Roles) { NameIsRole = result.NameIsRole, Logout = Guarded(result.Logout), SessionTimeout = result.SessionTimeout });
            }

            LogFailed(Name, attempt.Address, result.Reason);
            return LoginVerdict.Unknown;
        }
        catch (LoginUnavailableException exception)
        {
            LogUnavailable(Name, exception.Message);
            return LoginVerdict.Busy;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            LogUnavailable(Name, $"it took longer than {Timeout.TotalSeconds} s");
            return LoginVerdict.Busy;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // Nobody comes in by a defect. Its words could be what was shown.
            LogDefect(Name, exception.GetType().Name, exception.StackTrace);
            return LoginVerdict.Busy;
        }
    }

    /// <summary>Away from the event loops, where sessions end, and with what it throws in the log.</summary>
    private Action? Guarded(Action? logout) => logout is null ? null : () => ThreadPool.UnsafeQueueUserWorkItem(
        _ =>
        {
            foreach (Action one in logout.GetInvocationList().Cast<Action>())
            {
                try
                {
                    one();
                }
                catch (Exception exception)
                {
                    LogLogoutFailed(Name, exception.GetType().Name, exception.StackTrace);
                }
            }
        },
        null);

    [LoggerMessage(Level = LogLevel.Error, Message = "Realm {Realm}: a login module failed with {Exception} when a login was over. A defect in it, or in Tidegate: please report it\n{Where}")]
    private partial void LogLogoutFailed(string realm, string exception, string? where);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Realm {Realm}: a login from {Address} failed: {Reason}")]
    private partial void LogFailed(string realm, IPAddress? address, string? reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Realm {Realm}: a login from {Address} was turned away, because too many have failed")]
    private partial void LogTooMany(string realm, IPAddress? address);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Realm {Realm}: a login from {Address} was turned away, because too many are under way from there or for that name")]
    private partial void LogTooManyAtOnce(string realm, IPAddress? address);

    [LoggerMessage(Level = LogLevel.Error, Message = "Realm {Realm}: a login module failed with {Exception}, and its client was not let in. A defect in it, or in Tidegate: please report it\n{Where}")]
    private partial void LogDefect(string realm, string exception, string? where);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Realm {Realm}: whether somebody may come in can not be told: {Fault}")]
    private partial void LogUnavailable(string realm, string fault);
}

/// <summary>What a realm says of somebody.</summary>
internal enum LoginState
{
    /// <summary>It does not know them.</summary>
    Unknown,

    /// <summary>It knows them.</summary>
    Known,

    /// <summary>They should ask again a little later.</summary>
    Busy,

    /// <summary>It does not know them yet: they have an answer to go on with.</summary>
    Unfinished,
}

/// <summary>What a realm says of somebody.</summary>
/// <param name="State">Whether it knows them.</param>
/// <param name="Identity">Who they are, where it does.</param>
internal sealed record LoginVerdict(LoginState State, Identity? Identity)
{
    internal static LoginVerdict Unknown { get; } = new(LoginState.Unknown, null);

    internal static LoginVerdict Unfinished { get; } = new(LoginState.Unfinished, null);

    internal static LoginVerdict Busy { get; } = new(LoginState.Busy, null);
}
