using System.Diagnostics.CodeAnalysis;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Configuration.Formats;

/// <summary>A URI to accept at or connect to, of one of the given schemes.</summary>
internal sealed class GatewayUriFormat(UriUse use, params UriScheme[] schemes) : ValueFormat<GatewayUri>
{
    internal override string Description => $"a URI ({string.Join(", ", schemes.Select(s => s.Name))})";

    internal override bool TryRead(string text, [MaybeNullWhen(false)] out GatewayUri value, [NotNullWhen(false)] out TextFault? fault)
    {
        if (!GatewayUri.TryParse(text, use, out value, out fault))
        {
            if (use == UriUse.Accept && fault.Problem.StartsWith(HostAndPort.MissingHost, StringComparison.Ordinal))
            {
                fault = fault with { Problem = $"Host is required for service \"{text}\". {fault.Problem}" };
            }

            return false;
        }

        // What Tidegate does not serve yet is read and noted, whatever the service; what the type does not take is wrong.
        if (!schemes.Contains(value.Scheme) && !UnservedYet.IsScheme(value.Scheme.Name))
        {
            fault = new(
                $"This service does not {(use == UriUse.Accept ? "accept" : "connect")} {value.Scheme} (\"{text}\").",
                $"Schemes allowed here: {string.Join(", ", schemes.Select(s => s.Name))}.");
        }

        return fault is null;
    }
}

/// <summary>Where to bind: <c>host:port</c>, <c>[ipv6]:port</c>, <c>@interface:port</c>, <c>[@interface name]:port</c> or <c>port</c>.</summary>
/// <param name="scheme">What stands before <c>.bind</c>, which an old message names.</param>
internal sealed class BindAddressFormat(string scheme) : ValueFormat<BindAddress>
{
    internal override string Description => "host:port, [ipv6]:port, @interface:port, [@interface name]:port or a port";

    internal override bool TryRead(string text, [MaybeNullWhen(false)] out BindAddress value, [NotNullWhen(false)] out TextFault? fault)
    {
        bool right = BindAddress.TryParse(text, out value, out fault);
        if (!right)
        {
            // In the old words: what has no colon was taken for a port.
            string forms = BindAddress.Forms(text);
            fault = new(
                text.Contains(':', StringComparison.Ordinal) ? fault!.Problem : $"Failed to add bind for scheme {scheme} to port {text}. {fault!.Problem}",
                fault.Cure == forms ? forms : $"{fault.Cure} {forms}");
        }

        return right;
    }
}

/// <summary>What carries a layer: a whole URI of any scheme.</summary>
/// <param name="name">The option, which the old message starts with.</param>
/// <param name="use">Whether it is listened at or connected to.</param>
internal sealed class TransportFormat(string name, UriUse use) : ValueFormat<GatewayUri>
{
    internal override string Description => "a whole URI";

    internal override bool TryRead(string text, [MaybeNullWhen(false)] out GatewayUri value, [NotNullWhen(false)] out TextFault? fault)
    {
        value = null;
        if (!text.Contains("://", StringComparison.Ordinal))
        {
            fault = new($"{name} must contain an absolute URI, not \"{text}\".", "Write one with its scheme, such as tcp://127.0.0.1:8080.");
            return false;
        }

        return GatewayUri.TryParse(text, use, out value, out fault);
    }
}
