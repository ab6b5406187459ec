namespace Tidegate.Gateway.Security;

/// <summary>How clients are asked who they are: <c>http-challenge-scheme</c> (docs/spec/compat.md, chapter 4.2).</summary>
/// <param name="Name">The scheme of RFC 9110, section 11.1, as it is spoken: <c>Basic</c>.</param>
/// <param name="IsApplication">
/// Whether it is the client library that answers, and not the browser: the challenge has "Application " in front of it, and is made within
/// the handshake that only libraries speak.
/// </param>
internal sealed record ChallengeScheme(string Name, bool IsApplication)
{
    internal const string Basic = "Basic";
    internal const string Bearer = "Bearer";
    internal const string Negotiate = "Negotiate";
    internal const string Token = "Token";

    private const string ApplicationPrefix = "Application ";

    /// <summary>True where a name and a password are asked for (RFC 7617).</summary>
    internal bool IsBasic => Name == Basic;

    /// <summary>True where a ticket of Kerberos is asked for (RFC 4559).</summary>
    internal bool IsNegotiate => Name == Negotiate;

    /// <summary>Reads a value of <c>http-challenge-scheme</c>, which the configuration has checked.</summary>
    internal static ChallengeScheme Parse(string text)
    {
        bool application = text.StartsWith(ApplicationPrefix, StringComparison.OrdinalIgnoreCase);
        string name = application ? text[ApplicationPrefix.Length..] : text;
        string known = new[] { Basic, Bearer, Negotiate, Token }.First(one => one.Equals(name, StringComparison.OrdinalIgnoreCase));
        return new ChallengeScheme(known, application);
    }

    /// <summary>The challenge as a <c>WWW-Authenticate</c> header has it.</summary>
    /// <param name="realm">What the client is shown, where the scheme has room for it.</param>
    /// <param name="forLibrary">Whether a library reads it; a browser would not know what "Application" means.</param>
    /// <param name="token">What the client is to go on with, in base64; null for nothing.</param>
    internal string Challenge(string realm, bool forLibrary, string? token = null)
    {
        string scheme = IsApplication && forLibrary ? ApplicationPrefix + Name : Name;
        return Name is Basic or Bearer ? $"{scheme} realm={Quote(realm)}"
            : IsNegotiate && token is not null ? $"{scheme} {token}"
            : scheme;
    }

    /// <summary>Whether credentials of this scheme answer the challenge. Those without any do: some clients send the value alone.</summary>
    internal bool IsAnsweredBy(Credentials credentials) =>
        credentials.Scheme is not { } scheme
        || scheme.Equals(Name, StringComparison.OrdinalIgnoreCase)
        // What holds a token is called so or so, and means the same.
        || (Name is Token or Bearer && (scheme.Equals(Token, StringComparison.OrdinalIgnoreCase) || scheme.Equals(Bearer, StringComparison.OrdinalIgnoreCase)));

    /// <summary>A quoted string (RFC 9110, section 5.6.4); what can not stand in a header does not.</summary>
    private static string Quote(string text)
    {
        IEnumerable<char> visible = text.Select(c => c is >= ' ' and <= '~' ? c : '?');
        return $"\"{string.Concat(visible).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
    }
}
