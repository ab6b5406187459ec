using System.Runtime.InteropServices;
using System.Text;

namespace Tidegate.Gateway.Security.Kerberos;

/// <summary>
/// The accepting side of the GSS-API (RFC 2744) of MIT Kerberos. .NET's own NegotiateAuthentication stands on the same library, but takes
/// whatever keytab the process has, any key in it, any mechanism that is installed, and does not say why it refused; here a realm has a
/// keytab and a principal of its own, nothing but Kerberos is negotiated, and operators are told what was wrong.
/// </summary>
internal static unsafe partial class GssApi
{
    internal const string Library = "libgssapi_krb5.so.2";

    internal const uint Complete = 0;
    internal const uint ContinueNeeded = 1;

    private const uint CallingAndRoutineErrors = 0xFFFF_0000;
    private const uint RoutineErrors = 0x00FF_0000;
    private const uint BadMechanism = 1 << 16;
    private const string NoWords = "Unknown error";
    private const int AcceptOnly = 2;
    private const int OfGss = 1, OfMechanism = 2;
    private const int MaximumMessages = 4;

    // The objects have to stay where they are: the library keeps pointers to them.
    private static readonly Oid* s_kerberos = Permanent([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02]);
    private static readonly Oid* s_kerberosOfWindows2000 = Permanent([0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02]);
    private static readonly Oid* s_spnego = Permanent([0x2b, 0x06, 0x01, 0x05, 0x05, 0x02]);
    private static readonly Oid* s_principalName = Permanent([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x01]);

    /// <summary>Gets what tickets are checked with.</summary>
    /// <param name="keytab">The full path of a keytab; null for the one that the system names.</param>
    /// <param name="principal">Whose keys alone are used; null for all of them.</param>
    /// <param name="credential">What there is.</param>
    /// <returns>What is wrong, or null.</returns>
    internal static string? AcquireAcceptor(string? keytab, string? principal, out nint credential)
    {
        credential = 0;
        nint name = 0;
        uint minor;
        try
        {
            if (principal is not null)
            {
                byte[] text = Encoding.UTF8.GetBytes(principal);
                fixed (byte* start = text)
                {
                    var buffer = new Buffer { Length = (nuint)text.Length, Value = start };
                    if (IsError(gss_import_name(out minor, &buffer, s_principalName, out name), out uint failed))
                    {
                        return Describe(failed, minor);
                    }
                }
            }

            Oid* both = stackalloc Oid[2] { *s_kerberos, *s_spnego };
            var mechanisms = new OidSet { Count = 2, Elements = both };
            byte[] value = Encoding.UTF8.GetBytes($"FILE:{keytab}\0");
            fixed (byte* key = "keytab\0"u8, path = value)
            {
                var entry = new KeyValue { Key = key, Value = path };
                var store = new KeyValueSet { Count = 1, Elements = &entry };
                KeyValueSet* from = keytab is null ? null : &store;
                if (IsError(gss_acquire_cred_from(out minor, name, uint.MaxValue, &mechanisms, AcceptOnly, from, out credential, null, null), out uint failed))
                {
                    // SPNEGO says only that there are none; Kerberos by itself says why.
                    mechanisms.Count = 1;
                    uint again = gss_acquire_cred_from(out uint cause, name, uint.MaxValue, &mechanisms, AcceptOnly, from, out credential, null, null);
                    ReleaseCredential(ref credential);
                    return IsError(again, out again) ? Describe(again, cause) : Describe(failed, minor);
                }
            }

            // Whatever else may be installed: within SPNEGO, too, Kerberos alone.
            var kerberos = new OidSet { Count = 1, Elements = s_kerberos };
            if (IsError(gss_set_neg_mechs(out minor, credential, &kerberos), out uint notSet))
            {
                string fault = Describe(notSet, minor);
                ReleaseCredential(ref credential);
                return fault;
            }

            return null;
        }
        finally
        {
            if (name != 0)
            {
                _ = gss_release_name(out _, ref name);
            }
        }
    }

    internal static void ReleaseCredential(ref nint credential)
    {
        if (credential != 0)
        {
            _ = gss_release_cred(out _, ref credential);
            credential = 0;
        }
    }

    internal static void DeleteContext(nint context) => _ = gss_delete_sec_context(out _, ref context, null);

    /// <summary>Takes the next token of a negotiation.</summary>
    /// <param name="context">The negotiation so far, zero at its beginning; what becomes of it.</param>
    /// <param name="credential">From <see cref="AcquireAcceptor"/>.</param>
    /// <param name="token">What the client sent.</param>
    internal static AcceptedToken Accept(ref nint context, nint credential, ReadOnlySpan<byte> token)
    {
        nint client = 0, server = 0;
        var output = default(Buffer);
        try
        {
            uint major, minor;
            Oid* mechanism;
            fixed (byte* start = token)
            {
                var input = new Buffer { Length = (nuint)token.Length, Value = start };
                major = gss_accept_sec_context(out minor, ref context, credential, &input, 0, out client, out mechanism, &output, out _, out _, null);
            }

            if (IsError(major, out uint failed))
            {
                return new AcceptedToken(failed, []) { Fault = Describe(failed, minor) };
            }

            byte[] reply = output.Length == 0 ? [] : new ReadOnlySpan<byte>(output.Value, checked((int)output.Length)).ToArray();
            if ((major & ContinueNeeded) != 0)
            {
                return new AcceptedToken(ContinueNeeded, reply);
            }

            if (!IsSame(mechanism, s_kerberos) && !IsSame(mechanism, s_kerberosOfWindows2000))
            {
                return new AcceptedToken(uint.MaxValue, []) { Fault = "the client was known by another mechanism than Kerberos" };
            }

            if (IsError(gss_inquire_context(out minor, context, null, &server, null, null, null, null, null), out failed))
            {
                return new AcceptedToken(failed, []) { Fault = Describe(failed, minor) };
            }

            return new AcceptedToken(Complete, reply) { Client = TextOf(client), Server = TextOf(server) };
        }
        finally
        {
            _ = gss_release_buffer(out _, &output);
            if (client != 0)
            {
                _ = gss_release_name(out _, ref client);
            }

            if (server != 0)
            {
                _ = gss_release_name(out _, ref server);
            }
        }
    }

    private static bool IsError(uint major, out uint failed) => ((failed = major) & CallingAndRoutineErrors) != 0;

    private static bool IsSame(Oid* one, Oid* other) =>
        one is not null && new ReadOnlySpan<byte>(one->Elements, (int)one->Length).SequenceEqual(new ReadOnlySpan<byte>(other->Elements, (int)other->Length));

    private static string? TextOf(nint name)
    {
        var text = default(Buffer);
        if (name == 0 || IsError(gss_display_name(out _, name, &text, null), out _))
        {
            return null;
        }

        string result = Encoding.UTF8.GetString(new ReadOnlySpan<byte>(text.Value, checked((int)text.Length)));
        _ = gss_release_buffer(out _, &text);
        return result;
    }

    /// <summary>What the library says: the mechanism's words where it has any, since those of GSS name no cause.</summary>
    private static string Describe(uint major, uint minor) =>
        (major & RoutineErrors) == BadMechanism ? "the client offers no Kerberos (NTLM alone is what clients without a ticket offer)"
        : minor != 0 && Words(minor, OfMechanism) is { Length: > 0 } words && words != NoWords ? words
        : Words(major, OfGss);

    private static string Words(uint status, int kind)
    {
        var words = new StringBuilder();
        uint more = 0;
        for (int i = 0; i < MaximumMessages; i++)
        {
            var text = default(Buffer);
            if (IsError(gss_display_status(out _, status, kind, kind == OfMechanism ? s_kerberos : null, ref more, &text), out _))
            {
                break;
            }

            words.Append(words.Length > 0 ? "; " : "").Append(Encoding.UTF8.GetString(new ReadOnlySpan<byte>(text.Value, checked((int)text.Length))).TrimEnd('.'));
            _ = gss_release_buffer(out _, &text);
            if (more == 0)
            {
                break;
            }
        }

        return words.ToString();
    }

    private static Oid* Permanent(ReadOnlySpan<byte> bytes)
    {
        byte* elements = (byte*)NativeMemory.Alloc((nuint)bytes.Length);
        bytes.CopyTo(new Span<byte>(elements, bytes.Length));
        var oid = (Oid*)NativeMemory.Alloc((nuint)sizeof(Oid));
        *oid = new Oid { Length = (uint)bytes.Length, Elements = elements };
        return oid;
    }

    // The structures of gssapi.h.
    private struct Oid
    {
        internal uint Length;
        internal byte* Elements;
    }

    private struct OidSet
    {
        internal nuint Count;
        internal Oid* Elements;
    }

    private struct Buffer
    {
        internal nuint Length;
        internal byte* Value;
    }

    private struct KeyValue
    {
        internal byte* Key;
        internal byte* Value;
    }

    private struct KeyValueSet
    {
        internal uint Count;
        internal KeyValue* Elements;
    }

    [LibraryImport(Library)]
    private static partial uint gss_import_name(out uint minor, Buffer* text, Oid* kind, out nint name);

    [LibraryImport(Library)]
    private static partial uint gss_acquire_cred_from(
        out uint minor, nint name, uint time, OidSet* mechanisms, int usage, KeyValueSet* store, out nint credential, OidSet** actual, uint* lifetime);

    [LibraryImport(Library)]
    private static partial uint gss_set_neg_mechs(out uint minor, nint credential, OidSet* mechanisms);

    [LibraryImport(Library)]
    private static partial uint gss_accept_sec_context(
        out uint minor, ref nint context, nint credential, Buffer* input, nint bindings, out nint client, out Oid* mechanism, Buffer* output, out uint flags, out uint lifetime,
        nint* delegated);

    [LibraryImport(Library)]
    private static partial uint gss_inquire_context(
        out uint minor, nint context, nint* client, nint* server, uint* lifetime, Oid** mechanism, uint* flags, int* isLocal, int* isOpen);

    [LibraryImport(Library)]
    private static partial uint gss_display_name(out uint minor, nint name, Buffer* text, Oid** kind);

    [LibraryImport(Library)]
    private static partial uint gss_display_status(out uint minor, uint status, int kind, Oid* mechanism, ref uint more, Buffer* text);

    [LibraryImport(Library)]
    private static partial uint gss_delete_sec_context(out uint minor, ref nint context, Buffer* token);

    [LibraryImport(Library)]
    private static partial uint gss_release_name(out uint minor, ref nint name);

    [LibraryImport(Library)]
    private static partial uint gss_release_cred(out uint minor, ref nint credential);

    [LibraryImport(Library)]
    private static partial uint gss_release_buffer(out uint minor, Buffer* text);
}

/// <summary>What comes of a token.</summary>
/// <param name="Status"><see cref="GssApi.Complete"/>, <see cref="GssApi.ContinueNeeded"/>, or an error.</param>
/// <param name="Reply">What the client is to get, empty for nothing.</param>
internal sealed record AcceptedToken(uint Status, byte[] Reply)
{
    /// <summary>Who the client is, where the negotiation is complete.</summary>
    internal string? Client { get; init; }

    /// <summary>Whom the client meant, where it is.</summary>
    internal string? Server { get; init; }

    /// <summary>Why the token is refused, for operators; null where it is not.</summary>
    internal string? Fault { get; init; }
}
