using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tidegate.Gateway.Addressing;

/// <summary>The authority of a URI or of a bind option: a host and, perhaps, a port.</summary>
internal sealed record HostAndPort(UriHost Host, int? Port)
{
    /// <param name="authority">The text between <c>//</c> and the path.</param>
    /// <param name="whole">What the user wrote, for messages.</param>
    /// <param name="lowestPort">0 where that is a port too: any free one. Otherwise 1.</param>
    /// <param name="place">The host and the port, if the result is true.</param>
    /// <param name="fault">What is wrong, if the result is false.</param>
    internal static bool TryParse(
        string authority, string whole, int lowestPort, [NotNullWhen(true)] out HostAndPort? place, [NotNullWhen(false)] out TextFault? fault)
    {
        place = null;
        if (authority.StartsWith('@') || authority.StartsWith("[@", StringComparison.Ordinal))
        {
            fault = new($"Tidegate does not serve network interface names yet (\"{whole}\").", "Write an address of that interface, or a host name.");
            return false;
        }

        if (authority.Contains('@', StringComparison.Ordinal))
        {
            fault = new($"There is a user name before the host in \"{whole}\".", "Remove everything up to the @.");
            return false;
        }

        if (!TrySplit(authority, whole, out string hostText, out string? portText, out fault)
            || !TryParseHost(hostText, whole, out UriHost? host, out fault))
        {
            return false;
        }

        int? port = null;
        if (portText is not null)
        {
            if (!TryParsePort(portText, lowestPort, out int number))
            {
                fault = new($"\"{portText}\" in \"{whole}\" is not a port.", PortCure(lowestPort));
                return false;
            }

            port = number;
        }

        place = new HostAndPort(host, port);
        return true;
    }

    internal static bool TryParsePort(string text, int lowestPort, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port >= lowestPort && port <= 65535;

    private static string PortCure(int lowestPort) =>
        lowestPort == 0 ? "Write a number from 1 to 65535, or 0 for any free port." : "Write a number from 1 to 65535.";

    private static bool TrySplit(string authority, string whole, out string host, out string? port, [NotNullWhen(false)] out TextFault? fault)
    {
        int hostEnd = authority.Length;
        fault = null;
        if (authority.StartsWith('['))
        {
            int bracket = authority.IndexOf(']', StringComparison.Ordinal);
            hostEnd = bracket + 1;
            if (bracket < 0 || (hostEnd < authority.Length && authority[hostEnd] != ':'))
            {
                fault = new($"The brackets around the IPv6 address in \"{whole}\" are wrong.", "Write it as in [::1]:8000.");
            }
        }
        else if (authority.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0)
        {
            hostEnd = colon;
            if (authority.LastIndexOf(':') != colon)
            {
                fault = new($"There are too many colons in \"{whole}\".", "Write an IPv6 address in brackets, as in [::1]:8000.");
            }
        }

        host = fault is null ? authority[..hostEnd] : "";
        port = fault is null && hostEnd < authority.Length ? authority[(hostEnd + 1)..] : null;
        if (fault is null && host.Length == 0)
        {
            fault = new($"Missing host in URI: {whole}.", "Write a host name or an address, such as localhost, 0.0.0.0 (all IPv4) or [::] (all).");
        }

        return fault is null;
    }

    private static bool TryParseHost(string text, string whole, [NotNullWhen(true)] out UriHost? host, [NotNullWhen(false)] out TextFault? fault)
    {
        host = null;
        fault = null;
        if (text[0] == '[')
        {
            string inside = text[1..^1];
            if (IPAddress.TryParse(inside, out IPAddress? v6) && v6.AddressFamily == AddressFamily.InterNetworkV6)
            {
                host = new HostAddress(v6);
                return true;
            }

            fault = new($"\"{inside}\" in \"{whole}\" is not an IPv6 address.", "Brackets are for IPv6 addresses only, as in [::1].");
            return false;
        }

        if (text == "*")
        {
            fault = new($"Tidegate does not serve * as a host yet (\"{whole}\").", "Write the host name that clients use, or 0.0.0.0.");
            return false;
        }

        string[] labels = text.Split('.');
        if (labels.All(label => label.Length > 0 && label.All(char.IsAsciiDigit)))
        {
            // IPAddress.Parse also takes 127.1 and octal numbers, which mean different things to different programs.
            if (labels.Length == 4 && labels.All(IsOctet))
            {
                host = new HostAddress(IPAddress.Parse(text));
                return true;
            }

            fault = new($"\"{text}\" in \"{whole}\" is not an IPv4 address.", "Write four numbers from 0 to 255, without leading zeros, as in 127.0.0.1.");
            return false;
        }

        if (text.Length > 253 || !labels.All(IsLabel))
        {
            fault = new(
                $"\"{text}\" in \"{whole}\" is not a host name.",
                "A name has parts of 1 to 63 letters, digits, hyphens or underscores with dots between; write international names in their xn-- form.");
            return false;
        }

        host = new HostName(text.ToLowerInvariant());
        return true;
    }

    private static bool IsOctet(string label) =>
        label.Length <= 3 && (label.Length == 1 || label[0] != '0') && int.Parse(label, CultureInfo.InvariantCulture) <= 255;

    private static bool IsLabel(string label) =>
        label.Length is >= 1 and <= 63
        && label[0] != '-' && label[^1] != '-'
        && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
