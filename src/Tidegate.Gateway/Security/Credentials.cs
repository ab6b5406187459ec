using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tidegate.Gateway.Security.Kerberos;

namespace Tidegate.Gateway.Security;

/// <summary>What a client shows to say who it is. Never to be logged.</summary>
internal sealed class Credentials
{
    // Strict, because what is replaced by question marks could match what somebody else has.
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private Credentials(string? scheme, string token, ImmutableDictionary<string, string> named)
    {
        Scheme = scheme;
        Token = token;
        Named = named;
    }

    /// <summary>The scheme that <c>Authorization</c> names, without "Application "; null where there is none.</summary>
    internal string? Scheme { get; }

    /// <summary>What follows the scheme, or empty.</summary>
    internal string Token { get; }

    /// <summary>The values of the headers, query parameters and cookies that the realm looks for, by their names.</summary>
    internal ImmutableDictionary<string, string> Named { get; }

    /// <summary>What was said before on the same connection, by the scheme Negotiate; null where nothing is remembered.</summary>
    internal Negotiation? Negotiation { get; private init; }

    /// <summary>The certificate that the client has shown by TLS, and that was found to be trusted; or null.</summary>
    internal X509Certificate2? Certificate { get; private init; }

    /// <summary>The certificate, and nothing of what the request shows.</summary>
    internal Credentials CertificateAlone => new(null, "", ImmutableDictionary<string, string>.Empty) { Certificate = Certificate };

    /// <summary>True where the request shows nothing.</summary>
    internal bool IsEmpty => Token.Length == 0 && Named.IsEmpty;

    /// <summary>Takes them out of a request.</summary>
    /// <param name="source">The request.</param>
    /// <param name="realm">Where to look besides <c>Authorization</c>.</param>
    /// <param name="credentials">What there is.</param>
    /// <param name="fault">Why it can not be told which one is meant, in words for the client, where false is returned.</param>
    internal static bool TryRead(ICredentialSource source, CredentialPlaces realm, [NotNullWhen(true)] out Credentials? credentials, [NotNullWhen(false)] out string? fault)
    {
        credentials = null;
        ImmutableDictionary<string, string>.Builder named = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.OrdinalIgnoreCase);
        IReadOnlyList<string> authorization = source.Header("Authorization");
        fault = authorization.Count > 1 ? Ambiguous("header", "Authorization")
            : Take(named, realm.Headers, source.Header, "header") ?? Take(named, realm.Parameters, source.Parameter, "parameter") ?? Take(named, realm.Cookies, source.Cookie, "cookie");
        if (fault is not null)
        {
            return false;
        }

        (string? scheme, string token) = Split(authorization is [{ } one] ? one : string.Empty);
        credentials = new Credentials(scheme, token, named.ToImmutable()) { Negotiation = source.Negotiation, Certificate = source.Certificate };
        return true;
    }

    /// <summary>Reads the token as Basic credentials (RFC 7617, section 2), with no white space in them, which others could read differently.</summary>
    internal bool TryReadBasic([NotNullWhen(true)] out string? user, [NotNullWhen(true)] out string? password)
    {
        (user, password) = (null, null);
        byte[] bytes = new byte[Token.Length];
        if (Token.AsSpan().ContainsAny(' ', '\t') || !Convert.TryFromBase64String(Token, bytes, out int length))
        {
            return false;
        }

        string text;
        try
        {
            text = s_utf8.GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || text.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        (user, password) = (text[..colon], text[(colon + 1)..]);
        return true;
    }

    private static (string? Scheme, string Token) Split(string authorization)
    {
        string rest = authorization.Trim(' ', '\t');
        const string Application = "Application ";
        if (rest.StartsWith(Application, StringComparison.OrdinalIgnoreCase))
        {
            // As it was challenged, which some clients repeat.
            rest = rest[Application.Length..].TrimStart(' ', '\t');
        }

        int space = rest.IndexOfAny([' ', '\t']);
        return rest.Length == 0 ? (null, "") : space < 0 ? (rest, "") : (rest[..space], rest[space..].TrimStart(' ', '\t'));
    }

    private static string? Take(ImmutableDictionary<string, string>.Builder named, ImmutableArray<string> names, Func<string, IReadOnlyList<string>> find, string kind)
    {
        foreach (string name in names)
        {
            IReadOnlyList<string> values = find(name);
            if (values.Count > 1 || (values.Count == 1 && named.ContainsKey(name)))
            {
                return Ambiguous(kind, name);
            }

            if (values.Count == 1)
            {
                named.Add(name, values[0]);
            }
        }

        return null;
    }

    private static string Ambiguous(string kind, string name) => $"Cannot authenticate with multiple http {kind} values for {kind} name \"{name}\"";
}

/// <summary>Where a realm looks for credentials besides <c>Authorization</c>.</summary>
/// <param name="Headers">Names of headers.</param>
/// <param name="Parameters">Names of query parameters.</param>
/// <param name="Cookies">Names of cookies.</param>
internal sealed record CredentialPlaces(ImmutableArray<string> Headers, ImmutableArray<string> Parameters, ImmutableArray<string> Cookies);

/// <summary>A request that may show credentials. Each asks for all values of a name.</summary>
internal interface ICredentialSource
{
    /// <summary>What was said on the same connection by the scheme Negotiate; null where each request stands alone.</summary>
    Negotiation? Negotiation => null;

    /// <summary>Which realms of a chain have been passed within a WebSocket; null elsewhere.</summary>
    ChainMemory? Chain => null;

    /// <summary>The certificate that the client has shown by TLS, and that was found to be trusted; or null.</summary>
    X509Certificate2? Certificate => null;

    IReadOnlyList<string> Header(string name);

    IReadOnlyList<string> Parameter(string name);

    IReadOnlyList<string> Cookie(string name);
}
