using System.Collections.Immutable;
using System.Net;
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

/// <summary>An accept that is bound.</summary>
/// <param name="Service">Whose it is.</param>
/// <param name="Accept">The accept as configured.</param>
/// <param name="Port">The port that clients call it by.</param>
/// <param name="At">The sockets where it is spoken; empty where it is reached in another way.</param>
internal sealed record BoundAccept(Service Service, ServiceAddress Accept, int Port, ImmutableArray<IPEndPoint> At)
{
    /// <summary>Whether TLS is spoken at the sockets, and not by something in front of them.</summary>
    internal bool IsEncrypted { get; init; }
}
