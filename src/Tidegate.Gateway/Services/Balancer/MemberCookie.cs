using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Services.Balancer;

/// <summary>
/// The cookie by which a client comes back to the member where it was. It holds two keyed hashes, of the member and of the target, so that
/// it tells clients neither names nor addresses. The key comes from the cluster's, which all balancers have and keep over restarts; in a
/// cluster without one it is what the member itself has told the others.
/// </summary>
/// <remarks>
/// Whoever guesses a value gets to a member where chance may send everybody, so the values are compared as any text is and not in
/// constant time.
/// </remarks>
internal sealed class MemberCookie(ClusterSecrets secrets)
{
    /// <summary>Its name, which clients of the old gateway know.</summary>
    internal const string Name = "TIDEGATE_MEMBER";

    // A browser sends one for each path that it has got one for; more of them only cost time.
    private const int MaximumValues = 4;
    private const int HashLength = 8;
    private static readonly int s_partLength = Base64UrlLength(HashLength);
    private readonly ConditionalWeakTable<TargetMemory, Values> _values = [];

    /// <summary>Of these candidates those where the client was: the same target, or else all of the same member; empty where nobody is.</summary>
    /// <param name="sent">What the client has brought: <see cref="ValuesIn"/>.</param>
    /// <param name="candidates">Who there is.</param>
    internal IReadOnlyList<BalanceCandidate> Find(string[] sent, IReadOnlyList<BalanceCandidate> candidates)
    {
        foreach (string value in sent)
        {
            List<BalanceCandidate> sameMember = [];
            foreach (BalanceCandidate candidate in candidates)
            {
                foreach (string known in ValuesOf(candidate))
                {
                    if (known == value)
                    {
                        return [candidate];
                    }

                    if (known.AsSpan(0, s_partLength).SequenceEqual(value.AsSpan(0, s_partLength)))
                    {
                        sameMember.Add(candidate);
                    }
                }
            }

            if (sameMember.Count > 0)
            {
                return sameMember;
            }
        }

        return [];
    }

    /// <summary>Has the client bring the cookie for this one when it comes again; nothing where it has brought that now.</summary>
    internal void Set(HttpContext http, BalanceCandidate chosen, GatewayUri accept)
    {
        if (ValuesOf(chosen) is not [{ } value, ..] || ValuesIn(http.Request).Contains(value, StringComparer.Ordinal))
        {
            return;
        }

        // A semicolon would end the path there; no other character of a URI's path is special in a cookie (RFC 6265, section 4.1.1).
        string path = accept.Path.TrimEnd('/').Replace(";", "%3B", StringComparison.Ordinal);
        http.Response.Headers.Append(
            HeaderNames.SetCookie, $"{Name}={value}; Path={(path.Length == 0 ? "/" : path)}; HttpOnly; SameSite=Lax{(accept.Scheme.UsesTls ? "; Secure" : "")}");
    }

    /// <summary>The values that a client has brought, those that may be one.</summary>
    internal static string[] ValuesIn(HttpRequest request) =>
    [
        .. request.Headers.Cookie
            .SelectMany(header => (header ?? "").Split(';', StringSplitOptions.TrimEntries))
            .Where(pair => pair.StartsWith($"{Name}=", StringComparison.Ordinal))
            .Select(pair => pair[(Name.Length + 1)..].Trim('"'))
            .Where(value => value.Length == 2 * s_partLength)
            .Take(MaximumValues),
    ];

    /// <summary>What the cookie for a candidate may be, that which is given to clients first.</summary>
    private ImmutableArray<string> ValuesOf(BalanceCandidate candidate)
    {
        object version = secrets.Version;
        if (_values.TryGetValue(candidate.Memory, out Values? known) && known.Version == version && known.Salt == candidate.Target.Salt)
        {
            return known.All;
        }

        byte[][] keys = secrets.All is { IsEmpty: false } all ? [.. all.Select(secret => secret.Cookies)]
            : candidate.Target.Salt.Length > 0 ? [Encoding.UTF8.GetBytes(candidate.Target.Salt)]
            : [];
        var values = new Values(
            version, candidate.Target.Salt,
            [.. keys.Select(key => Hash(key, candidate.Member) + Hash(key, $"{candidate.Member}\n{BalanceTarget.KeyOf(candidate.Target.Uri)}"))]);
        _values.AddOrUpdate(candidate.Memory, values);
        return values.All;
    }

    private static string Hash(byte[] key, string text) =>
        System.Buffers.Text.Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)).AsSpan(0, HashLength));

    private static int Base64UrlLength(int bytes) => System.Buffers.Text.Base64Url.GetEncodedLength(bytes);

    private sealed record Values(object Version, string Salt, ImmutableArray<string> All);
}
