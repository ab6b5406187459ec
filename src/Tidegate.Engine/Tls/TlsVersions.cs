using System.Security.Authentication;

namespace Tidegate.Engine.Tls;

/// <summary>The versions of TLS as .NET, OpenSSL and the wire call them.</summary>
internal static class TlsVersions
{
#pragma warning disable CA5397, CA5398, CS0618, SYSLIB0039 // Old versions are named here because old configurations name them.
    private static readonly (SslProtocols Protocol, int Wire, ulong Off, string Name)[] s_all =
    [
        (SslProtocols.Ssl3, 0x300, OpenSsl.SSL_OP_NO_SSLv3, "SSLv3"),
        (SslProtocols.Tls, 0x301, OpenSsl.SSL_OP_NO_TLSv1, "TLSv1"),
        (SslProtocols.Tls11, 0x302, OpenSsl.SSL_OP_NO_TLSv1_1, "TLSv1.1"),
        (SslProtocols.Tls12, 0x303, OpenSsl.SSL_OP_NO_TLSv1_2, "TLSv1.2"),
        (SslProtocols.Tls13, 0x304, OpenSsl.SSL_OP_NO_TLSv1_3, "TLSv1.3"),
    ];

    /// <summary>True where versions are asked for that the library refuses at its usual level of security.</summary>
    internal static bool NeedLowSecurity(SslProtocols protocols) => (protocols & (SslProtocols.Ssl3 | SslProtocols.Tls | SslProtocols.Tls11)) != 0;
#pragma warning restore CA5397, CA5398, CS0618, SYSLIB0039

    internal static SslProtocols FromWire(int version) => Array.Find(s_all, entry => entry.Wire == version).Protocol;

    /// <summary>Lets a context speak these versions only.</summary>
    /// <exception cref="TlsException">The library can not speak one of them, or there is none.</exception>
    internal static unsafe void Apply(nint context, SslProtocols protocols)
    {
        int lowest = 0, highest = 0;
        ulong off = 0;
        foreach ((SslProtocols protocol, int wire, ulong option, string name) in s_all)
        {
            if ((protocols & protocol) == 0)
            {
                off |= option;
                continue;
            }

            lowest = lowest == 0 ? wire : lowest;
            highest = wire;
            if (OpenSsl.SSL_CTX_ctrl(context, OpenSsl.SSL_CTRL_SET_MIN_PROTO_VERSION, wire, null) != 1)
            {
                OpenSsl.ERR_clear_error();
                throw new TlsException($"OpenSSL on this machine can not speak {name}. Leave it out; TLSv1.2 and TLSv1.3 are what clients speak today.");
            }
        }

        if (lowest == 0)
        {
            throw new TlsException("No version of TLS is left. Write TLSv1.2,TLSv1.3, or leave the option out.");
        }

        _ = OpenSsl.SSL_CTX_ctrl(context, OpenSsl.SSL_CTRL_SET_MIN_PROTO_VERSION, lowest, null);
        _ = OpenSsl.SSL_CTX_ctrl(context, OpenSsl.SSL_CTRL_SET_MAX_PROTO_VERSION, highest, null);
        _ = OpenSsl.SSL_CTX_set_options(context, off);
    }
}
