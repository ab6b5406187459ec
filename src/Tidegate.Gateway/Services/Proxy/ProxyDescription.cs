using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Services.Proxy;

/// <summary>The <c>proxy</c> service type.</summary>
internal sealed class ProxyDescription : ServiceTypeDescription
{
    private static readonly ProxyOptions s_defaults = new();

    private static readonly Setting<GatewayUri> s_connect = new(
        "connect", new GatewayUriFormat(UriUse.Connect, UriScheme.Tcp, UriScheme.Ssl, UriScheme.Ws, UriScheme.Wss, UriScheme.Pipe), "Another place for a connect URI; tried after those of the service.")
    {
        Repeatable = true,
    };

    private static readonly Setting<int> s_maximumPendingBytes = new(
        "maximum.pending.bytes", new DataSizeFormat(), s_defaults.MaximumPendingBytes,
        "How many bytes may wait for one side before reading from the other stops; it goes on at half.");

    private static readonly Setting<TimeSpan> s_maximumRecoveryInterval = new(
        "maximum.recovery.interval", new TimeIntervalFormat(), s_defaults.MaximumRecoveryInterval,
        "The longest pause between attempts to reach a lost back-end, while clients are not accepted. 0 turns this off.");

    private static readonly Setting<int> s_preparedConnectionCount = new(
        "prepared.connection.count", new WholeNumberFormat(0, 10_000), s_defaults.PreparedConnectionCount,
        "How many back-end connections are kept open in advance.");

    private static readonly Setting<ConnectStrategy> s_connectStrategy = new(
        "connect.strategy",
        new ChoiceFormat<ConnectStrategy>(
            text => $"Unexpected value for connect strategy: {text}.",
            ("prepared", ConnectStrategy.Prepared),
            ("immediate", ConnectStrategy.Immediate),
            ("deferred", ConnectStrategy.Deferred)),
        "When a client's back-end connection is opened: in advance, when the client connects, or with its first message. "
        + "If it is not written: prepared where prepared.connection.count is, otherwise immediate.");

    internal override string Name => "proxy";

    internal override string Documentation => "Connects each client to a back-end and relays between them.";

    internal override UriScheme[] AcceptSchemes => [UriScheme.Ws, UriScheme.Wss, UriScheme.Sse, UriScheme.SecureSse, UriScheme.Tcp, UriScheme.Ssl, UriScheme.Pipe];

    internal override UriScheme[] ConnectSchemes => [UriScheme.Tcp, UriScheme.Ssl, UriScheme.Ws, UriScheme.Wss, UriScheme.Pipe];

    internal override int MinimumConnects => 1;

    internal override int MaximumConnects => 64;

    internal override SettingGroup Properties { get; } = new(
        "the properties of a proxy service",
        [s_connect, s_maximumPendingBytes, s_maximumRecoveryInterval, s_preparedConnectionCount, s_connectStrategy],
        NotServedYet.Names("internal.maximum.transferred.bytes"));

    internal override ImmutableArray<ServiceAddress> ConnectsIn(SettingValues properties) =>
        [.. properties.All(s_connect).Select(c => new ServiceAddress(c.Value, c.Position))];

    internal override Service Create(ServiceConfiguration configuration, ServiceContext context) => new ProxyService(configuration, context);

    internal override ServiceOptions ReadOptions(ServiceProperties properties)
    {
        int count = properties.Values.Get(s_preparedConnectionCount);
        ConnectStrategy strategy = properties.Values.Has(s_connectStrategy)
            ? properties.Values.Get(s_connectStrategy)
            : count > 0 ? ConnectStrategy.Prepared : ConnectStrategy.Immediate;
        if (count > 0 && strategy != ConnectStrategy.Prepared)
        {
            properties.Findings.Error(
                properties.Values.PositionOf(s_connectStrategy, properties.Service),
                $"Must not prepare connections for connect strategy: {strategy.ToString().ToUpperInvariant()}.",
                "Remove prepared.connection.count, or write prepared.");
        }

        return new ProxyOptions
        {
            MaximumPendingBytes = properties.Values.Get(s_maximumPendingBytes),
            MaximumRecoveryInterval = properties.Values.Get(s_maximumRecoveryInterval),
            PreparedConnectionCount = count,
            ConnectStrategy = strategy,
        };
    }

    // The connects are the service's, wherever they were written.
    internal override SettingValues TakeOptions(ServiceOptions options)
    {
        var proxy = (ProxyOptions)options;
        return new SettingValues()
            .With(s_maximumPendingBytes, (int?)proxy.MaximumPendingBytes)
            .With(s_maximumRecoveryInterval, (TimeSpan?)proxy.MaximumRecoveryInterval)
            .With(s_preparedConnectionCount, (int?)proxy.PreparedConnectionCount)
            .With(s_connectStrategy, (ConnectStrategy?)proxy.ConnectStrategy);
    }
}
