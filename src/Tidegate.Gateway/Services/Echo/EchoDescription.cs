using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Services.Echo;

/// <summary>The <c>echo</c> service type.</summary>
internal sealed class EchoDescription : ServiceTypeDescription
{
    private static readonly Setting<int> s_repeat = new(
        "repeat", new WholeNumberFormat(1, 1000), 1, "How many times each message is sent back.");

    internal override string Name => "echo";

    internal override string Documentation => "Sends every message back to the client that sent it.";

    internal override UriScheme[] AcceptSchemes => [UriScheme.Ws, UriScheme.Wss, UriScheme.Tcp, UriScheme.Ssl];

    internal override SettingGroup Properties { get; } = new("the properties of an echo service", [s_repeat], NotServedYet.Nothing);

    internal override Service Create(ServiceConfiguration configuration, ServiceContext context) => new EchoService(configuration);

    internal override ServiceOptions ReadOptions(ServiceProperties properties) =>
        new EchoOptions { Repeat = properties.Values.Get(s_repeat) };

    internal override SettingValues TakeOptions(ServiceOptions options) =>
        new SettingValues().With(s_repeat, (int?)((EchoOptions)options).Repeat);
}
