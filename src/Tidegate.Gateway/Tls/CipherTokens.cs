using System.Security.Authentication;
using Tidegate.Engine.Tls;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tls;

/// <summary>
/// Reads <c>ssl.ciphers</c>: OpenSSL's words and names, the names that Java gives to suites, and the words that the old gateway had
/// besides (docs/spec/compat.md, chapter 3.3).
/// </summary>
internal static class CipherTokens
{
    private static readonly string[] s_unprotected = ["ADH", "AECDH", "COMPLEMENTOFALL", "COMPLEMENTOFDEFAULT"];

    /// <summary>How TLS is spoken with these options.</summary>
    /// <param name="options">The options as configured.</param>
    /// <param name="warn">Takes what deserves a second look.</param>
    /// <exception cref="TlsException">No cipher is left, or DEFAULT stands in the wrong place.</exception>
    internal static TlsParameters Apply(TlsOptions options, Action<string> warn)
    {
        var settings = new TlsParameters { Protocols = options.Protocols };
        if (options.Ciphers is null)
        {
            return settings;
        }

        var list = new List<string>();
        var suites = new List<string>();
        bool selects = false;
        string[] tokens = options.Ciphers.Split([',', ':', ' '], StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < tokens.Length; i++)
        {
            string sign = tokens[i][0] is '!' or '-' or '+' ? tokens[i][..1] : "";
            string name = Translate(tokens[i][sign.Length..]);
            if (name == "DEFAULT" && i > 0)
            {
                throw new TlsException("DEFAULT must be the first cipher string specified in <ssl.ciphers>. Put it in front of the others.");
            }

            if (name.StartsWith("TLS_AES_", StringComparison.Ordinal) || name.StartsWith("TLS_CHACHA20_", StringComparison.Ordinal))
            {
                suites.Add(name);
            }
            else if (name.StartsWith('@'))
            {
                list.Add(name);
            }
            else if (sign.Length == 0 && (s_unprotected.Contains(name) || name.Contains("NULL", StringComparison.Ordinal)))
            {
                warn($"<ssl.ciphers>: {tokens[i]} selects ciphers that do not encrypt, or do not say who the peer is. They are not used. Remove it.");
            }
            else if (TlsCiphers.Selects(name))
            {
                selects |= sign.Length == 0;
                list.Add(sign + name);
            }
            else if (sign.Length == 0)
            {
                warn($"<ssl.ciphers>: {tokens[i]} selects no cipher that OpenSSL has on this machine. Remove it.");
            }
        }

        if (!selects && suites.Count == 0)
        {
            throw new TlsException($"No ciphersuites matching configured <ssl.ciphers> found: \"{options.Ciphers}\". Write HIGH, or remove the option.");
        }

        return settings with
        {
            // Where only suites of TLS 1.3 are named, no other version is left.
            Protocols = selects ? settings.Protocols : settings.Protocols & SslProtocols.Tls13,
            CipherList = selects ? string.Join(':', [.. list, "!aNULL", "!eNULL"]) : null,
            CipherSuites = suites.Count > 0 ? string.Join(':', suites) : null,
        };
    }

    private static string Translate(string name)
    {
        if (name is "DEFAULTS")
        {
            return "DEFAULT";
        }

        // Java calls suites from before TLS 1.0 by the name of SSL.
        string standard = name.StartsWith("SSL_", StringComparison.Ordinal) ? "TLS_" + name["SSL_".Length..] : name;
        return TlsCiphers.ByStandardName.GetValueOrDefault(standard, name);
    }
}
