using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Tidegate.Gateway.Addressing;

/// <summary>Where a socket is really bound, if that differs from the accept URI (<c>tcp.bind</c> and its like).</summary>
/// <param name="Host">The host, or null for every IPv4 address of the machine (0.0.0.0), as a port alone has always meant.</param>
/// <param name="Port">The port, 1 to 65535, or 0 for any free one.</param>
public sealed record BindAddress(UriHost? Host, int Port)
{
    /// <summary>Reads <c>host:port</c>, <c>[ipv6]:port</c>, <c>@interface:port</c>, <c>[@interface name]:port</c> or <c>port</c>.</summary>
    /// <param name="text">The text, without white space around it.</param>
    /// <param name="address">The address, if the result is true.</param>
    /// <param name="fault">What is wrong, if the result is false.</param>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out BindAddress? address, [NotNullWhen(false)] out TextFault? fault)
    {
        ArgumentNullException.ThrowIfNull(text);
        address = null;
        if (HostAndPort.TryParsePort(text, 0, out int port))
        {
            address = new BindAddress(null, port);
            fault = null;
            return true;
        }

        if (text.Length == 0 || text.All(char.IsAsciiDigit))
        {
            fault = new($"\"{text}\" is not a port to bind.", "Write a number from 1 to 65535 (or 0 for any free port), or host:port.");
            return false;
        }

        if (!HostAndPort.TryParse(text, text, UriUse.Accept, out HostAndPort? place, out fault))
        {
            return false;
        }

        if (place.Port is null)
        {
            fault = new($"The bind address \"{text}\" has no port.", Forms(text));
            return false;
        }

        address = new BindAddress(place.Host, place.Port.Value);
        return true;
    }

    /// <summary>What may be written instead of a text, in the words of the old gateway.</summary>
    internal static string Forms(string text) =>
        $"Bind address \"{text}\" should be in \"host/ipv4:port\", \"[ipv6]:port\", \"@network_interface:port\", \"[@network interface]:port\" or \"port\" format.";

    /// <summary>The address in the form that <see cref="TryParse"/> reads.</summary>
    public override string ToString() =>
        Host is null ? Port.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");
}
