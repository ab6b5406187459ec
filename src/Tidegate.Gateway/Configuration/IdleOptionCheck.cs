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
    /// <summary>
    /// Warns of those that the service itself asks for and none of its accepts heeds; certificates that are required of clients and never asked
    /// for are an error.
    /// </summary>
    /// <param name="accepts">The accepts, all of them.</param>
    /// <param name="values">The accept-options that hold for them, defaults among them.</param>
    /// <param name="defaults">The accept-options of all services: what stands there is for whom it may concern.</param>
    /// <param name="otherwise">The place to name where an option has none.</param>
    /// <param name="findings">Takes what is found.</param>
    internal static void Run(
        ImmutableArray<ServiceAddress> accepts, SettingValues values, SettingValues defaults, SourcePosition otherwise, Findings findings)
    {
        if (!AreKnown(accepts))
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

        bool hasTls = HasTls(accepts, transports);
        if (IsOwn(TlsSettings.VerifyClient) && values.Get(TlsSettings.VerifyClient) is var verification and not ClientVerification.None
            && !(hasTls && values.Get(TlsSettings.Encryption)))
        {
            SourcePosition position = values.PositionOf(TlsSettings.VerifyClient, otherwise);
            string idle = $"<{TlsSettings.VerifyClient.Name}> does nothing here: the gateway speaks TLS at no accept of this service, so it asks no client for a certificate.";
            if (hasTls || !values.Get(TlsSettings.Encryption))
            {
                findings.Warning(position, idle, "Let what does TLS in front of the gateway ask for it, and let nobody else reach the port.");
            }
            else if (verification == ClientVerification.Required)
            {
                // Somebody counts on it that only clients with a certificate come in, and all would.
                findings.Error(position, idle, "Accept wss, https or ssl. Or remove it, and everyone who reaches the port is let in.");
            }
            else
            {
                findings.Warning(position, idle, "Accept wss, https or ssl, or remove it.");
            }
        }

        bool IsOwn(Setting setting) => IdleOptionCheck.IsOwn(setting, values, defaults, otherwise);
    }

    /// <summary>
    /// The options of a service that speaks no TLS, without the certificates that the defaults ask of clients for whom it may concern: they
    /// are asked of nobody here, and printed with the service they would be its own.
    /// </summary>
    internal static AcceptOptions WithoutIdleDefaults(
        AcceptOptions options, ImmutableArray<ServiceAddress> accepts, SettingValues values, SettingValues defaults, SourcePosition otherwise) =>
        IsOwn(TlsSettings.VerifyClient, values, defaults, otherwise) || !AreKnown(accepts) || HasTls(accepts, options.Transports)
            ? options
            : options with { Tls = options.Tls with { VerifyClient = ClientVerification.None } };

    /// <summary>Whether TLS is spoken at one of these accepts at least, if only by what stands in front of the gateway.</summary>
    internal static bool HasTls(ImmutableArray<ServiceAddress> accepts, ImmutableDictionary<string, GatewayUri> transports) =>
        accepts.Select(accept => Carriage.Of(accept.Uri, transports)).Any(carriage => carriage.Tls is not null || carriage.TunnelTls is not null);

    // Of accepts that are not served it is not known what they would heed.
    private static bool AreKnown(ImmutableArray<ServiceAddress> accepts) =>
        !accepts.IsEmpty && accepts.All(accept => UriScheme.Served.Contains(accept.Uri.Scheme));

    private static bool IsOwn(Setting setting, SettingValues values, SettingValues defaults, SourcePosition otherwise) =>
        values.Has(setting) && (!defaults.Has(setting) || defaults.PositionOf(setting, otherwise) != values.PositionOf(setting, otherwise));
}
