using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>Tokens that somebody else has signed: RFC 7519, and RFC 8725 on what goes wrong with them.</summary>
public sealed class JwtLoginModuleTests : IDisposable
{
    private static readonly DateTime s_now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly JwtOptions s_options = new() { Keys = "", Issuer = "https://login.example", Audience = "gateway" };

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly RSA _rsa = RSA.Create(2048);
    private readonly Keys _keys = new();
    private readonly UsedOnce _used = new(new StandingTime());

    public JwtLoginModuleTests() => _keys.Current = [Public("ec"), new RsaSecurityKey(_rsa.ExportParameters(includePrivateParameters: false)) { KeyId = "rsa" }];

    public void Dispose()
    {
        _key.Dispose();
        _rsa.Dispose();
    }

    [Fact]
    public async Task A_token_that_is_as_it_should_be_says_who_it_is_and_which_roles_they_have()
    {
        LoginResult result = await TryAsync(Token());

        Assert.True(result.IsSuccess, result.Reason);
        Assert.Equal("joe", result.Name);
        Assert.Equal(["AUTHORIZED", "TRADER"], result.Roles.Order());
    }

    [Fact]
    public async Task Name_and_roles_may_be_in_other_claims_and_roles_in_one_text()
    {
        LoginResult result = await TryAsync(Token(("upn", "joe@example"), ("scope", "read write")), s_options with { NameClaim = "upn", RolesClaim = "scope" });

        Assert.Equal("joe@example", result.Name);
        Assert.Equal(["read", "write"], result.Roles.Order());
    }

    [Theory]
    [InlineData("iss", "https://other.example", "SecurityTokenInvalidIssuerException")]
    [InlineData("aud", "another", "SecurityTokenInvalidAudienceException")]
    [InlineData("exp", 1_767_268_769L, "SecurityTokenInvalidLifetimeException")]
    [InlineData("nbf", 1_767_268_831L, "SecurityTokenInvalidLifetimeException")]
    [InlineData("exp", null, "SecurityTokenInvalidLifetimeException")]
    [InlineData("iss", null, "SecurityTokenInvalidIssuerException")]
    [InlineData("aud", null, "SecurityTokenInvalidAudienceException")]
    public async Task A_token_with_another_claim_or_without_it_is_none(string claim, object? value, string why)
    {
        LoginResult result = await TryAsync(Token((claim, value)));

        Assert.Equal($"the token is not valid ({why})", result.Reason);
    }

    [Theory]
    [InlineData("exp", 1_767_268_771L)]
    [InlineData("nbf", 1_767_268_829L)]
    public async Task Clocks_may_be_half_a_minute_apart(string claim, object value)
    {
        LoginResult result = await TryAsync(Token((claim, value)));

        Assert.True(result.IsSuccess, result.Reason);
    }

    [Fact]
    public async Task A_token_without_the_name_is_of_nobody() =>
        Assert.Equal("the token has no claim sub that is one text", (await TryAsync(Token(("sub", null)))).Reason);

    [Fact]
    public async Task A_token_that_nobody_has_signed_is_refused()
    {
        string[] parts = Token().Split('.');
        string none = Base64UrlEncoder.Encode("{\"alg\":\"none\",\"typ\":\"JWT\"}");

        Assert.False((await TryAsync($"{none}.{parts[1]}.")).IsSuccess);
        Assert.False((await TryAsync($"{parts[0]}.{parts[1]}.")).IsSuccess);
        Assert.False((await TryAsync($"{parts[0]}.{Base64UrlEncoder.Encode(Base64UrlEncoder.Decode(parts[1]).Replace("joe", "eve", StringComparison.Ordinal))}.{parts[2]}")).IsSuccess);
    }

    [Fact]
    public async Task A_public_key_is_no_secret_to_sign_with()
    {
        // What an attacker knows of the key, in the forms in which libraries have taken it for a secret.
        foreach (byte[] known in (byte[][])[_rsa.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(_rsa.ExportSubjectPublicKeyInfoPem()), _rsa.ExportRSAPublicKey()])
        {
            string forged = Token(new SigningCredentials(new SymmetricSecurityKey(known) { KeyId = "rsa" }, SecurityAlgorithms.HmacSha256), []);

            Assert.False((await TryAsync(forged)).IsSuccess);
        }
    }

    [Fact]
    public async Task A_token_whose_header_asks_for_an_extension_is_refused()
    {
        string[] parts = Token().Split('.');
        string head = Base64UrlEncoder.Encode(Base64UrlEncoder.Decode(parts[0]).Replace("{", "{\"crit\":[\"b64\"],", StringComparison.Ordinal));
        byte[] signature = _key.SignData(Encoding.ASCII.GetBytes($"{head}.{parts[1]}"), HashAlgorithmName.SHA256);

        Assert.Equal(
            "the token is none, or its header asks for what is not known here (crit)", (await TryAsync($"{head}.{parts[1]}.{Base64UrlEncoder.Encode(signature)}")).Reason);
    }

    [Theory]
    [InlineData("../../../dev/null")]
    [InlineData("' OR 1=1 --")]
    [InlineData("ec\\u0000")]
    [InlineData("rsa")]
    public async Task A_key_is_the_one_that_the_token_names_and_no_other(string id)
    {
        string[] parts = Token().Split('.');
        string head = Base64UrlEncoder.Encode($"{{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"{id}\"}}");
        byte[] signature = _key.SignData(Encoding.ASCII.GetBytes($"{head}.{parts[1]}"), HashAlgorithmName.SHA256);

        Assert.False((await TryAsync($"{head}.{parts[1]}.{Base64UrlEncoder.Encode(signature)}")).IsSuccess);
    }

    [Theory]
    [InlineData("jwk")]
    [InlineData("jku")]
    [InlineData("x5u")]
    [InlineData("x5c")]
    public async Task A_key_that_a_token_brings_along_is_not_used(string header)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ECParameters point = own.ExportParameters(includePrivateParameters: false);
        object value = header switch
        {
            "jwk" => new { kty = "EC", crv = "P-256", x = Base64UrlEncoder.Encode(point.Q.X), y = Base64UrlEncoder.Encode(point.Q.Y) },
            "x5c" => new[] { Convert.ToBase64String(own.ExportSubjectPublicKeyInfo()) },
            _ => "http://127.0.0.1:1/keys.json",
        };
        string head = Base64UrlEncoder.Encode(JsonSerializer.Serialize(new Dictionary<string, object> { ["alg"] = "ES256", ["typ"] = "JWT", [header] = value }));
        string signed = $"{head}.{Token().Split('.')[1]}";

        Assert.False((await TryAsync($"{signed}.{Base64UrlEncoder.Encode(own.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}")).IsSuccess);
    }

    [Theory]
    [InlineData("sub", new[] { "joe", "admin" })]
    [InlineData("sub", true)]
    [InlineData("sub", "")]
    public async Task A_name_is_one_text(string claim, object value)
    {
        Assert.False((await TryAsync(Token((claim, value)))).IsSuccess);
        Assert.False((await TryAsync(Token(("name", value)), s_options with { NameClaim = "name" })).IsSuccess);
    }

    [Fact]
    public async Task Roles_are_texts_and_what_a_user_is_called_is_none()
    {
        LoginResult result = await TryAsync(Token(("sub", "ADMINISTRATOR"), ("roles", new object[] { "TRADER", 1, new { deep = "a ADMINISTRATOR b" } })));

        Assert.Equal(["TRADER"], result.Roles);
        Assert.False(new Identity(result.Name!, result.Roles) { NameIsRole = result.NameIsRole }.HasAll(["ADMINISTRATOR"]));
    }

    [Fact]
    public async Task Who_has_keys_looked_at_and_goes_away_keeps_them_from_nobody()
    {
        using var scratch = new ScratchDirectory();
        string file = Path.Combine(scratch.Path, "keys.json");
        await File.WriteAllTextAsync(file, KeySet("one"));
        using var log = new CollectedLog();
        using var keys = new SigningKeys(file, new TimerlessTime(), log);
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await keys.GetAsync(again: false, gone.Token));

        Assert.Equal(["one"], await IdsAsync(keys, again: false));
        Assert.Empty(log.Lines);
    }

    [Fact]
    public async Task A_secret_among_the_keys_signs_nothing()
    {
        var secret = new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32)) { KeyId = "secret" };
        _keys.Current = [secret];

        Assert.False((await TryAsync(Token(new SigningCredentials(secret, SecurityAlgorithms.HmacSha256), []))).IsSuccess);
    }

    [Fact]
    public async Task Only_algorithms_that_are_allowed_sign()
    {
        string rsa = Token(new SigningCredentials(new RsaSecurityKey(_rsa) { KeyId = "rsa" }, SecurityAlgorithms.RsaSha256), []);

        Assert.True((await TryAsync(rsa)).IsSuccess);
        Assert.False((await TryAsync(rsa, s_options with { Algorithms = ["ES256"] })).IsSuccess);
    }

    [Fact]
    public async Task A_token_of_a_new_key_has_the_keys_looked_at_again()
    {
        ImmutableArray<SecurityKey> all = _keys.Current;
        _keys.Current = [all[1]];
        _keys.Fresh = all;

        Assert.True((await TryAsync(Token())).IsSuccess);
        Assert.Equal(1, _keys.Looked);
    }

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("a.b.c")]
    [InlineData("a.b.c.d.e")]
    [InlineData("e30.e30.")]
    public async Task What_is_no_token_is_refused_without_a_fuss(string text) => Assert.False((await TryAsync(text)).IsSuccess);

    [Fact]
    public async Task A_token_that_is_too_long_is_not_looked_at() =>
        Assert.Equal("no token came, or more than one", (await TryAsync(new string('a', JwtLoginModule.MaximumTokenBytes + 1))).Reason);

    [Fact]
    public async Task Keys_come_from_a_file_and_are_looked_at_again_only_so_often()
    {
        using var scratch = new ScratchDirectory();
        string file = Path.Combine(scratch.Path, "keys.json");
        await File.WriteAllTextAsync(file, KeySet("one"));
        var time = new TimerlessTime();
        using var log = new CollectedLog();
        using var keys = new SigningKeys(file, time, log);
        Assert.Equal(["one"], await IdsAsync(keys, again: false));

        await File.WriteAllTextAsync(file, KeySet("two"));
        Assert.Equal(["one"], await IdsAsync(keys, again: true));
        time.Advance(SigningKeys.ShortestInterval);
        Assert.Equal(["one"], await IdsAsync(keys, again: false));
        Assert.Equal(["two"], await IdsAsync(keys, again: true));

        await File.WriteAllTextAsync(file, "not keys");
        time.Advance(SigningKeys.Lifetime);
        Assert.Equal(["two"], await IdsAsync(keys, again: false));
        Assert.Single(log.Lines);
    }

    [Fact]
    public async Task Without_any_keys_it_can_not_be_told_who_somebody_is()
    {
        using var log = new CollectedLog();
        using var keys = new SigningKeys("/nowhere/keys.json", new TimerlessTime(), log);

        await Assert.ThrowsAsync<LoginUnavailableException>(async () => await keys.GetAsync(again: false, CancellationToken.None));
    }

    [Fact]
    public async Task A_token_that_is_good_once_is_refused_the_second_time_whatever_else_it_says()
    {
        JwtOptions once = s_options with { SingleUse = true };
        string token = Token(("jti", "1"));

        Assert.True((await TryAsync(token, once)).IsSuccess);
        Assert.Equal("the token has been used before", (await TryAsync(token, once)).Reason);
        Assert.Equal("the token has been used before", (await TryAsync(Token(("jti", "1"), ("sub", "jane")), once)).Reason);
        Assert.True((await TryAsync(Token(("jti", "2")), once)).IsSuccess);
        // One that is not let in is not used.
        Assert.False((await TryAsync(Token(("jti", "3"), ("aud", "another")), once)).IsSuccess);
        Assert.True((await TryAsync(Token(("jti", "3")), once)).IsSuccess);
        // The same id of another issuer is another token.
        Assert.True((await TryAsync(Token(("jti", "1"), ("iss", "https://other.example")), once with { Issuer = "https://other.example" })).IsSuccess);
        // Where nothing is said of it, a token is good for as long as it says.
        Assert.True((await TryAsync(token)).IsSuccess);
    }

    [Fact]
    public async Task Of_many_who_show_a_token_at_once_that_is_good_once_one_gets_in()
    {
        string token = Token(("jti", "1"));

        LoginResult[] results = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => TryAsync(token, s_options with { SingleUse = true }).AsTask())));

        Assert.Single(results, result => result.IsSuccess);
    }

    [Fact]
    public async Task A_token_that_can_not_be_told_from_others_or_is_good_for_too_long_is_not_good_once()
    {
        JwtOptions once = s_options with { SingleUse = true };
        long tooLate = new DateTimeOffset(s_now + UsedOnce.LongestLife).ToUnixTimeSeconds();

        Assert.Equal("the token has no jti, and is to be good once", (await TryAsync(Token(), once)).Reason);
        Assert.Equal("the token is good for longer than 24 hours, and is to be good once", (await TryAsync(Token(("jti", "1"), ("exp", tooLate)), once)).Reason);
        Assert.True((await TryAsync(Token(("jti", "1"), ("exp", tooLate - 30)), once)).IsSuccess);
    }

    private static async Task<IEnumerable<string>> IdsAsync(SigningKeys keys, bool again) => (await keys.GetAsync(again, CancellationToken.None)).Select(key => key.KeyId);

    private string KeySet(string id)
    {
        ECParameters point = _key.ExportParameters(includePrivateParameters: false);
        return JsonSerializer.Serialize(new
        {
            keys = new[] { new { kty = "EC", use = "sig", kid = id, crv = "P-256", x = Base64UrlEncoder.Encode(point.Q.X), y = Base64UrlEncoder.Encode(point.Q.Y) } },
        });
    }

    private ECDsaSecurityKey Public(string id) => new(ECDsa.Create(_key.ExportParameters(includePrivateParameters: false))) { KeyId = id };

    private string Token(params (string Name, object? Value)[] changes) =>
        Token(new SigningCredentials(new ECDsaSecurityKey(_key) { KeyId = "ec" }, SecurityAlgorithms.EcdsaSha256), changes);

    private static string Token(SigningCredentials signer, (string Name, object? Value)[] changes)
    {
        var claims = new Dictionary<string, object>
        {
            ["iss"] = "https://login.example",
            ["aud"] = "gateway",
            ["sub"] = "joe",
            ["roles"] = new[] { "AUTHORIZED", "TRADER" },
            ["nbf"] = new DateTimeOffset(s_now).ToUnixTimeSeconds() - 60,
            ["exp"] = new DateTimeOffset(s_now).ToUnixTimeSeconds() + 60,
        };
        foreach ((string name, object? value) in changes)
        {
            if (value is null)
            {
                claims.Remove(name);
            }
            else
            {
                claims[name] = value;
            }
        }

        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(JsonSerializer.Serialize(claims), signer);
    }

    private ValueTask<LoginResult> TryAsync(string token, JwtOptions? options = null)
    {
        Assert.True(Credentials.TryRead(new Shown("Authorization", $"Bearer {token}"), new CredentialPlaces([], [], []), out Credentials? credentials, out _));
        return new JwtLoginModule(options ?? s_options, _keys, new Noon(), _used).LoginAsync(new LoginAttempt(credentials, null), CancellationToken.None);
    }

    private sealed class Noon : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(s_now);
    }

    private sealed class Keys : ISigningKeys
    {
        internal ImmutableArray<SecurityKey> Current { get; set; }

        internal ImmutableArray<SecurityKey>? Fresh { get; set; }

        internal int Looked { get; private set; }

        public ValueTask<ImmutableArray<SecurityKey>> GetAsync(bool again, CancellationToken cancellation)
        {
            if (again)
            {
                Looked++;
                Current = Fresh ?? Current;
            }

            return ValueTask.FromResult(Current);
        }
    }
}
