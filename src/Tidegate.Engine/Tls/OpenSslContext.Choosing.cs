using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tidegate.Engine.Tls;

// What the library asks in the middle of a handshake: which certificate, and which protocol above TLS.
internal sealed unsafe partial class OpenSslContext
{
    /// <summary>The context for a name that a client asks for: the name itself, then a wildcard for its first label; 0 for none.</summary>
    private nint Find(ReadOnlySpan<char> name)
    {
        var names = _byName.GetAlternateLookup<ReadOnlySpan<char>>();
        if (names.TryGetValue(name, out nint context))
        {
            return context;
        }

        int dot = name.IndexOf('.');
        if (dot <= 0)
        {
            return 0;
        }

        Span<char> wildcard = stackalloc char[name.Length - dot + 1];
        wildcard[0] = '*';
        name[dot..].CopyTo(wildcard[1..]);
        return names.TryGetValue(wildcard, out context) ? context : 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ChooseByName(nint ssl, int* alert, void* argument)
    {
        byte* asked = OpenSsl.SSL_get_servername(ssl, 0);
        if (asked is null || s_current is not { _byName.Count: > 0 } current)
        {
            return OpenSsl.SSL_TLSEXT_ERR_NOACK;
        }

        ReadOnlySpan<byte> bytes = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(asked);
        Span<char> name = stackalloc char[255];
        if (bytes.Length > name.Length)
        {
            return OpenSsl.SSL_TLSEXT_ERR_NOACK;
        }

        name = name[..bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            name[i] = (char)(bytes[i] is >= (byte)'A' and <= (byte)'Z' ? bytes[i] | 0x20 : bytes[i]);
        }

        if (current.Find(name) is var context and not 0 && context != current._first)
        {
            _ = OpenSsl.SSL_set_SSL_CTX(ssl, context);
        }

        return OpenSsl.SSL_TLSEXT_ERR_OK;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ChooseApplicationProtocol(nint ssl, byte** chosen, byte* chosenLength, byte* offered, uint length, void* argument)
    {
        var offers = new ReadOnlySpan<byte>(offered, (int)length);
        ReadOnlySpan<byte> own = s_current is { } current ? current._applicationProtocols : [];
        while (!own.IsEmpty)
        {
            ReadOnlySpan<byte> wanted = own[..(own[0] + 1)];
            for (int i = 0; i + offers[i] < offers.Length;)
            {
                if (offers.Slice(i, offers[i] + 1).SequenceEqual(wanted))
                {
                    *chosen = offered + i + 1;
                    *chosenLength = offers[i];
                    return OpenSsl.SSL_TLSEXT_ERR_OK;
                }

                i += offers[i] + 1;
                if (i >= offers.Length)
                {
                    break;
                }
            }

            own = own[wanted.Length..];
        }

        // Nothing in common: the connection goes on without, as if the client had not asked.
        return OpenSsl.SSL_TLSEXT_ERR_NOACK;
    }
}
