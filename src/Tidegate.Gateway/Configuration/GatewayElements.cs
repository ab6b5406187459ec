using Tidegate.Gateway.Configuration.Description;
using static Tidegate.Gateway.Configuration.Description.ChildDescription;

namespace Tidegate.Gateway.Configuration;

/// <summary>The elements of the configuration file. How often a service may hold some of them is up to its type.</summary>
internal static class GatewayElements
{
    internal static readonly ElementDescription Properties = new(
        "properties", ElementContent.Elements, "Values that ${name} stands for elsewhere in the file.")
    {
        Children =
        [
            AnyNumber(new("property", ElementContent.Elements, "One value and its name.")
            {
                Children = [Once(Text("name", "The name between ${ and }.")), Once(Text("value", "The text that replaces it."))],
            }),
        ],
    };

    internal static readonly ElementDescription MimeMapping = new(
        "mime-mapping", ElementContent.Settings, "The media type of files whose names end alike.")
    {
        Group = MimeMappingSettings.Group,
    };

    internal static readonly ElementDescription Security = new(
        "security", ElementContent.Settings, "Certificates, and who may use services.")
    {
        Group = SecuritySettings.Group,
    };

    internal static readonly ElementDescription Cluster = new(
        "cluster", ElementContent.Settings, "The gateways that this one works together with.")
    {
        Group = ClusterSettings.Group,
    };

    internal static readonly ElementDescription Service = new(
        "service", ElementContent.Elements, "A service: what it is, where it listens, what it connects to.")
    {
        Children =
        [
            Once(Text("name", "The service's name, different from all others in the file.") with
            {
                EmptyProblem = "All services must have unique non-empty names.",
            }),
            AtMostOnce(Text("description", "What the service is for, for people.")),
            AnyNumber(Text("accept", "A URI where clients reach the service.")),
            AnyNumber(Text("connect", "A URI that the service connects to; several are tried in order.")),
            AnyNumber(Text("balance", "A balancer's accept URI that leads clients here.")),
            AnyNumber(Text("notify", "A push notification (APNs) for clients that are not connected.")),
            Once(Text("type", "What the service does, such as echo or proxy.")),
            AtMostOnce(new("properties", ElementContent.Settings, "Properties of the service's type.")),
            AtMostOnce(new("accept-options", ElementContent.Settings, "How clients are accepted.") { Group = AcceptSettings.Group }),
            AtMostOnce(new("connect-options", ElementContent.Settings, "How connections are made.") { Group = ConnectSettings.Group }),
            AtMostOnce(new("notify-options", ElementContent.Anything, "How push notifications (APNs) are sent.")),
            AnyNumber(new("ws-extension", ElementContent.Anything, "An extension of WebSocket that an add-on of the gateway brings.")),
            AtMostOnce(Text("realm-name", "The realm that clients pass; without it, everyone may use the service.")),
            AnyNumber(new("authorization-constraint", ElementContent.Settings, "Who of those that the realm knows may use the service.")
            {
                Group = ProtectionSettings.Group,
                Alias = "auth-constraint",
            }),
            AnyNumber(MimeMapping),
            AnyNumber(new("cross-site-constraint", ElementContent.Settings, "What browser pages of another origin may do with the service.")
            {
                Group = CrossSiteSettings.Group,
            }),
        ],
    };

    internal static readonly ElementDescription ServiceDefaults = new(
        "service-defaults", ElementContent.Elements, "Options for every service that does not set them itself.")
    {
        Children =
        [
            AtMostOnce(new("accept-options", ElementContent.Settings, "How clients are accepted.") { Group = AcceptSettings.Group }),
            AtMostOnce(new("connect-options", ElementContent.Settings, "How connections are made.") { Group = ConnectSettings.Group }),
            AnyNumber(MimeMapping),
        ],
    };

    internal static readonly ElementDescription Root = new(
        "gateway-config", ElementContent.Elements, "The whole configuration.")
    {
        Children = [AtMostOnce(Properties), AnyNumber(Service), AtMostOnce(ServiceDefaults), AtMostOnce(Security), AtMostOnce(Cluster)],
    };

    private static ElementDescription Text(string name, string documentation) => new(name, ElementContent.Text, documentation);
}
