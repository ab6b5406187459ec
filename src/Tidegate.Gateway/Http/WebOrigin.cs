using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Http;

/// <summary>The origin of a web page (RFC 6454): scheme, host and port, in lower case, the port of http and https always there.</summary>
/// <param name="Text">Such as <c>https://example.com:443</c>. Two origins are the same where their texts are.</param>
internal readonly record struct WebOrigin(string Text)
{
    // A path, a user or a second origin make it something else than an origin.
    private static readonly SearchValues<char> s_foreign = SearchValues.Create("/?#@, \t\\");

    /// <summary>Reads what a browser sends as <c>Origin</c>. False for <c>null</c>, and for anything that is no origin.</summary>
    internal static bool TryParse([NotNullWhen(true)] string? text, out WebOrigin origin)
    {
        origin = default;
        int colon = text?.IndexOf("://", StringComparison.Ordinal) ?? -1;
        if (colon <= 0)
        {
            return false;
        }

        string scheme = text![..colon].ToLowerInvariant();
        string authority = text[(colon + 3)..].ToLowerInvariant();
        if (authority.Length == 0 || authority.AsSpan().ContainsAny(s_foreign) || !scheme.All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.'))
        {
            return false;
        }

        int afterAddress = authority.IndexOf(']', StringComparison.Ordinal) + 1;
        int portColon = authority.IndexOf(':', afterAddress);
        if (portColon < 0)
        {
            origin = new($"{scheme}://{authority}{DefaultPort(scheme)}");
            return true;
        }

        if (portColon == 0 || !ushort.TryParse(authority.AsSpan(portColon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            return false;
        }

        origin = new(string.Create(CultureInfo.InvariantCulture, $"{scheme}://{authority[..portColon]}:{port}"));
        return true;
    }

    /// <summary>The origin of pages that come from where an accept is: <c>https://example.com:443</c> for <c>wss://example.com/chat</c>.</summary>
    internal static WebOrigin Of(GatewayUri accept) => new($"{(IsSecure(accept.Scheme) ? "https" : "http")}://{accept.Authority.ToLowerInvariant()}");

    private static bool IsSecure(UriScheme scheme) => scheme.Name is "https" or "wss" || scheme.Name.EndsWith("+ssl", StringComparison.Ordinal);

    private static string DefaultPort(string scheme) => scheme switch
    {
        "http" => ":80",
        "https" => ":443",
        _ => string.Empty,
    };
}
