namespace Tidegate.Gateway.Security.Ldap;

/// <summary>Where a directory is, and where in it users are (RFC 4516).</summary>
/// <param name="Host">A name or an address, without brackets.</param>
/// <param name="Port">The port; null where it was not written.</param>
/// <param name="IsSecure">True for <c>ldaps</c>.</param>
/// <param name="BaseName">The entry below which users are; empty where it is not said.</param>
internal sealed record LdapUrl(string Host, int? Port, bool IsSecure, string BaseName)
{
    /// <summary>Reads one.</summary>
    /// <exception cref="FormatException">It is wrong; the message says what, and the cure.</exception>
    internal static LdapUrl Parse(string text)
    {
        bool isSecure = text.StartsWith("ldaps://", StringComparison.OrdinalIgnoreCase);
        if (!isSecure && !text.StartsWith("ldap://", StringComparison.OrdinalIgnoreCase))
        {
            throw new FormatException($"\"{text}\" is no address of a directory: it begins with ldap:// or ldaps://, and a blank in a name is written %20");
        }

        string rest = text[(text.IndexOf("//", StringComparison.Ordinal) + 2)..];
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        string authority = slash < 0 ? rest : rest[..slash];
        string name = slash < 0 ? "" : rest[(slash + 1)..];
        if (name.Contains('?', StringComparison.Ordinal))
        {
            throw new FormatException($"\"{text}\" has a question mark: attributes, scope and filter are not taken from it, write the filter into <userFilter>");
        }

        // The host's rules are those of any URI, and this reads no others.
        if (authority.Length == 0 || authority.Contains('@', StringComparison.Ordinal) || !Uri.TryCreate($"tcp://{authority}", UriKind.Absolute, out Uri? uri) || uri.Host.Length == 0)
        {
            throw new FormatException($"\"{text}\" names no host: write ldap://HOST:PORT/NAME, with an address of IPv6 in brackets");
        }

        return new LdapUrl(uri.IdnHost.Trim('[', ']'), uri.Port > 0 ? uri.Port : null, isSecure, Uri.UnescapeDataString(name));
    }
}
