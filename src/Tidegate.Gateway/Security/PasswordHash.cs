using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Gateway.Security;

/// <summary>
/// A password of which only a hash is kept: <c>$pbkdf2-sha256$i=ITERATIONS$SALT$HASH</c>, salt and hash in base64 without padding (RFC 8018,
/// section 5.2, in the notation that password hashes commonly have).
/// </summary>
public sealed class PasswordHash
{
    /// <summary>Iterations of new hashes, as OWASP's Password Storage Cheat Sheet has it for HMAC-SHA-256.</summary>
    public const int DefaultIterations = 600_000;

    /// <summary>More would only keep this machine busy.</summary>
    public const int MaximumIterations = 10_000_000;

    private const string Prefix = "$pbkdf2-sha256$i=";
    private const string Family = "$pbkdf2-";
    private const int SaltLength = 16;
    private const int HashLength = 32;
    private const int LongestPart = 64;

    private readonly int _iterations;
    private readonly byte[] _salt;
    private readonly byte[] _hash;

    private PasswordHash(int iterations, byte[] salt, byte[] hash) => (_iterations, _salt, _hash) = (iterations, salt, hash);

    /// <summary>Whether a text is meant to be such a hash, rightly written or not.</summary>
    public static bool IsMeant(string text) => text?.StartsWith(Family, StringComparison.Ordinal) == true;

    /// <summary>Makes a hash with a salt of its own.</summary>
    /// <param name="password">The password.</param>
    /// <param name="iterations">How often it is hashed, from 1 to <see cref="MaximumIterations"/>.</param>
    public static PasswordHash Create(string password, int iterations = DefaultIterations)
    {
        ArgumentNullException.ThrowIfNull(password);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(iterations);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(iterations, MaximumIterations);
        byte[] salt = RandomNumberGenerator.GetBytes(SaltLength);
        return new PasswordHash(iterations, salt, Derive(password, salt, iterations, HashLength));
    }

    /// <summary>Reads a hash. False where it is not one of this kind.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PasswordHash? hash)
    {
        hash = null;
        if (text?.StartsWith(Prefix, StringComparison.Ordinal) != true || text[Prefix.Length..].Split('$') is not [{ } iterations, { } salt, { } value]
            || !int.TryParse(iterations, NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count is < 1 or > MaximumIterations
            || !TryDecode(salt, out byte[]? saltBytes) || !TryDecode(value, out byte[]? bytes) || saltBytes.Length < 8 || bytes.Length < 16)
        {
            return false;
        }

        hash = new PasswordHash(count, saltBytes, bytes);
        return true;
    }

    /// <summary>Whether this is the password. Takes its time, by intent: about a fifth of a second with the default.</summary>
    public bool IsOf(string password)
    {
        ArgumentNullException.ThrowIfNull(password);
        return CryptographicOperations.FixedTimeEquals(Derive(password, _salt, _iterations, _hash.Length), _hash);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Prefix}{_iterations.ToString(CultureInfo.InvariantCulture)}${Encode(_salt)}${Encode(_hash)}";

    /// <summary>
    /// The same, and a wrong password takes as long as with the other hash, if that takes longer: otherwise the time would tell whose hash it was.
    /// </summary>
    internal bool IsOf(string password, PasswordHash slowest)
    {
        bool isRight = IsOf(password);
        if (!isRight && slowest.Cost > Cost)
        {
            _ = Derive(password, _salt, (int)Math.Min(slowest.Cost - Cost, MaximumIterations), HashLength);
        }

        return isRight;
    }

    /// <summary>How long it takes, in iterations: as many again for each further 32 bytes of the hash.</summary>
    internal long Cost => (long)_iterations * ((_hash.Length + HashLength - 1) / HashLength);

    private static byte[] Derive(string password, byte[] salt, int iterations, int length) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, iterations, HashAlgorithmName.SHA256, length);

    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    private static bool TryDecode(string text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (text.Length is 0 or > LongestPart)
        {
            return false;
        }

        byte[] room = new byte[text.Length];
        if (!Convert.TryFromBase64String(text + new string('=', (4 - (text.Length % 4)) % 4), room, out int length))
        {
            return false;
        }

        bytes = room[..length];
        return true;
    }
}
