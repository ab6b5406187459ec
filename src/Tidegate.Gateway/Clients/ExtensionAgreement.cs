using System.Globalization;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Gateway.Clients;

/// <summary>What comes of a client's offer of extensions (docs/spec/compat.md, chapter 3.5).</summary>
/// <param name="Header">The value of the header that agrees to them, or null where nothing is agreed to.</param>
/// <param name="Extensions">What that means for the session.</param>
internal sealed record ExtensionAgreement(string? Header, ClientExtensions Extensions)
{
    private const string PingPong = "x-kaazing-ping-pong";
    private const string IdleTimeout = "x-kaazing-idle-timeout";

    /// <summary>Nothing was agreed to.</summary>
    internal static ExtensionAgreement None { get; } = new(null, default);

    /// <summary>Agrees to what of the offered extensions is known, in the client's order; unknown ones are ignored.</summary>
    /// <param name="offers">Values of the header, each a list.</param>
    /// <param name="inactivityTimeout"><c>ws.inactivity.timeout</c>; zero for none, and then no time is promised to the client.</param>
    internal static ExtensionAgreement To(IEnumerable<string?> offers, TimeSpan inactivityTimeout)
    {
        var agreed = new List<string>();
        bool textPings = false;
        TimeSpan idle = TimeSpan.Zero;
        foreach (string offer in offers.SelectMany(value => (value ?? string.Empty).Split(',')))
        {
            string name = offer.Split(';')[0].Trim();
            if (!textPings && name.Equals(PingPong, StringComparison.OrdinalIgnoreCase))
            {
                textPings = true;
                agreed.Add($"{PingPong}; {Convert.ToHexString(ClientExtensions.Escape)}");
            }
            else if (idle == TimeSpan.Zero && inactivityTimeout > TimeSpan.Zero && name.Equals(IdleTimeout, StringComparison.OrdinalIgnoreCase))
            {
                idle = inactivityTimeout;
                agreed.Add(string.Create(CultureInfo.InvariantCulture, $"{IdleTimeout}; timeout={(long)inactivityTimeout.TotalMilliseconds}"));
            }
        }

        return agreed.Count == 0 ? None : new ExtensionAgreement(string.Join(", ", agreed), new ClientExtensions(textPings, idle));
    }
}
