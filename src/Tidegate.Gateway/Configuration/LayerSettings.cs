using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Configuration;

/// <summary>The options that exist once for each layer: <c>tcp.bind</c>, <c>http.transport</c> and their like.</summary>
internal static class LayerSettings
{
    private const string Bind = ".bind";
    private const string Transport = ".transport";

    /// <summary>The bind options of accepts, <c>tcp.bind</c> first.</summary>
    internal static ImmutableArray<Setting<BindAddress>> Binds { get; } =
    [
        new("tcp" + Bind, new BindAddressFormat("tcp"), "Where sockets are really bound, if not at the accept URI's host and port."),
        .. from scheme in (string[])["http", "https", "ws", "wss", "ssl", "udp", "socks", "wsn", "wsx", "httpxe"]
           select new Setting<BindAddress>(scheme + Bind, new BindAddressFormat(scheme), $"The same as tcp.bind, for accepts of scheme {scheme}.")
           {
               Alias = scheme == "ssl" ? "tls" + Bind : null,
           },
    ];

    /// <summary><c>udp.padding.alignment</c>, of accepts and connects.</summary>
    internal static Setting<int> UdpPaddingAlignment { get; } = new(
        "udp.padding.alignment", new WholeNumberFormat(0, 65_507), 0, "Datagrams are padded to a multiple of so many bytes; 0 is not at all.");

    /// <summary>The transport options of accepts.</summary>
    internal static ImmutableArray<Setting<GatewayUri>> AcceptTransports { get; } = Transports(UriUse.Accept);

    /// <summary>The transport options of connects.</summary>
    internal static ImmutableArray<Setting<GatewayUri>> ConnectTransports { get; } = Transports(UriUse.Connect);

    /// <summary>The values that are written, by layer.</summary>
    internal static ImmutableDictionary<string, T> ByLayer<T>(ImmutableArray<Setting<T>> settings, SettingValues values)
        where T : notnull =>
        ImmutableDictionary.CreateRange(
            from setting in settings where values.Has(setting) select KeyValuePair.Create(LayerOf(setting), values.Get(setting)!));

    /// <summary>Adds the values that make this.</summary>
    internal static void Take<T>(ImmutableArray<Setting<T>> settings, ImmutableDictionary<string, T> byLayer, SettingValues into)
        where T : class
    {
        foreach (Setting<T> setting in settings)
        {
            into.With(setting, byLayer.GetValueOrDefault(LayerOf(setting)));
        }
    }

    /// <summary>The layer that an option is for.</summary>
    internal static string LayerOf(Setting setting) => setting.Name[..setting.Name.IndexOf('.', StringComparison.Ordinal)];

    private static ImmutableArray<Setting<GatewayUri>> Transports(UriUse use) =>
    [
        .. from layer in (string[])["http", "ssl", "tcp", "udp", "pipe", "socks"]
           let name = layer + Transport
           select new Setting<GatewayUri>(name, new TransportFormat(name, use), $"What carries {layer} instead of the layer that is usually below it.")
           {
               Alias = layer == "ssl" ? "tls" + Transport : null,
           },
    ];
}
