using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>Signs tokens, and writes its key into a file <c>keys.json</c>.</summary>
internal sealed class TokenIssuer : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    internal TokenIssuer(string directory)
    {
        ECParameters point = _key.ExportParameters(includePrivateParameters: false);
        File.WriteAllText(Path.Combine(directory, "keys.json"), JsonSerializer.Serialize(new
        {
            keys = new[] { new { kty = "EC", kid = "one", crv = "P-256", x = Base64UrlEncoder.Encode(point.Q.X), y = Base64UrlEncoder.Encode(point.Q.Y) } },
        }));
    }

    internal string TokenFor(string name, string role, double hours = 1, ECDsa? key = null) => new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(
        JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["iss"] = "https://login.example",
            ["aud"] = "gateway",
            ["sub"] = name,
            ["roles"] = role,
            ["exp"] = DateTimeOffset.UtcNow.AddHours(hours).ToUnixTimeSeconds(),
        }),
        new SigningCredentials(new ECDsaSecurityKey(key ?? _key) { KeyId = "one" }, SecurityAlgorithms.EcdsaSha256));

    public void Dispose() => _key.Dispose();
}
