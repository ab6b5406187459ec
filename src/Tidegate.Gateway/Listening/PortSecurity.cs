using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway.Listening;

/// <summary>Whether and how TLS is spoken at a port.</summary>
/// <param name="Tls">What the gateway speaks it with, or null where it does not.</param>
/// <param name="Options">The options of the accept that the port was bound for.</param>
/// <param name="IsSecure">True where clients speak TLS, to the gateway or to something in front of it.</param>
internal sealed record PortSecurity(TlsUse? Tls, TlsOptions Options, bool IsSecure)
{
    internal static PortSecurity None { get; } = new(null, new TlsOptions(), IsSecure: false);

    /// <summary>Why an accept can not share the port of another, in the words of the old gateway; null where it can.</summary>
    /// <param name="first">The accept that the port was bound for.</param>
    /// <param name="accept">The accept that is to share it.</param>
    /// <param name="options">The TLS options of that one.</param>
    /// <param name="port">The port, as messages call it.</param>
    internal string? WhyNotShared(ServiceAddress first, ServiceAddress accept, TlsOptions options, string port)
    {
        string Differs(string element) =>
            $"<{element}> value for <accept>{accept.Uri}</accept> does not match <{element}> value for <accept>{first.Uri}</accept> on same transport {port}. " +
            "Write the same for both, or give one of them another port";
        if (IsSecure != accept.Uri.Scheme.UsesTls)
        {
            return $"{accept.Uri} and {first.Uri} ({first.Position}) would share {port}, and only one of them speaks TLS. Give one of the two another port";
        }

        return !IsSecure ? null
            : Options.Encryption != options.Encryption ? Differs("ssl.encryption")
            : Options.VerifyClient != options.VerifyClient ? Differs("ssl.verify-client")
            : Options.Protocols != options.Protocols ? Differs("ssl.protocols")
            : Options.Ciphers != options.Ciphers ? Differs("ssl.ciphers")
            : null;
    }
}
