using System.Globalization;
using System.Text;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Clients;

/// <summary>The answer to an <see cref="InnerRequest"/>.</summary>
/// <param name="Status">101, or why not.</param>
/// <param name="Reason">The words behind the status.</param>
/// <param name="Headers">The headers.</param>
internal sealed record InnerResponse(int Status, string Reason, params IReadOnlyList<(string Name, string Value)> Headers)
{
    /// <summary>The subprotocol of what follows, where the status is 101.</summary>
    internal string? Subprotocol { get; private init; }

    /// <summary>The extensions of what follows, where the status is 101.</summary>
    internal ClientExtensions Extensions { get; private init; }

    /// <summary>Who the client has shown to be, where the status is 101 and somebody asked.</summary>
    internal Identity? Identity { get; init; }

    /// <summary>What follows is the service.</summary>
    internal static InnerResponse Granted(string? subprotocol, ExtensionAgreement agreement)
    {
        var headers = new List<(string, string)> { ("Connection", "Upgrade"), ("Upgrade", "WebSocket") };
        if (subprotocol is not null)
        {
            // Clients ask by both names, and it is not known of each which one it looks for.
            headers.Add(("WebSocket-Protocol", subprotocol));
            headers.Add(("Sec-WebSocket-Protocol", subprotocol));
        }

        if (agreement.Header is { } extensions)
        {
            headers.Add(("Sec-WebSocket-Extensions", extensions));
        }

        return new InnerResponse(101, "Web Socket Protocol Handshake", headers) { Subprotocol = subprotocol, Extensions = agreement.Extensions };
    }

    /// <summary>The service is elsewhere.</summary>
    internal static InnerResponse Found(string location) => new(302, "Found", ("Location", location), ("Content-Length", "0"));

    /// <summary>Nobody has the service at the moment.</summary>
    internal static InnerResponse Unavailable() => new(503, "Service Unavailable", ("Retry-After", "1"), ("Content-Length", "0"));

    /// <summary>The client is to say who it is.</summary>
    /// <param name="challenge">How.</param>
    /// <param name="id">What it is to show with its answer, where it has passed another realm; or null.</param>
    internal static InnerResponse Challenge(string challenge, string? id = null) => id is null
        ? new(401, "Unauthorized", ("WWW-Authenticate", challenge), ("Content-Length", "0"))
        : new(401, "Unauthorized", ("WWW-Authenticate", challenge), (RealmChain.Header, id), ("Content-Length", "0"));

    /// <summary>It is known who the client is, and they may not.</summary>
    internal static InnerResponse Forbidden() => new(403, "Forbidden", ("Content-Length", "0"));

    /// <summary>The request is wrong.</summary>
    internal static InnerResponse Bad() => new(400, "Bad Request", ("Content-Length", "0"));

    /// <summary>The response as bytes. Clients look for the names as they are written here, with one space behind the colon.</summary>
    internal byte[] ToBytes()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {Status} {Reason}\r\n");
        foreach ((string name, string value) in Headers)
        {
            text.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        return Encoding.Latin1.GetBytes(text.Append("\r\n").ToString());
    }
}
