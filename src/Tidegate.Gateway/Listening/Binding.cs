using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Listening;

/// <summary>An accept that is to be bound, or the tunnel that it is reached through.</summary>
/// <param name="Service">Whose connections come.</param>
/// <param name="Accept">What clients ask for.</param>
/// <param name="Tls">The URI of the layer that brings TLS, or null.</param>
internal sealed record Binding(Service Service, ServiceAddress Accept, GatewayUri? Tls)
{
    internal ServiceConfiguration Configuration => Service.Configuration;

    internal bool IsHttp => Accept.Uri.Scheme.TakesPath;

    /// <summary>Whether clients have TLS, from the gateway or from something in front of it.</summary>
    internal bool IsSecure => Tls is not null || Accept.Uri.Scheme.UsesTls;

    /// <summary>The port that clients call it by, or the real one where any free port was asked for.</summary>
    internal int PortAt(int real) => Accept.Uri.Port == 0 ? real : Accept.Uri.Port;
}
