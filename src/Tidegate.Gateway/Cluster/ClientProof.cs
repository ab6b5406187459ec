using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// The address of a client that a balancer relays, with the proof that it comes from a gateway of the same cluster: time, a number that is
/// used once, and HMAC-SHA-256 over both and over where the request goes, by a key that is derived from the cluster's. Safe to use from
/// any thread.
/// </summary>
/// <remarks><c>1;ADDRESS:PORT;MILLISECONDS SINCE 1970;NONCE;MAC</c>, the last two in base64url.</remarks>
internal sealed class ClientProof(ClusterSecrets secrets, TimeProvider time)
{
    /// <summary>How far the clocks of two members may be apart, the way of the request included.</summary>
    internal static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    /// <summary>How many requests are told apart from repeated ones in twice <see cref="Window"/>. When there are more, the further ones are not believed.</summary>
    internal const int MaximumNonces = 262_144;

    private const string Version = "1";
    private const int NonceLength = 16;

    // An address with its port, a time, and both in base64url are less.
    private const int MaximumLength = 256;

    private readonly Lock _gate = new();
    private HashSet<UInt128> _nonces = [];
    private HashSet<UInt128> _noncesBefore = [];
    private long _turnedAt = time.GetTimestamp();
    private string? _self;

    /// <summary>The name of this member, once it is one. Nothing is believed before.</summary>
    internal string? Self
    {
        get => Volatile.Read(ref _self);
        set => Volatile.Write(ref _self, value);
    }

    /// <summary>Makes the proof for one request.</summary>
    /// <param name="member">The name of the member that the request goes to: no other believes it.</param>
    /// <param name="host">Its <c>Host</c>.</param>
    /// <param name="target">Its path and query.</param>
    /// <param name="client">Who the client is.</param>
    /// <returns>The header's value; null where the cluster has no key.</returns>
    internal string? Make(string member, string host, string target, IPEndPoint client)
    {
        if (secrets.All is not [{ } secret, ..])
        {
            return null;
        }

        IPAddress address = client.Address.IsIPv4MappedToIPv6 ? client.Address.MapToIPv4() : client.Address;
        if (address.IsIPv6LinkLocal)
        {
            // The interface that it belongs to is this machine's own business.
            address = new IPAddress(address.GetAddressBytes());
        }

        string nonce = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(NonceLength));
        string words = string.Create(
            CultureInfo.InvariantCulture, $"{Version};{new IPEndPoint(address, client.Port)};{time.GetUtcNow().ToUnixTimeMilliseconds()};{nonce}");
        return $"{words};{Base64Url.EncodeToString(Mac(secret, words, member, host, target))}";
    }

    /// <summary>The client's address, where a gateway of this cluster vouches for it.</summary>
    /// <param name="value">The header's value.</param>
    /// <param name="host">The <c>Host</c> of the request.</param>
    /// <param name="target">Its path and query, as they were sent.</param>
    /// <param name="client">The address.</param>
    /// <param name="fault">Why it is not believed.</param>
    internal bool TryBelieve(string value, string host, string target, [NotNullWhen(true)] out IPEndPoint? client, [NotNullWhen(false)] out string? fault)
    {
        client = null;
        fault = FaultOf(value, host, target, ref client);
        return fault is null && client is not null;
    }

    private string? FaultOf(string value, string host, string target, ref IPEndPoint? client)
    {
        if (secrets.All.IsEmpty || Self is not { } self)
        {
            return "this gateway has no key of a cluster";
        }

        int end = value.LastIndexOf(';');
        string[] parts = value.Length <= MaximumLength ? value.Split(';') : [];
        byte[] nonce = new byte[NonceLength], mac = new byte[HMACSHA256.HashSizeInBytes];
        if (parts is not [Version, var address, var sent, var once, var proof]
            || !IPEndPoint.TryParse(address, out IPEndPoint? claimed)
            || !long.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out long milliseconds)
            || !TryDecode(once, nonce) || !TryDecode(proof, mac))
        {
            return "it is malformed";
        }

        if (!secrets.All.Any(secret => CryptographicOperations.FixedTimeEquals(mac, Mac(secret, value[..end], self, host, target))))
        {
            return "it is not from a gateway of this cluster, or for another request";
        }

        // From here on it is a member that speaks, so nobody else can fill the memory.
        double apart = Math.Abs((double)time.GetUtcNow().ToUnixTimeMilliseconds() - milliseconds);
        if (apart > Window.TotalMilliseconds)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it is {apart / 1000:F0} s off: the clocks of the members differ, or it is an old one");
        }

        if (RepeatOf(BitConverter.ToUInt128(nonce)) is { } fault)
        {
            return fault;
        }

        client = claimed;
        return null;
    }

    /// <summary>What keeps a nonce from being new; null where it is, and known from now on.</summary>
    private string? RepeatOf(UInt128 nonce)
    {
        lock (_gate)
        {
            // One may come again for as long as two clocks allow, so it is remembered for one to two turns of that.
            TimeSpan age = time.GetElapsedTime(_turnedAt);
            if (age >= 2 * Window)
            {
                _noncesBefore = age >= 4 * Window ? [] : _nonces;
                _nonces = [];
                _turnedAt = time.GetTimestamp();
            }

            return _nonces.Contains(nonce) || _noncesBefore.Contains(nonce) ? "it has been here before"
                : _nonces.Count >= MaximumNonces ? "there are too many at once to tell them from repeated ones"
                : _nonces.Add(nonce) ? null
                : "it has been here before";
        }
    }

    // The methods of that class whose names begin with Try throw where the text is none.
    private static bool TryDecode(string text, byte[] bytes) =>
        text.Length == Base64Url.GetEncodedLength(bytes.Length)
        && Base64Url.DecodeFromChars(text, bytes, out _, out int length) == OperationStatus.Done
        && length == bytes.Length;

    // No part can hold a line feed: neither a request's line nor its headers can, and names of members are checked.
    private static byte[] Mac(ClusterSecret secret, string words, string member, string host, string target) =>
        HMACSHA256.HashData(secret.Clients, Encoding.UTF8.GetBytes($"{words}\n{member}\n{host}\n{target}"));
}
