using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration;

/// <summary>
/// Whether the <c>*.bind</c> options of a service, and its <c>ssl.verify-client</c>, do anything. Whoever wrote one counts on it: that a
/// port is not open to everyone, or that clients show a certificate.
/// </summary>
internal static class IdleOptionCheck
{
    /// <summary>Warns of those that the service itself asks for and none of its accepts heeds.</summary>
    /// <param name="accepts">The accepts, all of them.</param>
    /// <param name="values">The accept-options that hold for them, defaults among them.</param>
    /// <param name="defaults">The accept-options of all services: what stands there is for whom it may concern.</param>
    /// <param name="otherwise">The place to name where an option has none.</param>
    /// <param name="findings">Takes what is found.</param>
    internal static void Run(
        ImmutableArray<ServiceAddress> accepts, SettingValues values, SettingValues defaults, SourcePosition otherwise, Findings findings)
    {
        // Of accepts that are not served it is not known what they would heed.
        if (accepts.IsEmpty || accepts.Any(accept => !UriScheme.Served.Contains(accept.Uri.Scheme)))
        {
            return;
        }

        ImmutableDictionary<string, BindAddress> binds = LayerSettings.ByLayer(LayerSettings.Binds, values);
        ImmutableDictionary<string, GatewayUri> transports = LayerSettings.ByLayer(LayerSettings.AcceptTransports, values);
        Carriage[] carriages = [.. accepts.Select(accept => Carriage.Of(accept.Uri, transports))];
        HashSet<string?> heeded =
        [
            .. from pair in accepts.Zip(carriages)
               where pair.Second.IsDirect
               select pair.First.Uri.Scheme.BindLayers.FirstOrDefault(binds.ContainsKey),
        ];
        foreach (Setting<BindAddress> setting in LayerSettings.Binds.Where(setting => IsOwn(setting) && !heeded.Contains(LayerSettings.LayerOf(setting))))
        {
            if (UnservedYet.CureFor(AcceptSettings.Group.Place, setting.Name) is null)
            {
                findings.Warning(
                    values.PositionOf(setting, otherwise),
                    $"<{setting.Name}> does nothing here: it is for no accept of this service, or another option goes before it.", "Remove it.");
            }
        }

        bool hasTls = carriages.Any(carriage => carriage.Tls is not null || carriage.TunnelTls is not null);
        if (IsOwn(TlsSettings.VerifyClient) && values.Get(TlsSettings.VerifyClient) != ClientVerification.None && !(hasTls && values.Get(TlsSettings.Encryption)))
        {
            findings.Warning(
                values.PositionOf(TlsSettings.VerifyClient, otherwise),
                $"<{TlsSettings.VerifyClient.Name}> does nothing here: the gateway speaks TLS at no accept of this service, so it asks no client for a certificate.",
                hasTls ? "Let what does TLS in front of the gateway ask for it, and let nobody else reach the port." : "Accept wss, https or ssl, or remove it.");
        }

        bool IsOwn(Setting setting) =>
            values.Has(setting) && (!defaults.Has(setting) || defaults.PositionOf(setting, otherwise) != values.PositionOf(setting, otherwise));
    }
}
