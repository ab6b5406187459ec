using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Security;

/// <summary>
/// The login module <c>ip-filter</c>: lets those by who come from certain addresses, and keeps others out. It knows nobody's name, so a
/// chain needs another module that does.
/// </summary>
internal sealed class IpFilterLoginModule : ILoginModule
{
    private static readonly ImmutableArray<string> s_options = ["allow", "deny"];

    // Null where all may come that are not denied.
    private readonly ImmutableArray<IPNetwork>? _allowed;
    private readonly ImmutableArray<IPNetwork> _denied;

    /// <param name="allowed">Where clients may be; null for anywhere.</param>
    /// <param name="denied">Where they may not be in any case.</param>
    internal IpFilterLoginModule(ImmutableArray<IPNetwork>? allowed, ImmutableArray<IPNetwork> denied) => (_allowed, _denied) = (allowed, denied);

    /// <exception cref="ConfigurationException">An option is wrong, or there is none.</exception>
    internal static IpFilterLoginModule Make(LoginModuleConfiguration module, RealmConfiguration realm)
    {
        var reader = new OptionReader(module, realm, s_options);
        ImmutableArray<IPNetwork>? allowed = Networks(reader, "allow"), denied = Networks(reader, "deny");
        return allowed is null && denied is null
            ? throw reader.Fault("The login module ip-filter has neither <allow> nor <deny>.", "Write addresses and networks with blanks between: <allow>10.0.0.0/8 fd00::/8 192.0.2.7</allow>.")
            : new IpFilterLoginModule(allowed, denied ?? []);
    }

    public ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation)
    {
        if (attempt.Address is not { } address)
        {
            return ValueTask.FromResult(LoginResult.Failure("the client's address is not known"));
        }

        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        // A scope says by which interface a client is reached, and nothing of who it is.
        IPAddress compared = plain.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress(plain.GetAddressBytes()) : plain;
        bool isIn = (_allowed?.Any(network => network.Contains(compared)) ?? true) && !_denied.Any(network => network.Contains(compared));
        return ValueTask.FromResult(isIn ? LoginResult.Success(null, []) : LoginResult.Failure($"{plain} is not an address that may come in"));
    }

    private static ImmutableArray<IPNetwork>? Networks(OptionReader reader, string option) => reader.Text(option) is { } text
        ? [.. text.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries).Select(one => Network(reader, option, one))]
        : null;

    private static IPNetwork Network(OptionReader reader, string option, string written)
    {
        string[] parts = written.Split('/');
        if (parts.Length > 2 || !IPAddress.TryParse(parts[0], out IPAddress? address) || !IsPlain(address, parts[0]))
        {
            throw reader.Fault($"<{option}>: {written} is no address and no network.", "Write such as 192.0.2.7, 10.0.0.0/8 or fd00::/8.");
        }

        if (address.IsIPv4MappedToIPv6)
        {
            throw reader.Fault($"<{option}>: {written} is an address of IPv4 in the form of IPv6.", $"Write it as one of IPv4: {address.MapToIPv4()}.");
        }

        int all = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        string prefix = parts.Length == 1 ? all.ToString(CultureInfo.InvariantCulture) : parts[1];
        if (!int.TryParse(prefix, NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length > all)
        {
            throw reader.Fault($"<{option}>: {written} does not say how many bits its network has.", $"Write a number from 0 to {all} behind the slash.");
        }

        IPAddress start = StartOf(address, length);
        return start.Equals(address) ? new IPNetwork(address, length) : throw reader.Fault($"<{option}>: {written} is an address within a network.", $"Write {start}/{length} for the network, or {address} for the address alone.");
    }

    /// <summary>What else is taken for an address (1, 0x7f.1, 010.0.0.1) means different things to different readers; a scope has no place here.</summary>
    private static bool IsPlain(IPAddress address, string written) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? written.All(c => char.IsAsciiHexDigit(c) || c is ':' or '.') : address.ToString() == written;

    private static IPAddress StartOf(IPAddress address, int length)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int bit = length; bit < 8 * bytes.Length; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPAddress(bytes);
    }
}
