using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tidegate.Plugins;

namespace LoginPlugin.Sample;

/// <summary>
/// Takes tickets that another program has made: <c>NAME.SECONDS.SEAL</c>, where SECONDS is the time since 1970 at which it ends, and SEAL the HMAC-SHA256
/// of what stands before it, in hexadecimal, with a key that both share. The option <c>key-file</c> is the full path of the key; <c>role</c> is the
/// role of everyone who has a ticket.
/// </summary>
public sealed class TicketLogin : ILoginPlugin
{
    private readonly byte[] _key;
    private readonly string _role;

    /// <summary>Made by the gateway, with what stands in <c>options</c>.</summary>
    /// <exception cref="ArgumentException">An option is missing, or the key is short.</exception>
    public TicketLogin(IReadOnlyDictionary<string, string> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.TryGetValue("key-file", out string? file) || !options.TryGetValue("role", out string? role))
        {
            throw new ArgumentException("write <key-file> and <role> into <options>");
        }

        _key = Encoding.UTF8.GetBytes(File.ReadAllText(file).Trim());
        _role = role;
        if (_key.Length < 32)
        {
            throw new ArgumentException($"the key in {file} is shorter than 32 characters");
        }
    }

    /// <inheritdoc/>
    public ValueTask<LoginAnswer> LoginAsync(LoginRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        return ValueTask.FromResult(Check(request.Token));
    }

    private LoginAnswer Check(string? ticket)
    {
        if (ticket?.Split('.') is not [{ Length: > 0 } name, { } ends, { } seal])
        {
            return LoginAnswer.Unknown("no ticket came");
        }

        byte[] right = HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{name}.{ends}"));
        byte[] shown = new byte[right.Length];
        // The seal first, and in constant time: nothing else of a ticket is anybody's word.
        if (seal.Length != 2 * shown.Length || Convert.FromHexString(seal, shown, out _, out _) != System.Buffers.OperationStatus.Done || !CryptographicOperations.FixedTimeEquals(right, shown))
        {
            return LoginAnswer.Unknown("the seal is not right");
        }

        return long.TryParse(ends, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) && DateTimeOffset.UtcNow.ToUnixTimeSeconds() < seconds
            ? LoginAnswer.Known(name, _role)
            : LoginAnswer.Unknown("the ticket has ended");
    }
}
