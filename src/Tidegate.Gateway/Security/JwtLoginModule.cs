using System.Collections.Immutable;
using System.Security.Claims;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Tidegate.Gateway.Security;

/// <summary>
/// The login module <c>jwt</c>: tokens that somebody else has issued and signed (RFC 7519), as the modules that users wrote in Java for tokens
/// checked them. The token is what follows the scheme in <c>Authorization</c>, or the one value that the realm finds elsewhere.
/// </summary>
internal sealed class JwtLoginModule : ILoginModule
{
    /// <summary>Bytes of a token; more is no token for anybody.</summary>
    internal const int MaximumTokenBytes = 16 * 1024;

    private readonly JwtOptions _options;
    private readonly ISigningKeys _keys;
    private readonly JsonWebTokenHandler _handler = new() { MaximumTokenSizeInBytes = MaximumTokenBytes, MapInboundClaims = false };
    private readonly TokenValidationParameters _parameters;
    private readonly TimeProvider _time;
    private readonly UsedOnce _used;

    /// <param name="options">What is asked of tokens.</param>
    /// <param name="keys">Whose signature is good.</param>
    /// <param name="time">Tells how late it is.</param>
    /// <param name="used">Remembers which tokens have been used, for those that are good once.</param>
    internal JwtLoginModule(JwtOptions options, ISigningKeys keys, TimeProvider time, UsedOnce used)
    {
        _options = options;
        _time = time;
        _used = used;
        _keys = keys;
        _parameters = new TokenValidationParameters
        {
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            ValidAlgorithms = options.Algorithms,
            ValidateIssuerSigningKey = false,
            ValidateIssuer = true,
            ValidIssuer = options.Issuer,
            ValidateAudience = true,
            ValidAudience = options.Audience,
            ValidateLifetime = true,
            LifetimeValidator = (from, until, _, _) =>
                until is { } end && time.GetUtcNow().UtcDateTime < end + options.ClockSkew
                && (from is not { } start || time.GetUtcNow().UtcDateTime >= start - options.ClockSkew),
            // No key is tried that the token does not name, where it names one.
            TryAllIssuerSigningKeys = false,
        };
    }

    public async ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation)
    {
        if (TokenIn(attempt.Credentials) is not { } token)
        {
            return LoginResult.Failure("no token came, or more than one");
        }

        if (AsksForMore(token))
        {
            return LoginResult.Failure("the token is none, or its header asks for what is not known here (crit)");
        }

        ImmutableArray<SecurityKey> keys = await _keys.GetAsync(again: false, cancellation).ConfigureAwait(false);
        TokenValidationResult result = await ValidateAsync(token, keys).ConfigureAwait(false);
        if (result.Exception is SecurityTokenSignatureKeyNotFoundException)
        {
            // The issuer may have a new key.
            ImmutableArray<SecurityKey> fresh = await _keys.GetAsync(again: true, cancellation).ConfigureAwait(false);
            result = fresh == keys ? result : await ValidateAsync(token, fresh).ConfigureAwait(false);
        }

        if (!result.IsValid)
        {
            // The kind alone: messages of the library can hold parts of the token.
            return LoginResult.Failure($"the token is not valid ({result.Exception?.GetType().Name ?? "no reason"})");
        }

        // Of several nobody can tell which one is meant, and an object is no name.
        return result.ClaimsIdentity.FindAll(_options.NameClaim).ToArray() is not [{ Value: { Length: > 0 } name } claim] || !IsText(claim)
            ? LoginResult.Failure($"the token has no claim {_options.NameClaim} that is one text")
            : _options.SingleUse && FaultOfUse((JsonWebToken)result.SecurityToken) is { } fault ? LoginResult.Failure(fault)
            // Who issues tokens often lets users choose what they are called.
            : LoginResult.Success(name, RolesIn(result.ClaimsIdentity)) with { NameIsRole = false };
    }

    /// <summary>Uses a token that is good once; why it can not be used, or null.</summary>
    /// <exception cref="LoginUnavailableException">Too many are remembered.</exception>
    private string? FaultOfUse(JsonWebToken token)
    {
        TimeSpan life = token.ValidTo + _options.ClockSkew - _time.GetUtcNow().UtcDateTime;
        return token.Id is not { Length: > 0 } id ? "the token has no jti, and is to be good once"
            : life > UsedOnce.LongestLife ? $"the token is good for longer than {UsedOnce.LongestLife.TotalHours} hours, and is to be good once"
            // Of another issuer the same id is another token.
            : !_used.TryUse("jwt", $"{_options.Issuer.Length}:{_options.Issuer}{id}", life) ? "the token has been used before"
            : null;
    }

    /// <summary>Whether the header names extensions without which the token is not to be taken (RFC 7515, section 4.1.11). None is known here.</summary>
    private static bool AsksForMore(string token)
    {
        try
        {
            return new JsonWebToken(token).TryGetHeaderValue<object>("crit", out _);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidOperationException or System.Text.Json.JsonException)
        {
            return true;
        }
    }

    private static bool IsText(Claim claim) => claim.ValueType == ClaimValueTypes.String;

    private static string? TokenIn(Credentials credentials)
    {
        string[] candidates = [.. credentials.Named.Values.Append(credentials.Token).Where(token => token.Length > 0)];
        return candidates is [{ } one] && one.Length <= MaximumTokenBytes ? one : null;
    }

    private Task<TokenValidationResult> ValidateAsync(string token, ImmutableArray<SecurityKey> keys)
    {
        TokenValidationParameters parameters = _parameters.Clone();
        parameters.IssuerSigningKeys = keys;
        return _handler.ValidateTokenAsync(token, parameters);
    }

    /// <summary>A claim may be a list, or words with spaces between as <c>scope</c> has them (RFC 8693, section 4.2).</summary>
    private ImmutableHashSet<string> RolesIn(ClaimsIdentity claims) =>
    [
        .. claims.FindAll(_options.RolesClaim).Where(IsText).SelectMany(claim => claim.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
    ];
}

/// <summary>What a <c>jwt</c> login module asks of a token.</summary>
internal sealed record JwtOptions
{
    /// <summary>Where the keys are: the full path of a file, or an https URL (http for this machine alone).</summary>
    internal required string Keys { get; init; }

    /// <summary>Who must have issued it: <c>iss</c>.</summary>
    internal required string Issuer { get; init; }

    /// <summary>Whom it must be for: <c>aud</c>.</summary>
    internal required string Audience { get; init; }

    /// <summary>How far the issuer's clock may be off.</summary>
    internal TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The algorithms that may have signed it; asymmetric ones, so that whoever can check a token can not make one.</summary>
    internal ImmutableArray<string> Algorithms { get; init; } = DefaultAlgorithms;

    /// <summary>The claim with the roles.</summary>
    internal string RolesClaim { get; init; } = "roles";

    /// <summary>The claim with the name.</summary>
    internal string NameClaim { get; init; } = "sub";

    /// <summary>Whether each token is good once, told by its <c>jti</c> (RFC 7519, section 4.1.7).</summary>
    internal bool SingleUse { get; init; }

    internal static ImmutableArray<string> DefaultAlgorithms { get; } = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
}

/// <summary>The keys that tokens are signed with.</summary>
internal interface ISigningKeys
{
    /// <summary>The keys.</summary>
    /// <param name="again">Whether they should be looked at again, because one was missing. That is done at most so often.</param>
    /// <param name="cancellation">Ends the wait for them.</param>
    /// <exception cref="LoginUnavailableException">There have never been any.</exception>
    ValueTask<ImmutableArray<SecurityKey>> GetAsync(bool again, CancellationToken cancellation);
}
