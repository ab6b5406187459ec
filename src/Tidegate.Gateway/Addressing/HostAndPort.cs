using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tidegate.Gateway.Addressing;

/// <summary>The authority of a URI or of a bind option: a host and, perhaps, a port.</summary>
internal sealed record HostAndPort(UriHost Host, int? Port)
{
    /// <summary>What the message of a text without a host begins with.</summary>
    internal const string MissingHost = "Missing host in URI: ";

    /// <param name="authority">The text between <c>//</c> and the path.</param>
    /// <param name="whole">What the user wrote, for messages.</param>
    /// <param name="use">
    /// To accept, a host may be an interface or <c>*</c>, and a port 0: any free one. Nobody can connect to such.
    /// </param>
    /// <param name="place">The host and the port, if the result is true.</param>
    /// <param name="fault">What is wrong, if the result is false.</param>
    internal static bool TryParse(
        string authority, string whole, UriUse use, [NotNullWhen(true)] out HostAndPort? place, [NotNullWhen(false)] out TextFault? fault)
    {
        place = null;
        bool isInterface = IsInterface(authority);
        if (isInterface && use == UriUse.Connect)
        {
            fault = new($"\"{whole}\" names a network interface of this machine.", "Write the host name or the address of what to connect to.");
            return false;
        }

        if (!isInterface && authority.Contains('@', StringComparison.Ordinal))
        {
            fault = new($"There is a user name before the host in \"{whole}\".", "Remove everything up to the @.");
            return false;
        }

        if (!TrySplit(authority, whole, out string hostText, out string? portText, out fault)
            || !(isInterface ? TryParseInterface(hostText, whole, out UriHost? host, out fault) : TryParseHost(hostText, whole, use, out host, out fault)))
        {
            return false;
        }

        int? port = null;
        if (portText is not null)
        {
            int lowestPort = use == UriUse.Accept ? 0 : 1;
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

    /// <summary>Whether an authority begins with an interface: <c>@eth0</c> or <c>[@Local Area Connection]</c>.</summary>
    internal static bool IsInterface(ReadOnlySpan<char> authority) => authority.StartsWith('@') || authority.StartsWith("[@");

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
                fault = IsInterface(authority)
                    ? new($"The brackets around the network interface in \"{whole}\" are wrong.", "Write it as in [@eth0:1]:8000.")
                    : new($"The brackets around the IPv6 address in \"{whole}\" are wrong.", "Write it as in [::1]:8000.");
            }
        }
        else if (authority.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0)
        {
            hostEnd = colon;
            if (authority.LastIndexOf(':') != colon)
            {
                fault = new(
                    $"There are too many colons in \"{whole}\".",
                    IsInterface(authority)
                        ? "Write an interface whose name has a colon in brackets, as in [@eth0:1]:8000."
                        : "Write an IPv6 address in brackets, as in [::1]:8000.");
            }
        }

        host = fault is null ? authority[..hostEnd] : "";
        port = fault is null && hostEnd < authority.Length ? authority[(hostEnd + 1)..] : null;
        if (fault is null && host.Length == 0)
        {
            fault = new($"{MissingHost}{whole}.", "Write a host name or an address, such as localhost, 0.0.0.0 (all IPv4), [::] (all IPv6) or * (all).");
        }

        return fault is null;
    }

    private static bool TryParseInterface(string text, string whole, [NotNullWhen(true)] out UriHost? host, [NotNullWhen(false)] out TextFault? fault)
    {
        bool inBrackets = text[0] == '[';
        string name = inBrackets ? text[2..^1] : text[1..];
        host = null;
        fault = null;
        if (name.Trim().Length == 0)
        {
            fault = new($"Missing interface name in \"{whole}\".", "Write it after the @, as in @eth0 or [@Local Area Connection].");
        }
        else if (inBrackets ? name.Any(c => char.IsControl(c) || c is '[' or '\u2028' or '\u2029') : !name.All(InterfaceName.IsPlain))
        {
            fault = new(
                $"\"{name}\" in \"{whole}\" is not the name of a network interface.",
                inBrackets ? "Brackets and control characters may not stand in it." : "Write one with other characters than letters, digits, -, _ and . in brackets, as in [@Local Area Connection].");
        }
        else
        {
            host = new InterfaceName(name);
        }

        return fault is null;
    }

    private static bool TryParseHost(
        string text, string whole, UriUse use, [NotNullWhen(true)] out UriHost? host, [NotNullWhen(false)] out TextFault? fault)
    {
        host = null;
        fault = null;
        if (text[0] == '[')
        {
            return TryParseV6(text[1..^1], whole, out host, out fault);
        }

        if (text == "*")
        {
            if (use == UriUse.Connect)
            {
                fault = new($"\"{whole}\" has * for a host, which can only be accepted at.", "Write the host name or the address of what to connect to.");
                return false;
            }

            host = AnyHost.Instance;
            return true;
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

    private static bool TryParseV6(string inside, string whole, [NotNullWhen(true)] out UriHost? host, [NotNullWhen(false)] out TextFault? fault)
    {
        host = null;
        fault = null;
        string text = inside;
        int percent = inside.IndexOf('%', StringComparison.Ordinal);
        // RFC 6874 has the percent sign itself encoded in front of a scope: [fe80::1%25eth0]. A number is taken as it stands.
        if (percent >= 0 && inside.Length > percent + 3 && inside.AsSpan(percent).StartsWith("%25") && !char.IsAsciiDigit(inside[percent + 3]))
        {
            text = inside[..(percent + 1)] + inside[(percent + 3)..];
        }

        if (inside.AsSpan().ContainsAny("[]/") || !IPAddress.TryParse(text, out IPAddress? v6) || v6.AddressFamily != AddressFamily.InterNetworkV6)
        {
            fault = new($"\"{inside}\" in \"{whole}\" is not an IPv6 address.", "Brackets are for IPv6 addresses, as in [::1], and for network interfaces, as in [@eth0:1].");
            return false;
        }

        // A name that no interface has becomes scope 0 without a word.
        if (percent >= 0 && v6.ScopeId == 0 && text[(percent + 1)..] != "0")
        {
            fault = LocalAddresses.UnknownInterface(text[(percent + 1)..]);
            return false;
        }

        host = new HostAddress(v6);
        return true;
    }

    private static bool IsOctet(string label) =>
        label.Length <= 3 && (label.Length == 1 || label[0] != '0') && int.Parse(label, CultureInfo.InvariantCulture) <= 255;

    private static bool IsLabel(string label) =>
        label.Length is >= 1 and <= 63
        && label[0] != '-' && label[^1] != '-'
        && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
