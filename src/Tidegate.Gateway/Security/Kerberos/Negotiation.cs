using System.Runtime.InteropServices;

namespace Tidegate.Gateway.Security.Kerberos;

/// <summary>
/// What a client and a realm have said to each other of RFC 4178 so far. It belongs to one connection of HTTP/1.1, or to one handshake within
/// a WebSocket, whose requests come one after the other; only what is not complete yet is kept from one request to the next.
/// </summary>
internal sealed class Negotiation
{
    /// <summary>Tokens of a client before it has to begin anew.</summary>
    internal const int MaximumRounds = 5;

    private readonly Lock _gate = new();
    private SecurityContext? _pending;
    private KerberosAcceptor? _with;
    private int _rounds;

    /// <summary>What the client is to get beside the answer to its last token, in base64; null for nothing.</summary>
    internal string? Reply { get; private set; }

    /// <summary>The same, where more tokens are to come; null where it is decided.</summary>
    internal string? ReplyToGoOn => _pending is null ? null : Reply;

    /// <summary>Forgets what was said to a request before.</summary>
    internal void BeginRequest() => Reply = null;

    /// <summary>Takes a token. It blocks: files are read and written.</summary>
    /// <param name="acceptor">Who takes it; another one than before begins anew.</param>
    /// <param name="token">The token.</param>
    internal NegotiationStep Take(KerberosAcceptor acceptor, ReadOnlySpan<byte> token)
    {
        lock (_gate)
        {
            // What begins a negotiation is framed by GSS (RFC 2743, section 3.1), and what goes on with one is not.
            bool begins = token is [0x60, ..];
            SecurityContext? context = begins || _with != acceptor ? null : _pending;
            if (context is null)
            {
                _pending?.Dispose();
                _rounds = 0;
                if (!begins)
                {
                    Forget();
                    return NegotiationStep.Refused("the token goes on with a negotiation that nobody began on this connection");
                }
            }

            (_pending, _with) = (null, null);
            context ??= new SecurityContext();
            AcceptedToken accepted = acceptor.Accept(context, token);
            Reply = accepted.Reply.Length == 0 ? null : Convert.ToBase64String(accepted.Reply);
            if (accepted.Status == GssApi.ContinueNeeded && ++_rounds < MaximumRounds)
            {
                (_pending, _with) = (context, acceptor);
                return NegotiationStep.GoesOn;
            }

            context.Dispose();
            if (accepted.Status == GssApi.ContinueNeeded)
            {
                Reply = null;
                return NegotiationStep.Refused($"there is no end to it within {MaximumRounds} tokens");
            }

            return accepted.Fault is { } fault ? NegotiationStep.Refused(fault) : acceptor.Judge(accepted);
        }
    }

    private void Forget() => (_pending, _with, Reply) = (null, null, null);
}

/// <summary>What comes of a token of a negotiation.</summary>
/// <param name="Principal">Who the client is, or null.</param>
/// <param name="Fault">Why it is not known, for operators; null where it is, or where more tokens are to come.</param>
internal sealed record NegotiationStep(string? Principal, string? Fault)
{
    /// <summary>The client is to send another token.</summary>
    internal static NegotiationStep GoesOn { get; } = new(null, null);

    internal static NegotiationStep Refused(string fault) => new(null, fault);
}

/// <summary>A negotiation that the library keeps. One that a client leaves behind goes with the garbage.</summary>
internal sealed class SecurityContext() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    /// <summary>Takes the next token.</summary>
    internal AcceptedToken Accept(nint credential, ReadOnlySpan<byte> token) => GssApi.Accept(ref handle, credential, token);

    protected override bool ReleaseHandle()
    {
        GssApi.DeleteContext(handle);
        return true;
    }
}
