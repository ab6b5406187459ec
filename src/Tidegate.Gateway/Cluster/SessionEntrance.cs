using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// A socket of a member where sessions live that are made of many requests, such as emulated WebSockets. The ids of these sessions end with
/// its tag, so that any member knows from an id whose the session is, and where to reach it.
/// </summary>
/// <param name="Tag">What ids end with: <see cref="TagLength"/> random hexadecimal digits, other ones after each start.</param>
/// <param name="At">Where other members reach it.</param>
/// <param name="IsEncrypted">Whether TLS is spoken there, by the gateway itself.</param>
/// <param name="IsSecure">Whether clients speak TLS, to the gateway or to something in front of it.</param>
internal sealed partial record SessionEntrance(string Tag, IPEndPoint At, bool IsEncrypted, bool IsSecure)
{
    internal const int TagLength = 16;

    /// <summary>As many as a member tells of; sessions at other sockets are found at their own member only.</summary>
    internal const int Maximum = 32;

    /// <summary>Makes the entrances of a gateway, and has the ids of sessions there end with their tags.</summary>
    /// <param name="sockets">Where HTTP is spoken, and what is served there.</param>
    /// <param name="member">Where the other members reach this machine, for sockets at all addresses.</param>
    internal static ImmutableArray<SessionEntrance> Open(IEnumerable<(IPEndPoint At, RouteTable Routes, bool IsEncrypted)> sockets, IPAddress member)
    {
        var all = ImmutableArray.CreateBuilder<SessionEntrance>();
        foreach ((IPEndPoint at, RouteTable routes, bool isEncrypted) in sockets)
        {
            // A link-local address means something only together with an interface of whoever uses it.
            if (routes.TakesWebSockets && !at.Address.IsIPv6LinkLocal && all.Count < Maximum)
            {
                string tag = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TagLength / 2));
                all.Add(new SessionEntrance(tag, ClusterAddresses.IsAny(at.Address) ? new IPEndPoint(member, at.Port) : at, isEncrypted, routes.IsSecure));
                routes.SessionTag = tag;
            }
        }

        return all.ToImmutable();
    }

    /// <summary>Whether a text may be a tag.</summary>
    internal static bool IsTag(string? text) => text is not null && TagPattern.IsMatch(text);

    [GeneratedRegex(@"\A[0-9a-f]{16}\z", RegexOptions.CultureInvariant)]
    private static partial Regex TagPattern { get; }
}
