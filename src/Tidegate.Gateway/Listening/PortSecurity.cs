using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway.Listening;

/// <summary>Whether and how TLS is spoken at a port, or at what stands for one.</summary>
/// <param name="Tls">What the gateway speaks it with, or null where it does not.</param>
/// <param name="Options">The options of the accept that the port was bound for.</param>
/// <param name="IsSecure">True where clients speak TLS, to the gateway or to something in front of it.</param>
/// <param name="HasLayer">True where TLS belongs here, whoever speaks it; false where a transport was put in its place.</param>
internal sealed record PortSecurity(TlsUse? Tls, TlsOptions Options, bool IsSecure, bool HasLayer)
{
    internal static PortSecurity None { get; } = new(null, new TlsOptions(), IsSecure: false, HasLayer: false);

    /// <summary>What an accept asks for.</summary>
    /// <exception cref="GatewayStartException">There is no certificate, or the options can not be had.</exception>
    internal static PortSecurity For(Binding binding, GatewayTls tls)
    {
        TlsOptions options = binding.Configuration.AcceptOptions.Tls;
        return binding.Tls is { } layer && options.Encryption
            ? new PortSecurity(
                tls.ForAccept(binding.Accept with { Uri = layer }, options, binding.IsHttp ? HttpServer.ApplicationProtocols(binding.Configuration.AcceptOptions.Http2) : []), options, IsSecure: true, HasLayer: true)
            : binding.IsSecure ? new PortSecurity(null, options, IsSecure: true, HasLayer: binding.Tls is not null)
            : None;
    }

    /// <summary>The same without a certificate: enough to compare it with others.</summary>
    internal static PortSecurity Unopened(Binding binding) =>
        new(null, binding.Configuration.AcceptOptions.Tls, binding.IsSecure, HasLayer: binding.Tls is not null);

    /// <summary>Why an accept can not share the port of another, in the words of the old gateway; null where it can.</summary>
    /// <param name="first">The accept that the port was bound for.</param>
    /// <param name="binding">The accept that is to share it.</param>
    /// <param name="port">The port, as messages call it.</param>
    internal string? WhyNotShared(ServiceAddress first, Binding binding, string port)
    {
        ServiceAddress accept = binding.Accept;
        TlsOptions options = binding.Configuration.AcceptOptions.Tls;
        string Differs(string element) =>
            $"<{element}> value for <accept>{accept.Uri}</accept> does not match <{element}> value for <accept>{first.Uri}</accept> on same transport {port}. " +
            "Write the same for both, or give one of them another port";
        if (IsSecure != binding.IsSecure || HasLayer != binding.Tls is not null)
        {
            return $"{accept.Uri} and {first.Uri} ({first.Position}) would share {port}, and only one of them speaks TLS. Give one of the two another port";
        }

        return !HasLayer ? null
            : Options.Encryption != options.Encryption ? Differs("ssl.encryption")
            : Options.VerifyClient != options.VerifyClient ? Differs("ssl.verify-client")
            : Options.Protocols != options.Protocols ? Differs("ssl.protocols")
            : Options.Ciphers != options.Ciphers ? Differs("ssl.ciphers")
            : null;
    }
}
