namespace Tidegate.Gateway.Security.Kerberos;

/// <summary>The gateway as a service of Kerberos: its keys, and whose tickets it takes.</summary>
/// <param name="options">What the realm says.</param>
internal sealed class KerberosAcceptor(KerberosOptions options)
{
    // Browsers and curl ask for tickets of this kind (RFC 4559, section 4); keytabs often hold others beside it.
    private const string ServiceOfHttp = "HTTP/";

    private const string Anonymous = "WELLKNOWN/ANONYMOUS@";

    /// <summary>Why nobody could log in at the moment; null where they can.</summary>
    internal string? FindFault()
    {
        try
        {
            string? fault = GssApi.AcquireAcceptor(options.Keytab, options.Principal, out nint credential);
            GssApi.ReleaseCredential(ref credential);
            return fault;
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException or TypeInitializationException)
        {
            return $"{GssApi.Library} can not be loaded; on Debian it is in the package libgssapi-krb5-2";
        }
    }

    /// <summary>Takes the next token of a negotiation. Keys are looked for each time: a keytab may have changed.</summary>
    /// <exception cref="LoginUnavailableException">There are no keys.</exception>
    internal AcceptedToken Accept(SecurityContext context, ReadOnlySpan<byte> token)
    {
        if (GssApi.AcquireAcceptor(options.Keytab, options.Principal, out nint credential) is { } fault)
        {
            throw new LoginUnavailableException($"there are no keys for Kerberos: {fault}");
        }

        try
        {
            return context.Accept(credential, token);
        }
        finally
        {
            GssApi.ReleaseCredential(ref credential);
        }
    }

    /// <summary>Decides about a negotiation that is complete.</summary>
    internal NegotiationStep Judge(AcceptedToken accepted) =>
        accepted.Client is not { Length: > 0 } client || client.StartsWith(Anonymous, StringComparison.Ordinal)
            ? NegotiationStep.Refused("the ticket says nobody's name")
            : options.Principal is null && accepted.Server?.StartsWith(ServiceOfHttp, StringComparison.Ordinal) != true
                ? NegotiationStep.Refused($"the ticket is for {accepted.Server}, and not for a service {ServiceOfHttp}…")
                : new NegotiationStep(NameOf(client), null);

    /// <summary>
    /// The name without its realm where that is the one that the options name: of another realm, the same name is somebody else.
    /// </summary>
    private string NameOf(string principal)
    {
        int at = principal.LastIndexOf('@');
        return options.StrippedRealm is { } realm && at > 0 && principal.AsSpan(at + 1).SequenceEqual(realm) && !principal.AsSpan(0, at).ContainsAny('@', '\\')
            ? principal[..at]
            : principal;
    }
}

/// <summary>What the <c>kerberos5</c> and <c>gss</c> login modules of a realm say.</summary>
/// <param name="Keytab">The full path of the keytab; null for the one that the system names.</param>
/// <param name="Principal">Whose tickets alone are taken; null for any service HTTP/… in the keytab.</param>
/// <param name="StrippedRealm">The Kerberos realm whose users are known without it; null for none.</param>
internal sealed record KerberosOptions(string? Keytab, string? Principal, string? StrippedRealm);
