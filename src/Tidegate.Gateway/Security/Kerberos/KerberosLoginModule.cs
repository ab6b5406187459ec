using System.Text;

namespace Tidegate.Gateway.Security.Kerberos;

/// <summary>
/// The login modules <c>kerberos5</c> and <c>gss</c>: who shows a ticket of Kerberos by the scheme Negotiate (RFC 4559). The old gateway had its keys
/// by the one and checked tickets by the other; here either does both, and where a realm has both of them, a ticket is checked once.
/// </summary>
internal sealed class KerberosLoginModule(KerberosAcceptor acceptor, LoginQueue turns) : ILoginModule
{
    /// <summary>Bytes of a token, as they come in base64; what a request may hold of headers is little more.</summary>
    internal const int MaximumTokenLength = 32 * 1024;

    /// <summary>Tickets that are checked at once: each is a moment of a core, and a write to the library's file of those used before.</summary>
    internal const int MaximumAtOnce = 8;

    private static ReadOnlySpan<byte> OfNtlm => "NTLMSSP\0"u8;

    public async ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation)
    {
        NegotiationStep step = await (attempt.Negotiated ??= StepAsync(attempt.Credentials, cancellation)).ConfigureAwait(false);
        return step.Principal is { } name ? LoginResult.Success(name, [])
            : step.Fault is { } fault ? LoginResult.Failure(fault)
            : LoginResult.GoesOn;
    }

    private async Task<NegotiationStep> StepAsync(Credentials credentials, CancellationToken cancellation)
    {
        string text = credentials.Token;
        byte[] token = new byte[text.Length <= MaximumTokenLength ? text.Length : 0];
        if (token.Length == 0 || !Convert.TryFromBase64String(text, token, out int length) || length == 0)
        {
            return NegotiationStep.Refused("no token of Negotiate came");
        }

        if (token.AsSpan(0, length).StartsWith(OfNtlm))
        {
            return NegotiationStep.Refused("the client tried NTLM, and only Kerberos is taken; it may have no ticket, or does not trust this host with one");
        }

        Negotiation negotiation = credentials.Negotiation ?? new Negotiation();
        return await turns.RunAsync(cancelled => Task.Run(() => negotiation.Take(acceptor, token.AsSpan(0, length)), cancelled), cancellation).ConfigureAwait(false);
    }
}
