using System.Reflection;
using System.Runtime.InteropServices;

namespace Tidegate.Engine.Tls;

/// <summary>
/// The functions of OpenSSL 3 that speaking TLS takes, without marshalling: every parameter is blittable. Pointers to objects of
/// the library are <c>nint</c>; its <c>long</c> is as wide as a pointer wherever this is used (not on Windows).
/// </summary>
internal static unsafe partial class OpenSsl
{
    private const string Ssl = "libssl";
    private const string Crypto = "libcrypto";

    internal const int SSL_ERROR_WANT_READ = 2;
    internal const int SSL_ERROR_ZERO_RETURN = 6;

    internal const int SSL_CTRL_MODE = 33;
    internal const int SSL_CTRL_SET_READ_AHEAD = 41;
    internal const int SSL_CTRL_SET_SESS_CACHE_MODE = 44;
    internal const int SSL_CTRL_SET_TLSEXT_SERVERNAME_CB = 53;
    internal const int SSL_CTRL_SET_TLSEXT_HOSTNAME = 55;
    internal const int SSL_CTRL_CHAIN_CERT = 89;
    internal const int SSL_CTRL_SET_DH_AUTO = 118;
    internal const int SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
    internal const int SSL_CTRL_SET_MAX_PROTO_VERSION = 124;

    internal const nint SSL_MODE_RELEASE_BUFFERS = 0x10;
    internal const ulong SSL_OP_NO_COMPRESSION = 1 << 17;
    internal const ulong SSL_OP_CIPHER_SERVER_PREFERENCE = 1 << 22;
    internal const ulong SSL_OP_NO_SSLv3 = 1 << 25;
    internal const ulong SSL_OP_NO_TLSv1 = 1 << 26;
    internal const ulong SSL_OP_NO_TLSv1_2 = 1 << 27;
    internal const ulong SSL_OP_NO_TLSv1_1 = 1 << 28;
    internal const ulong SSL_OP_NO_TLSv1_3 = 1 << 29;
    internal const ulong SSL_OP_NO_RENEGOTIATION = 1 << 30;

    internal const int SSL_VERIFY_NONE = 0;
    internal const int SSL_VERIFY_PEER = 1;
    internal const int SSL_VERIFY_FAIL_IF_NO_PEER_CERT = 2;
    internal const uint X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS = 4;

    internal const int SSL_TLSEXT_ERR_OK = 0;
    internal const int SSL_TLSEXT_ERR_NOACK = 3;

    internal const int BIO_TYPE_SOURCE_SINK = 0x400;
    internal const int BIO_CTRL_FLUSH = 11;
    internal const int BIO_FLAGS_READ = 1;
    internal const int BIO_FLAGS_SHOULD_RETRY = 8;
    internal const int BIO_FLAGS_OF_A_CALL = 0x0F;

    static OpenSsl() => NativeLibrary.SetDllImportResolver(typeof(OpenSsl).Assembly, Resolve);

    [LibraryImport(Ssl)] internal static partial nint TLS_method();
    [LibraryImport(Ssl)] internal static partial nint SSL_CTX_new(nint method);
    [LibraryImport(Ssl)] internal static partial void SSL_CTX_free(nint context);
    [LibraryImport(Ssl)] internal static partial nint SSL_CTX_ctrl(nint context, int command, nint number, void* pointer);
    [LibraryImport(Ssl)] internal static partial nint SSL_CTX_callback_ctrl(nint context, int command, void* callback);
    [LibraryImport(Ssl)] internal static partial ulong SSL_CTX_set_options(nint context, ulong options);
    [LibraryImport(Ssl)] internal static partial int SSL_CTX_set_cipher_list(nint context, byte* list);
    [LibraryImport(Ssl)] internal static partial int SSL_CTX_set_ciphersuites(nint context, byte* list);
    [LibraryImport(Ssl)] internal static partial nint SSL_CTX_get_ciphers(nint context);
    [LibraryImport(Ssl)] internal static partial byte* SSL_CIPHER_get_name(nint cipher);
    [LibraryImport(Ssl)] internal static partial byte* SSL_CIPHER_standard_name(nint cipher);
    [LibraryImport(Ssl)] internal static partial byte* SSL_CIPHER_get_version(nint cipher);
    [LibraryImport(Ssl)] internal static partial nint SSL_get_current_cipher(nint ssl);
    [LibraryImport(Ssl)] internal static partial uint SSL_CIPHER_get_protocol_id(nint cipher);
    [LibraryImport(Ssl)] internal static partial int SSL_CTX_set_num_tickets(nint context, nuint count);
    [LibraryImport(Ssl)] internal static partial nint SSL_CTX_set_timeout(nint context, nint seconds);
    [LibraryImport(Ssl)] internal static partial int SSL_CTX_set_session_id_context(nint context, byte* id, uint length);
    [LibraryImport(Ssl)] internal static partial int SSL_CTX_use_certificate(nint context, nint certificate);
    [LibraryImport(Ssl)] internal static partial int SSL_CTX_use_PrivateKey(nint context, nint key);
    [LibraryImport(Ssl)] internal static partial int SSL_CTX_check_private_key(nint context);
    [LibraryImport(Ssl)] internal static partial nint SSL_CTX_get_cert_store(nint context);
    [LibraryImport(Ssl)] internal static partial int SSL_CTX_add_client_CA(nint context, nint certificate);
    [LibraryImport(Ssl)] internal static partial int SSL_CTX_set_default_verify_paths(nint context);
    [LibraryImport(Ssl)] internal static partial void SSL_CTX_set_verify(nint context, int mode, void* callback);
    [LibraryImport(Ssl)] internal static partial void SSL_CTX_set_alpn_select_cb(nint context, void* callback, void* argument);

    [LibraryImport(Ssl)] internal static partial nint SSL_new(nint context);
    [LibraryImport(Ssl)] internal static partial void SSL_free(nint ssl);
    [LibraryImport(Ssl)] internal static partial void SSL_set_bio(nint ssl, nint read, nint write);
    [LibraryImport(Ssl)] internal static partial void SSL_set_accept_state(nint ssl);
    [LibraryImport(Ssl)] internal static partial void SSL_set_connect_state(nint ssl);
    [LibraryImport(Ssl)] internal static partial nint SSL_set_SSL_CTX(nint ssl, nint context);
    [LibraryImport(Ssl)] internal static partial nint SSL_ctrl(nint ssl, int command, nint number, void* pointer);
    [LibraryImport(Ssl)] internal static partial int SSL_set1_host(nint ssl, byte* name);
    [LibraryImport(Ssl)] internal static partial void SSL_set_hostflags(nint ssl, uint flags);
    [LibraryImport(Ssl)] internal static partial nint SSL_get0_param(nint ssl);
    [LibraryImport(Ssl)] internal static partial int SSL_do_handshake(nint ssl);
    [LibraryImport(Ssl)] internal static partial int SSL_read_ex(nint ssl, byte* buffer, nuint capacity, nuint* count);
    [LibraryImport(Ssl)] internal static partial int SSL_write_ex(nint ssl, byte* data, nuint length, nuint* count);
    [LibraryImport(Ssl)] internal static partial int SSL_shutdown(nint ssl);
    [LibraryImport(Ssl), SuppressGCTransition] internal static partial int SSL_has_pending(nint ssl);
    [LibraryImport(Ssl), SuppressGCTransition] internal static partial int SSL_get_error(nint ssl, int result);
    [LibraryImport(Ssl)] internal static partial byte* SSL_get_servername(nint ssl, int type);
    [LibraryImport(Ssl)] internal static partial nint SSL_get_verify_result(nint ssl);
    [LibraryImport(Ssl)] internal static partial int SSL_version(nint ssl);
    [LibraryImport(Ssl)] internal static partial void SSL_get0_alpn_selected(nint ssl, byte** data, uint* length);
    [LibraryImport(Ssl)] internal static partial nint SSL_get1_peer_certificate(nint ssl);

    [LibraryImport(Crypto)] internal static partial int BIO_get_new_index();
    [LibraryImport(Crypto)] internal static partial nint BIO_meth_new(int type, byte* name);
    [LibraryImport(Crypto)] internal static partial int BIO_meth_set_read_ex(nint method, void* callback);
    [LibraryImport(Crypto)] internal static partial int BIO_meth_set_write_ex(nint method, void* callback);
    [LibraryImport(Crypto)] internal static partial int BIO_meth_set_ctrl(nint method, void* callback);
    [LibraryImport(Crypto)] internal static partial nint BIO_new(nint method);
    [LibraryImport(Crypto)] internal static partial void BIO_set_data(nint bio, void* data);
    [LibraryImport(Crypto)] internal static partial void BIO_set_init(nint bio, int value);
    [LibraryImport(Crypto), SuppressGCTransition] internal static partial void* BIO_get_data(nint bio);
    [LibraryImport(Crypto), SuppressGCTransition] internal static partial void BIO_set_flags(nint bio, int flags);
    [LibraryImport(Crypto), SuppressGCTransition] internal static partial void BIO_clear_flags(nint bio, int flags);
    [LibraryImport(Crypto)] internal static partial nint d2i_X509(nint* target, byte** data, nint length);
    [LibraryImport(Crypto)] internal static partial int i2d_X509(nint certificate, byte** target);
    [LibraryImport(Crypto)] internal static partial int X509_check_private_key(nint certificate, nint key);
    [LibraryImport(Crypto)] internal static partial void X509_free(nint certificate);
    [LibraryImport(Crypto)] internal static partial nint d2i_AutoPrivateKey(nint* target, byte** data, nint length);
    [LibraryImport(Crypto)] internal static partial void EVP_PKEY_free(nint key);
    [LibraryImport(Crypto)] internal static partial int X509_STORE_add_cert(nint store, nint certificate);
    [LibraryImport(Crypto)] internal static partial int X509_VERIFY_PARAM_set1_ip_asc(nint parameters, byte* address);
    [LibraryImport(Crypto)] internal static partial byte* X509_verify_cert_error_string(nint result);
    [LibraryImport(Crypto)] internal static partial int OPENSSL_sk_num(nint stack);
    [LibraryImport(Crypto)] internal static partial nint OPENSSL_sk_value(nint stack, int index);
    [LibraryImport(Crypto)] internal static partial void ERR_clear_error();
    [LibraryImport(Crypto)] internal static partial nuint ERR_get_error();
    [LibraryImport(Crypto)] internal static partial byte* ERR_reason_error_string(nuint error);
    [LibraryImport(Crypto)] internal static partial nuint OpenSSL_version_num();

    /// <summary>Whether the library is there; false on Windows, where its integers differ.</summary>
    internal static bool IsAvailable { get; } = !OperatingSystem.IsWindows() && HasVersion3();

    /// <summary>The reason of the oldest error of this thread in the library's words; the others are dropped.</summary>
    internal static string TakeError()
    {
        nuint error = ERR_get_error();
        ERR_clear_error();
        return error == 0 ? "no reason given" : Text(ERR_reason_error_string(error)) ?? $"error {error:X}";
    }

    internal static string? Text(byte* text) => text is null ? null : Marshal.PtrToStringUTF8((nint)text);

    private static bool HasVersion3()
    {
        try
        {
            // The libraries are found one by one.
            return OpenSSL_version_num() >= 0x30000000 && TLS_method() != 0;
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name is not (Ssl or Crypto))
        {
            return 0;
        }

        ReadOnlySpan<string> endings = OperatingSystem.IsMacOS() ? [".3.dylib", ".dylib"] : [".so.3", ".so"];
        foreach (string ending in endings)
        {
            if (NativeLibrary.TryLoad(name + ending, assembly, path, out nint handle))
            {
                return handle;
            }
        }

        return 0;
    }
}
