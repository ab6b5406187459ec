using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Gateway.Cluster;

/// <summary>What one key of a cluster is used for besides sealing what members say: a key of its own for each purpose, from which it can not be told.</summary>
/// <param name="Clients">Proves the addresses of relayed clients.</param>
/// <param name="Cookies">Makes cookies that say nothing to clients.</param>
/// <param name="Fingerprint">What the key is called in the log; eight bytes in hexadecimal.</param>
internal sealed record ClusterSecret(byte[] Clients, byte[] Cookies, string Fingerprint)
{
    /// <summary>Derives (HKDF, RFC 5869).</summary>
    /// <param name="cluster">The name of the cluster: two clusters with one key have different secrets all the same.</param>
    /// <param name="key">The key, in base64.</param>
    internal static ClusterSecret Of(string cluster, string key)
    {
        byte[] material = Convert.FromBase64String(key);
        return new ClusterSecret(Derive("client address", 32), Derive("member cookie", 32), Convert.ToHexStringLower(Derive("fingerprint", 8)));

        byte[] Derive(string purpose, int length) =>
            HKDF.DeriveKey(HashAlgorithmName.SHA256, material, length, info: Encoding.UTF8.GetBytes($"tidegate {purpose} 1\n{cluster}"));
    }
}

/// <summary>The secrets of the keys that this gateway has now. Safe to use from any thread: what is read is a picture that does not change.</summary>
internal sealed class ClusterSecrets
{
    private Picture _now = new([]);

    /// <summary>One for each key, that of the key that seals first; empty where there is no key.</summary>
    internal ImmutableArray<ClusterSecret> All => Volatile.Read(ref _now).Secrets;

    /// <summary>Stands for <see cref="All"/> as it is now: another object where the keys are others.</summary>
    internal object Version => Volatile.Read(ref _now);

    /// <summary>Replaces them.</summary>
    /// <param name="cluster">The name of the cluster.</param>
    /// <param name="keys">Keys in base64, the one that seals first.</param>
    internal void Set(string cluster, IEnumerable<string> keys) =>
        Volatile.Write(ref _now, new Picture([.. keys.Select(key => ClusterSecret.Of(cluster, key))]));

    private sealed record Picture(ImmutableArray<ClusterSecret> Secrets);
}
