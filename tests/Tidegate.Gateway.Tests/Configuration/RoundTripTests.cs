using System.Collections.Immutable;
using System.Security.Authentication;
using FsCheck;
using FsCheck.Fluent;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services;
using Tidegate.Gateway.Services.Directory;
using Tidegate.Gateway.Services.Echo;
using Tidegate.Gateway.Services.Proxy;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>Any configuration that there can be is printed so that it reads back equal.</summary>
public sealed class RoundTripTests
{
    private static readonly SourcePosition s_nowhere = new("", 0, 0);

    // What people write, and what XML and ${name} make special.
    private static readonly Gen<string> s_text =
        from words in Gen.OneOf(
            Gen.Elements("a", "b c", "<x>", "&amp;", "${name}", "$${x}", "$", "ä", "日本", "]]>", "\"'", "*", "{}", "--"),
            from n in Gen.Choose(0, 9999) select $"w{n}").NonEmptyListOf()
        select string.Join(' ', words.Take(4));

    private static readonly Gen<string> s_word = from n in Gen.Choose(0, 9999) select $"w{n}";

    private static readonly Gen<bool> s_bool = Gen.Elements(true, false);

    private static readonly Gen<TimeSpan> s_time =
        from ms in Gen.OneOf(Gen.Choose(1, 100_000), Gen.Choose(1, 2_000_000).Select(s => s * 1000)) select TimeSpan.FromMilliseconds(ms);

    private static readonly Gen<int> s_size = Gen.OneOf(Gen.Choose(1, int.MaxValue), Gen.Choose(1, 1024).Select(k => k * 1024));

    private static readonly Gen<TlsOptions> s_tls =
        from encryption in s_bool
        from protocols in Gen.Elements(SslProtocols.Tls13, SslProtocols.Tls12 | SslProtocols.Tls13, SslProtocols.Tls12)
        from ciphers in Optional(Gen.Elements("HIGH,!ADH", "AES128-GCM-SHA256"))
        select new TlsOptions { Encryption = encryption, Protocols = protocols, Ciphers = ciphers };

    private static readonly Gen<ClientVerification> s_verification =
        Gen.Elements(ClientVerification.None, ClientVerification.Optional, ClientVerification.Required);

    // Without those that only accepts have, or only connects.
    private static readonly Gen<SocksOptions> s_socks =
        from mode in Gen.Elements<SocksMode?>(null, SocksMode.Forward, SocksMode.Reverse)
        from ciphers in Optional(Gen.Constant("HIGH"))
        from protocols in Gen.Elements<SslProtocols?>(null, SslProtocols.Tls12)
        from verify in s_verification
        select new SocksOptions { Mode = mode, Ciphers = ciphers, Protocols = protocols, VerifyClient = verify };

    private static readonly Gen<AcceptOptions> s_accept =
        from size in s_size
        from inactivity in Gen.OneOf(Gen.Constant(TimeSpan.Zero), s_time)
        from keepalive in s_time
        from subprotocols in s_word.ListOf()
        from compression in s_bool
        from tls in s_tls
        from verify in s_verification
        from socks in s_socks
        from retry in s_time
        from padding in Gen.Choose(0, 65507)
        from binds in Layers(["tcp", "http", "https", "ws", "wss", "ssl", "udp", "socks", "wsn", "wsx", "httpxe"], GeneratedAddresses.Bind)
        from transports in Layers(["http", "ssl", "tcp", "udp", "pipe", "socks"], GeneratedAddresses.Transport(UriUse.Accept))
        from redirects in Gen.Choose(0, 100)
        from header in s_bool
        from http2 in s_bool
        from streams in s_bool
        from nic in Optional(s_text)
        from weight in Gen.Choose(1, 256)
        from rate in Gen.OneOf(Gen.Constant<long?>(null), Gen.Choose(1, int.MaxValue).Select(n => (long?)n))
        select new AcceptOptions
        {
            MaximumMessageSize = size,
            InactivityTimeout = inactivity,
            KeepaliveTimeout = keepalive,
            Subprotocols = [.. subprotocols.Distinct()],
            Compression = compression,
            Tls = tls with { VerifyClient = verify },
            Binds = binds,
            Transports = transports,
            MaximumRedirects = redirects,
            ServerHeader = header,
            Http2 = http2,
            WebSocketsOverHttp2 = streams,
            UdpInterface = nic,
            MaximumOutboundRate = rate,
            BalanceWeight = weight,
            UdpPaddingAlignment = padding,
            Socks = socks with { RetryMaximumInterval = retry },
        };

    private static readonly Gen<ConnectOptions> s_connect =
        from size in s_size
        from times in s_time.ArrayOf(3)
        from flags in s_bool.ArrayOf(2)
        from tls in s_tls
        from bind in Optional(GeneratedAddresses.Bind)
        from transports in Layers(["http", "ssl", "tcp", "udp", "pipe", "socks"], GeneratedAddresses.Transport(UriUse.Connect))
        from counts in Gen.Choose(1, 100).ArrayOf(3)
        from version in Gen.Elements(WebSocketVersion.Rfc6455, WebSocketVersion.Draft75)
        from nic in Optional(s_text)
        from verify in s_verification
        from socks in s_socks
        from padding in Gen.Choose(0, 65507)
        select new ConnectOptions
        {
            MaximumMessageSize = size,
            InactivityTimeout = times[0],
            ConnectTimeout = times[1],
            KeepaliveTimeout = times[2],
            Compression = flags[0],
            Keepalive = flags[1],
            Tls = tls with { VerifyClient = verify },
            UdpPaddingAlignment = padding,
            Socks = socks with { Timeout = padding % 2 == 0 ? null : times[0] },
            TcpBind = bind,
            Transports = transports,
            KeepaliveConnections = counts[0],
            MaximumRedirects = counts[1],
            MaximumAuthenticationAttempts = counts[2],
            WebSocketVersion = version,
            UdpInterface = nic,
        };

    private static readonly Gen<ImmutableArray<PropertyElement>> s_elements =
        from names in s_word.ListOf()
        from texts in s_text.ListOf(names.Count)
        from nested in s_bool
        let flat = names.Zip(texts, (name, text) => new PropertyElement(name, text, [])).ToImmutableArray()
        select nested && !flat.IsEmpty ? [new PropertyElement("nested", "", flat), .. flat] : flat;

    private static readonly Gen<RealmConfiguration> s_realm =
        from name in s_text
        from description in Optional(s_text)
        from classes in s_word.ListOf()
        from scheme in Optional(Gen.Elements("Basic", "Application Token", "Negotiate"))
        from sources in s_word.ListOf()
        from mode in Gen.Elements("challenge", "validate", "recycle")
        from timeout in s_time
        from hasTimeout in s_bool
        from success in Gen.Elements(Enum.GetValues<LoginModuleSuccess>())
        from options in s_elements
        from modules in Gen.Choose(0, 2)
        from hasAuthentication in s_bool
        select new RealmConfiguration
        {
            Name = name,
            Description = description,
            UserPrincipalClasses = [.. classes],
            Authentication = !hasAuthentication ? null : new AuthenticationConfiguration
            {
                ChallengeScheme = scheme,
                HttpHeaders = [.. sources],
                HttpCookies = [.. sources.Take(1)],
                HttpQueryParameters = [.. sources.Skip(1)],
                AuthorizationMode = mode,
                SessionTimeout = hasTimeout ? timeout : null,
                AuthorizationTimeout = hasTimeout ? null : timeout,
                LoginModules = [.. Enumerable.Repeat(new LoginModuleConfiguration { Type = "ldap", Success = success, Options = options }, modules)],
            },
            Position = s_nowhere,
        };

    private static readonly Gen<CrossSiteConstraint> s_constraint =
        from port in Gen.Choose(1, 65535)
        from methods in Gen.SubListOf("GET", "POST", "PUT", "DELETE")
        from headers in s_word.ListOf()
        from age in Gen.OneOf(Gen.Constant<TimeSpan?>(null), s_time.Select(t => (TimeSpan?)t))
        select new CrossSiteConstraint
        {
            AllowOrigin = $"https://www.example.com:{port}",
            AllowMethods = methods.Count == 0 ? CrossSiteConstraint.DefaultMethods : [.. methods],
            AllowHeaders = [.. headers.Distinct()],
            MaximumAge = age,
            Position = s_nowhere,
        };

    private static readonly Gen<(string Type, ServiceOptions Options)> s_options = Gen.OneOf(
        from repeat in Gen.Choose(1, 1000)
        select ("echo", (ServiceOptions)new EchoOptions { Repeat = repeat }),
        from pending in s_size
        from recovery in s_time
        from count in Gen.Choose(0, 10_000)
        from strategy in Gen.Elements(Enum.GetValues<ConnectStrategy>())
        select ("proxy", (ServiceOptions)new ProxyOptions
        {
            MaximumPendingBytes = pending,
            MaximumRecoveryInterval = recovery,
            ConnectStrategy = strategy,
            PreparedConnectionCount = strategy == ConnectStrategy.Prepared ? count : 0,
        }),
        from directory in s_word
        from welcome in Optional(s_word)
        from errors in Optional(Gen.Elements("errors", "/error-pages", "file:///srv/a%20b"))
        from indexes in s_bool
        from links in s_bool
        from word in Gen.SubListOf("no-cache", "no-store", "must-revalidate", "private")
        from age in s_time
        from fromModification in s_bool
        let cache = new CacheControl { MaxAge = new CacheTime(age, fromModification), Words = [.. word] }
        from patterns in s_word.NonEmptyListOf()
        from locations in Gen.Choose(0, 2)
        select ("directory", (ServiceOptions)new DirectoryOptions
        {
            Directory = directory,
            WelcomeFile = welcome,
            ErrorPagesDirectory = errors,
            Indexes = indexes,
            FollowSymbolicLinks = links,
            Locations = [.. Enumerable.Repeat(new DirectoryLocation { Patterns = [.. patterns], CacheControl = cache }, locations)],
        }),
        from elements in s_elements
        select ("amqp.proxy", (ServiceOptions)new PlannedServiceOptions(elements)));

    private static readonly Gen<ServiceConfiguration> s_service =
        from description in Optional(s_text)
        from typed in s_options
        from accept in s_accept
        from connect in s_connect
        from constraints in s_constraint.ListOf()
        from mime in s_word.ListOf()
        from isProtected in s_bool
        from how in Gen.Choose(0, 2)
        from roles in s_word.ListOf()
        from type in Gen.Constant(ServiceTypes.Find(typed.Type)!)
        from connects in GeneratedAddresses.Connects(type.ConnectSchemes.Length == 0 ? [UriScheme.Tcp] : type.ConnectSchemes)
        from balances in GeneratedAddresses.Balances
        from push in Optional(s_elements.Select(elements => new PropertyElement("notify-options", "", elements)))
        from extensions in s_text.ListOf()
        select new ServiceConfiguration
        {
            Name = "",
            Description = description,
            Type = typed.Type,
            Accepts = [],
            Connects = type.MaximumConnects > 0 ? connects : [],
            Balances = balances,
            // Clients pass one realm, or several of HTTP; and that of TCP is the one.
            AcceptOptions = accept with
            {
                HttpRealms = isProtected && how == 1 ? ["first", "second"] : [],
                TcpRealm = isProtected && how == 2 ? "the realm" : null,
            },
            ConnectOptions = type.MaximumConnects > 0 ? connect : new ConnectOptions(),
            Unheeded =
            [
                .. push is null ? ImmutableArray<PropertyElement>.Empty : [push],
                .. extensions.Select(extension => new PropertyElement("ws-extension", extension, [])),
            ],
            RealmName = isProtected && how != 1 ? "the realm" : null,
            RequiredRoles = !isProtected ? [] : roles.Count == 0 ? ["*"] : [.. roles.Distinct()],
            CrossSiteConstraints = [.. constraints.DistinctBy(c => c.AllowOrigin)],
            MimeTypes = typed.Type == "directory" ? mime.Distinct().ToImmutableDictionary(e => e, e => $"text/{e}") : ImmutableDictionary<string, string>.Empty,
            Options = typed.Options,
            Position = s_nowhere,
        };

    private static readonly Gen<GatewayConfiguration> s_configuration =
        from count in Gen.Choose(1, 4)
        from services in s_service.ArrayOf(count)
        from accepts in Gen.CollectToArray(Enumerable.Range(0, count), i => GeneratedAddresses.Accepts(ServiceTypes.Find(services[i].Type)!.AcceptSchemes, i))
        from realms in s_realm.ListOf()
        from store in Optional(s_word.Select(name => new StoreConfiguration { Type = "JCEKS", File = $"/{name}", PasswordFile = $"/{name}.pw", Position = s_nowhere }))
        from cluster in GeneratedCluster.Of(s_text)
        select new GatewayConfiguration(
            "",
            [.. services.Select((service, i) => Valid(service with { Name = $"service {i}", Accepts = accepts[i] }))],
            [])
        {
            Security = new SecurityConfiguration
            {
                Keystore = store,
                Truststore = store,
                Realms =
                [
                    .. realms.Concat(from name in (string[])["the realm", "first", "second"] select new RealmConfiguration { Name = name, Position = s_nowhere })
                        .DistinctBy(realm => realm.Name),
                ],
            },
            Cluster = cluster,
        };

    /// <summary>Certificates may not be required where nobody can show one.</summary>
    private static ServiceConfiguration Valid(ServiceConfiguration service) =>
        service.AcceptOptions.Tls is { VerifyClient: ClientVerification.Required, Encryption: true } && !IdleOptionCheck.HasTls(service.Accepts, service.AcceptOptions.Transports)
            ? service with { AcceptOptions = service.AcceptOptions with { Tls = service.AcceptOptions.Tls with { VerifyClient = ClientVerification.Optional } } }
            : service;

    [Fact]
    public void Any_configuration_is_printed_so_that_it_reads_back_equal() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(500),
            Prop.ForAll(s_configuration.ToArbitrary(), configuration =>
            {
                string text = ConfigurationWriter.Write(configuration, showSecrets: true);
                Assert.Equal(Model.Show(configuration), Model.Show(ConfigurationReader.Parse(text, "printed.xml", ConfigurationText.Nothing)));
            }));

    [Fact]
    public void No_secret_of_any_configuration_is_shown() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(200),
            Prop.ForAll(s_configuration.ToArbitrary(), configuration =>
            {
                ClusterConfiguration cluster = (configuration.Cluster ?? new() { Name = "c", Position = s_nowhere }) with { AwsSecretKey = "hush-hush" };
                Assert.DoesNotContain("hush-hush", ConfigurationWriter.Write(configuration with { Cluster = cluster }, showSecrets: false), StringComparison.Ordinal);
            }));

    private static Gen<T?> Optional<T>(Gen<T> gen)
        where T : class => Gen.OneOf(Gen.Constant<T?>(null), gen.Select(value => (T?)value));

    private static Gen<ImmutableDictionary<string, T>> Layers<T>(string[] layers, Gen<T> value)
        where T : class =>
        from written in Gen.SubListOf(layers)
        from values in value.ListOf(written.Count)
        select written.Zip(values).ToImmutableDictionary(pair => pair.First, pair => pair.Second);
}
