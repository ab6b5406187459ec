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

        if (!_throttle.TryEnter(address, attempt.User, out TimeSpan wait))
        {
            LogTooMany(Name, address);
            return LoginVerdict.Busy;
        }

        await Task.Delay(wait, _time, cancellation).ConfigureAwait(false);
        LoginVerdict verdict = await AskAsync(attempt, cancellation).ConfigureAwait(false);
        if (verdict.State == LoginState.Known)
        {
            _throttle.Succeeded(address, attempt.User);
        }
        else if (verdict.State == LoginState.Unknown)
        {
            _throttle.Failed(address, attempt.User);
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
            if (result.IsSuccess)
            {
                return new LoginVerdict(LoginState.Known, new Identity(result.Name!, result.Roles));
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
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Realm {Realm}: a login from {Address} failed: {Reason}")]
    private partial void LogFailed(string realm, IPAddress? address, string? reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Realm {Realm}: a login from {Address} was turned away, because too many have failed")]
    private partial void LogTooMany(string realm, IPAddress? address);

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
}

/// <summary>What a realm says of somebody.</summary>
/// <param name="State">Whether it knows them.</param>
/// <param name="Identity">Who they are, where it does.</param>
internal sealed record LoginVerdict(LoginState State, Identity? Identity)
{
    internal static LoginVerdict Unknown { get; } = new(LoginState.Unknown, null);

    internal static LoginVerdict Busy { get; } = new(LoginState.Busy, null);
}
