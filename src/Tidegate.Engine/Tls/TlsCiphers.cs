using System.Collections.Frozen;
using System.Text;

namespace Tidegate.Engine.Tls;

/// <summary>The cipher suites of TLS 1.2 and older, and the words for sets of them, that the library of this machine knows.</summary>
public static unsafe class TlsCiphers
{
    private static readonly Lazy<FrozenDictionary<string, string>> s_byStandardName = new(ReadNames);

    /// <summary>OpenSSL's name of each suite by its standard one, such as <c>TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256</c>.</summary>
    public static IReadOnlyDictionary<string, string> ByStandardName => s_byStandardName.Value;

    /// <summary>Whether a cipher list of this word alone selects any suite, however weak.</summary>
    public static bool Selects(string word)
    {
        nint context = OpenSsl.SSL_CTX_new(OpenSsl.TLS_method());
        bool selects = SetList(context, word + ":@SECLEVEL=0") && OlderSuites(context).Count > 0;
        OpenSsl.SSL_CTX_free(context);
        return selects;
    }

    private static FrozenDictionary<string, string> ReadNames()
    {
        nint context = OpenSsl.SSL_CTX_new(OpenSsl.TLS_method());
        _ = SetList(context, "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (nint cipher in OlderSuites(context))
        {
            if (OpenSsl.Text(OpenSsl.SSL_CIPHER_standard_name(cipher)) is { } standard && OpenSsl.Text(OpenSsl.SSL_CIPHER_get_name(cipher)) is { } name)
            {
                names[standard] = name;
            }
        }

        OpenSsl.SSL_CTX_free(context);
        return names.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static List<nint> OlderSuites(nint context)
    {
        nint all = OpenSsl.SSL_CTX_get_ciphers(context);
        var suites = new List<nint>();
        for (int i = 0; i < OpenSsl.OPENSSL_sk_num(all); i++)
        {
            nint cipher = OpenSsl.OPENSSL_sk_value(all, i);
            // Those of TLS 1.3 are always listed: another call sets them.
            if (OpenSsl.Text(OpenSsl.SSL_CIPHER_get_version(cipher)) != "TLSv1.3")
            {
                suites.Add(cipher);
            }
        }

        return suites;
    }

    private static bool SetList(nint context, string list)
    {
        fixed (byte* text = Encoding.ASCII.GetBytes(list + '\0'))
        {
            bool set = OpenSsl.SSL_CTX_set_cipher_list(context, text) == 1;
            OpenSsl.ERR_clear_error();
            return set;
        }
    }
}
