using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tidegate.Gateway.Addressing;

/// <summary>What a URI is for: the rules differ a little.</summary>
public enum UriUse
{
    /// <summary>Where a service listens.</summary>
    Accept,

    /// <summary>Where a service connects to. A query is allowed on HTTP and WebSocket.</summary>
    Connect,
}

/// <summary>
/// An address that a service accepts at or connects to, such as <c>ws://example.com:8000/echo</c> or <c>tcp://[::1]:6379</c>.
/// </summary>
/// <remarks>
/// <see cref="Uri"/> is not used, because configuration files hold forms that it refuses (<c>tcp://@eth0:8123</c>) and because it
/// repairs what should be an error.
/// </remarks>
public sealed record GatewayUri
{
    internal GatewayUri(UriScheme scheme, UriHost host, int port, bool portWritten, string path, string query)
    {
        Scheme = scheme;
        Host = host;
        Port = port;
        PortWritten = portWritten;
        Path = path;
        Query = query;
    }

    /// <summary>The scheme.</summary>
    public UriScheme Scheme { get; }

    /// <summary>The host.</summary>
    public UriHost Host { get; }

    /// <summary>The port: the one written, or else the scheme's default; 1 to 65535, or in an accept 0 for any free port. 0 for a pipe.</summary>
    public int Port { get; }

    /// <summary>Whether the port was written in the URI.</summary>
    public bool PortWritten { get; }

    /// <summary>The path, still percent-encoded, starting with <c>/</c>; empty for schemes without paths.</summary>
    public string Path { get; }

    /// <summary>The query with its question mark, or empty.</summary>
    public string Query { get; }

    /// <summary>Path and query: the target of the HTTP request that opens a connect URI.</summary>
    public string PathAndQuery => Path + Query;

    /// <summary>Host and port, the port always written: what two addresses are compared by.</summary>
    public string Authority => !Scheme.TakesPort ? Host.ToString()! : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    /// <summary>Host and port as an HTTP <c>Host</c> header field has them: the port left out if it is the scheme's default.</summary>
    public string HostHeader
    {
        get
        {
            // A scope means something on this machine only (RFC 6874, section 4).
            string host = Host is HostAddress { Address: { AddressFamily: AddressFamily.InterNetworkV6 } address }
                ? $"[{new IPAddress(address.GetAddressBytes())}]"
                : Host.ToString()!;
            return Port == Scheme.DefaultPort ? host : string.Create(CultureInfo.InvariantCulture, $"{host}:{Port}");
        }
    }

    /// <summary>The same place under another scheme with the same parts.</summary>
    internal GatewayUri WithScheme(UriScheme scheme) => new(scheme, Host, Port, PortWritten, Path, Query);

    /// <summary>Reads a URI.</summary>
    /// <param name="text">The text, without white space around it.</param>
    /// <param name="use">What it is for.</param>
    /// <param name="uri">The URI, if the result is true.</param>
    /// <param name="fault">What is wrong, if the result is false.</param>
    public static bool TryParse(
        string text, UriUse use, [NotNullWhen(true)] out GatewayUri? uri, [NotNullWhen(false)] out TextFault? fault)
    {
        ArgumentNullException.ThrowIfNull(text);
        return GatewayUriParser.TryParse(text, use, out uri, out fault);
    }

    /// <summary>Reads a URI that is known to be right.</summary>
    /// <exception cref="FormatException">It is not; the message says why.</exception>
    public static GatewayUri Parse(string text, UriUse use) =>
        TryParse(text, use, out GatewayUri? uri, out TextFault? fault) ? uri : throw new FormatException(fault.ToString());

    /// <summary>The URI as configured, with scheme and host in lower case and a missing path written as <c>/</c>.</summary>
    public override string ToString() =>
        $"{Scheme}://{(PortWritten ? Authority : Host.ToString())}{Path}{Query}";
}
