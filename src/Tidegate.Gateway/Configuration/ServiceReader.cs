using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;
using Tidegate.Gateway.Configuration.Source;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Configuration;

/// <summary>Turns the <c>service</c> elements of a file into services, by the description of each one's type.</summary>
internal sealed class ServiceReader
{
    private static readonly string[] s_unheeded =
        [.. GatewayElements.Service.Children.Where(child => child.Element.Content == ElementContent.Anything).Select(child => child.Element.Name)];

    private readonly SourceElement _root;
    private readonly ImmutableArray<RealmConfiguration> _realms;
    private readonly Findings _findings;
    private readonly SettingValues _acceptDefaults;
    private readonly SettingValues _connectDefaults;
    private readonly ImmutableDictionary<string, string> _mimeDefaults;
    private readonly ImmutableArray<UnservedPart> _unservedDefaults;

    /// <param name="root">The root element, checked against its description; what was wrong with it is in the findings.</param>
    /// <param name="realms">The realms that services may name.</param>
    /// <param name="given">The accept-options that were given outside of the file; what the file says goes before them.</param>
    /// <param name="findings">Takes what is wrong.</param>
    internal ServiceReader(SourceElement root, ImmutableArray<RealmConfiguration> realms, SettingValues given, Findings findings)
    {
        _root = root;
        _realms = realms;
        _findings = findings;
        SourceElement? defaults = root.FirstChild("service-defaults");
        _acceptDefaults = AcceptSettings.Group.Read(defaults?.FirstChild("accept-options"), root.Position, findings).Over(given);

        _connectDefaults = ConnectSettings.Group.Read(defaults?.FirstChild("connect-options"), root.Position, findings);
        _mimeDefaults = MimeMappingSettings.Read(defaults, ImmutableDictionary<string, string>.Empty, findings);
        ReportUnserved(defaults);

        // What service-defaults ask for, every service asks for.
        _unservedDefaults = findings.TakeUnserved();
    }

    internal ImmutableArray<ServiceConfiguration> ReadAll()
    {
        var services = new List<ServiceConfiguration>();
        var names = new Dictionary<string, SourcePosition>();
        foreach (SourceElement element in _root.ChildrenNamed("service"))
        {
            CheckName(element, names);
            _findings.Service = element.TextOf("name");
            foreach (UnservedPart part in _unservedDefaults)
            {
                _findings.Unserved(part.Finding);
            }

            if (Read(element) is { } service)
            {
                services.Add(service);
                _findings.Service = service.Name;
            }

            ReportUnserved(element);
            LeaveOut(element);
        }

        _findings.Service = null;

        CheckAccepts(services);
        return [.. services];
    }

    private void CheckName(SourceElement service, Dictionary<string, SourcePosition> names)
    {
        if (service.FirstChild("name") is not { Text: { Length: > 0 } name } element)
        {
            return;
        }

        if (!names.TryAdd(name, element.TextPosition))
        {
            _findings.Error(
                element.TextPosition,
                $"Service name must be unique. More than one service named '{name}'.",
                $"The other is in line {names[name].Line}; rename one.");
        }
    }

    private ServiceConfiguration? Read(SourceElement element)
    {
        if (element.FirstChild("type") is not { Text: { Length: > 0 } typeName } typeElement)
        {
            return ReadWithoutType(element);
        }

        if (ServiceTypes.Find(typeName) is not { } type)
        {
            _findings.Error(typeElement.TextPosition, ServiceTypes.WhyNot(typeName));
            return ReadWithoutType(element);
        }

        if (!type.IsServed)
        {
            _findings.Unserved(typeElement.TextPosition, $"services of type {typeName}", ServiceTypes.Served);
        }

        SettingValues accept = AcceptSettings.Group
            .Read(element.FirstChild("accept-options"), element.Position, _findings).Over(_acceptDefaults);
        if (type.MaximumAccepts == 0 && element.FirstChild("accept-options") is { } idle)
        {
            _findings.Error(idle.Position, $"A service of type {type.Name} does not accept anything; it takes no <accept-options>.", "Remove them.");
        }

        SettingValues connect = ReadConnectOptions(element, type);
        SettingValues properties = type.Properties.Read(element.FirstChild("properties"), element.Position, _findings);
        ImmutableArray<ServiceAddress> accepts = ReadAddresses(
            element, "accept", new GatewayUriFormat(UriUse.Accept, type.AcceptSchemes), type.MinimumAccepts, type.MaximumAccepts,
            type.AcceptsIn(properties));
        ImmutableArray<ServiceAddress> connects = ReadAddresses(
            element, "connect", new GatewayUriFormat(UriUse.Connect, type.ConnectSchemes), type.MinimumConnectsWith(properties), type.MaximumConnects,
            type.ConnectsIn(properties));
        ImmutableArray<ServiceAddress> balances = ReadAddresses(
            element, "balance", new GatewayUriFormat(UriUse.Accept, [.. UriScheme.Served.Where(s => s.TakesPath)]), 0, int.MaxValue, []);
        string? realm = ReadRealm(element, accept);
        WarnOfShortKeepalive(accept, AcceptSettings.KeepaliveTimeout, AcceptSettings.InactivityTimeout, element);
        WarnOfShortKeepalive(connect, ConnectSettings.KeepaliveTimeout, ConnectSettings.InactivityTimeout, element);
        CheckSchemes(accepts);
        CheckSchemes(connects);
        type.CheckAddresses(element.TextOf("name") ?? "", accepts, connects, _findings);
        WarnOfIdleHttpOptions(type, connect, element);
        TransportCheck.Run(accepts, accept, _acceptDefaults, LayerSettings.AcceptTransports, AcceptSettings.Group.Place, element.Position, _findings);
        TransportCheck.Run(connects, connect, _connectDefaults, LayerSettings.ConnectTransports, ConnectSettings.Group.Place, element.Position, _findings);
        ServiceDoubts doubts = DoubtsOf(accept, connect);
        if ((doubts & (ServiceDoubts.AcceptPlaces | ServiceDoubts.Tls)) == 0 && accepts.Count(address => !address.IsForFeeds) == element.ChildrenNamed("accept").Count())
        {
            IdleOptionCheck.Run(accepts, accept, _acceptDefaults, element.Position, _findings);
        }

        return new ServiceConfiguration
        {
            Name = element.TextOf("name") ?? "",
            Description = element.TextOf("description"),
            Type = type.Name,
            Accepts = accepts,
            Connects = connects,
            AcceptOptions = type.MaximumAccepts > 0
                ? IdleOptionCheck.WithoutIdleDefaults(AcceptSettings.Build(accept), accepts, accept, _acceptDefaults, element.Position)
                : new AcceptOptions(),
            ConnectOptions = type.MaximumConnects > 0 ? ConnectSettings.Build(connect) : new ConnectOptions(),
            CrossSiteConstraints = CrossSiteSettings.Read(element, _findings),
            MimeTypes = ReadMimeTypes(element, type),
            Balances = balances,
            Notifies = [.. element.ChildrenNamed("notify").Select(n => n.Text).OfType<string>()],
            Unheeded = [.. element.Children.Where(child => s_unheeded.Contains(child.Name)).Select(child => PropertyElement.From(child, _findings))],
            RealmName = realm,
            RequiredRoles = ProtectionSettings.ReadRoles(
                element, element.FirstChild("realm-name") is not null || accept.Has(AcceptSettings.HttpRealms), _findings),
            Options = type.ReadOptions(new ServiceProperties(properties, element.Position, _findings) { Element = element.FirstChild("properties") }),
            Position = element.Position,
            Doubts = doubts,
            AcceptPlaces = PlacesIn(accept, AcceptSettings.Group, element.Position),
            ConnectPlaces = PlacesIn(connect, ConnectSettings.Group, element.Position),
        };
    }

    // What can be said without knowing the type is said now, so that mending the type brings no second round of errors.
    private ServiceConfiguration ReadWithoutType(SourceElement service)
    {
        SettingValues accept = AcceptSettings.Group.Read(service.FirstChild("accept-options"), service.Position, _findings).Over(_acceptDefaults);
        SettingValues connect = ConnectSettings.Group.Read(service.FirstChild("connect-options"), service.Position, _findings).Over(_connectDefaults);
        UriScheme[] schemes = [.. UriScheme.Served];
        ImmutableArray<ServiceAddress> accepts = ReadAddresses(service, "accept", new GatewayUriFormat(UriUse.Accept, schemes), 0, int.MaxValue, []);
        ImmutableArray<ServiceAddress> connects = ReadAddresses(service, "connect", new GatewayUriFormat(UriUse.Connect, schemes), 0, int.MaxValue, []);
        CrossSiteSettings.Read(service, _findings);
        MimeMappingSettings.Read(service, _mimeDefaults, _findings);
        return new ServiceConfiguration
        {
            Name = service.TextOf("name") ?? "",
            Type = service.TextOf("type") ?? "",
            Accepts = accepts,
            Connects = connects,
            AcceptOptions = AcceptSettings.Build(accept),
            ConnectOptions = ConnectSettings.Build(connect),
            Options = new PlannedServiceOptions([]),
            Position = service.Position,
            Doubts = DoubtsOf(accept, connect),
            AcceptPlaces = PlacesIn(accept, AcceptSettings.Group, service.Position),
            ConnectPlaces = PlacesIn(connect, ConnectSettings.Group, service.Position),
        };
    }

    private static bool IsPlace(string option) => option.EndsWith(".bind", StringComparison.Ordinal) || option.EndsWith(".transport", StringComparison.Ordinal);

    private static ImmutableDictionary<string, SourcePosition> PlacesIn(SettingValues values, SettingGroup group, SourcePosition otherwise) =>
        group.Settings
            .Where(setting => IsPlace(setting.Name) && values.Has(setting))
            .ToImmutableDictionary(setting => setting.Name, setting => values.PositionOf(setting, otherwise));

    private static ServiceDoubts DoubtsOf(SettingValues accept, SettingValues connect)
    {
        static bool IsTls(string option) => option.StartsWith("ssl.", StringComparison.Ordinal);

        return (accept.Unreadable.Any(IsPlace) ? ServiceDoubts.AcceptPlaces : ServiceDoubts.None)
            | (connect.Unreadable.Any(IsPlace) ? ServiceDoubts.ConnectPlaces : ServiceDoubts.None)
            | (accept.Unreadable.Concat(connect.Unreadable).Any(IsTls) ? ServiceDoubts.Tls : ServiceDoubts.None)
            | (accept.Unreadable.Count > 0 ? ServiceDoubts.Sharing : ServiceDoubts.None);
    }

    private ImmutableDictionary<string, string> ReadMimeTypes(SourceElement service, ServiceTypeDescription type)
    {
        if (!type.TakesMimeMappings && service.FirstChild("mime-mapping") is { } mapping)
        {
            _findings.Error(mapping.Position, $"A service of type {type.Name} serves no files; it takes no <mime-mapping>.", "Remove it.");
        }

        return type.TakesMimeMappings ? MimeMappingSettings.Read(service, _mimeDefaults, _findings) : ImmutableDictionary<string, string>.Empty;
    }

    private string? ReadRealm(SourceElement service, SettingValues accept)
    {
        SourcePosition position = service.FirstChild("realm-name")?.TextPosition ?? service.Position;
        string? name = service.TextOf("realm-name") is { Length: > 0 } written ? written : null;
        if (name is not null)
        {
            CheckRealm(name, position, name => $"Unrecognized realm name \"{name}\".");
            if (accept.Has(AcceptSettings.HttpRealms))
            {
                _findings.Error(position, "Specified both realm-name and http.realm.", "Keep one of them.");
            }
        }

        foreach (string realm in accept.Has(AcceptSettings.HttpRealms) ? accept.Get(AcceptSettings.HttpRealms) : [])
        {
            // Misspelt as it always was, so that whoever searches for it finds it.
            CheckRealm(
                realm, accept.PositionOf(AcceptSettings.HttpRealms, position), name => $"Specified accept option http.realm {name} has no corrisponding realm.");
        }

        if (accept.Get(AcceptSettings.TcpRealm) is { } tcpRealm && tcpRealm != name)
        {
            _findings.Error(
                accept.PositionOf(AcceptSettings.TcpRealm, position), "tcp.realm needs to be the same as the configured realm.", "Write in it what realm-name says.");
        }

        return name;
    }

    private void CheckRealm(string name, SourcePosition position, Func<string, string> problem)
    {
        string[] names = [.. _realms.Select(realm => realm.Name)];
        if (!names.Contains(name))
        {
            _findings.Error(
                position,
                problem(name),
                Suggestion.For(name, names) is { } similar ? $"Did you mean {similar}?"
                    : names.Length == 0 ? "Add a <realm> of that name to <security>."
                    : $"Realms in <security>: {string.Join(", ", names)}.");
        }
    }

    // Where leaving a service out takes nothing away that Tidegate could ever do, one warning is enough.
    private void LeaveOut(SourceElement service)
    {
        if (service.FirstChild("type") is { Text: { } type } element && ServiceTypes.Find(type) is PlannedServiceType { LeftOutBecause: { } reason })
        {
            _findings.LeaveOut(new(element.TextPosition, reason, "The service is left out."));
        }
    }

    private void ReportUnserved(SourceElement? element)
    {
        foreach (SourceElement child in element?.Children ?? [])
        {
            if (UnservedYet.CureFor($"<{element!.Name}>", child.Name) is { } cure)
            {
                _findings.Unserved(child.Position, $"<{child.Name}>", cure);
            }
        }
    }

    private void CheckSchemes(ImmutableArray<ServiceAddress> addresses)
    {
        foreach (ServiceAddress address in addresses.Where(a => UnservedYet.IsScheme(a.Uri.Scheme.Name)))
        {
            string scheme = address.Uri.Scheme.Name;

            // The community edition of the old gateway knew SOCKS by name only, and said so in these words.
            string old = scheme is "socks" or "socks+ssl" ? $"Missing transport \"{scheme}\". " : "";
            _findings.Unserved(address.Position, $"{scheme} (\"{address.Uri}\")", $"{old}Remove it if the service may run without it.");
        }
    }

    private SettingValues ReadConnectOptions(SourceElement service, ServiceTypeDescription type)
    {
        SourceElement? options = service.FirstChild("connect-options");
        if (options is not null && type.MaximumConnects == 0)
        {
            _findings.Error(options.Position, $"A service of type {type.Name} does not connect to anything; it takes no <connect-options>.", "Remove them.");
        }

        return ConnectSettings.Group.Read(options, service.Position, _findings).Over(_connectDefaults);
    }

    private ImmutableArray<ServiceAddress> ReadAddresses(
        SourceElement service, string name, GatewayUriFormat format, int minimum, int maximum, ImmutableArray<ServiceAddress> alsoIn)
    {
        var addresses = new List<ServiceAddress>();
        int written = 0;
        foreach (SourceElement element in service.ChildrenNamed(name))
        {
            written++;
            if (written == maximum + 1)
            {
                _findings.Error(
                    element.Position,
                    $"A service of type {service.TextOf("type")} takes {(maximum == 0 ? "no" : $"at most {maximum}")} <{name}>.",
                    "Remove this one.");
            }

            if (maximum == 0 || element.Text is not { Length: > 0 } text)
            {
                continue;
            }

            if (format.TryRead(text, out GatewayUri? uri, out TextFault? fault))
            {
                addresses.Add(new(uri, element.TextPosition));
            }
            else
            {
                _findings.Error(element.TextPosition, fault);
            }
        }

        addresses.AddRange(alsoIn);
        if (written + alsoIn.Length < minimum)
        {
            _findings.Error(
                service.Position, $"Missing required element: <{name}>", $"in this <service>; it takes {format.Description}.");
        }

        return [.. addresses];
    }

    // Who writes one of them counts on it; in service-defaults they are for whom they may concern.
    private void WarnOfIdleHttpOptions(ServiceTypeDescription type, SettingValues connect, SourceElement service)
    {
        foreach (Setting setting in type is { IsServed: true, ConnectsByHttp: false } ? ConnectSettings.OfHttp : [])
        {
            if (connect.Has(setting) && !connect.Of(setting).All(setting.IsDefault) && service.FirstChild("connect-options")?.FirstChild(setting.Name) is { } written)
            {
                _findings.Warning(
                    written.TextPosition, $"<{setting.Name}> does nothing here: a service of type {type.Name} sends no HTTP requests to what is behind it.", "Remove it.");
            }
        }
    }

    private void WarnOfShortKeepalive(SettingValues values, Setting<TimeSpan> keepalive, Setting<TimeSpan> inactivity, SourceElement service)
    {
        TimeSpan keep = values.Get(keepalive);
        TimeSpan inactive = values.Get(inactivity);
        if (values.Has(keepalive) && keep < inactive)
        {
            string options = keepalive == AcceptSettings.KeepaliveTimeout ? "accept-options" : "connect-options";
            _findings.Warning(
                values.PositionOf(keepalive, service.Position),
                $"http.keepalive.timeout={keep.TotalSeconds} should be greater-than-or-equal-to ws.inactivity.timeout={inactive.TotalSeconds} in {options}.",
                "Raise the former (both in seconds here).");
        }
    }

    // Two services at one place could not both be reached. tcp shares a port with nothing.
    private void CheckAccepts(List<ServiceConfiguration> services)
    {
        var taken = new Dictionary<string, (ServiceAddress Address, string Service)>();
        foreach (ServiceConfiguration service in services)
        {
            foreach (ServiceAddress accept in service.Accepts)
            {
                if (accept.Uri.Port == 0 && !accept.Uri.Scheme.TakesPath && accept.Uri.Scheme.TakesPort)
                {
                    // Each gets a free port of its own.
                    continue;
                }

                string place = $"{accept.Uri.Scheme}://{accept.Uri.Authority}{accept.Uri.Path}";
                if (!taken.TryAdd(place, (accept, service.Name)))
                {
                    (ServiceAddress other, string otherService) = taken[place];
                    _findings.Error(
                        accept.Position,
                        $"{accept.Uri} is accepted twice: here and in line {other.Position.Line} (service '{otherService}').",
                        "Change one of the two.");
                }
            }
        }
    }
}
