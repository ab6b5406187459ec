using System.Text.RegularExpressions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Services;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>Every name in the chapters of the inventory that list elements is one that the reader knows, in every namespace.</summary>
public sealed partial class InventoryTests
{
    private const string Realm = "<security><realm><name>demo</name></realm></security>";

    private static readonly HashSet<(string Parent, string Child)> s_elements = Elements();

    /// <summary>Chapter 1.6: the place and the name of each option.</summary>
    public static TheoryData<string, string> Options
    {
        get
        {
            var options = new TheoryData<string, string>();
            foreach (string[] row in Inventory.Rows("1.6"))
            {
                foreach (string name in Inventory.Names(row[0]))
                {
                    if (row[1] == "x")
                    {
                        options.Add("accept-options", name);
                    }

                    if (row[2] == "x" || (row[2] == "tcp only" && name == "tcp.bind"))
                    {
                        options.Add("connect-options", name);
                    }
                }
            }

            // What the schemas never had and the code and the documents did; `a.b|c` is `a.b` and `a.c`.
            foreach (string names in Inventory.Names(Inventory.Line("1.6", "Parsed by source but **absent")).Where(name => OptionNames().IsMatch(name)))
            {
                string[] parts = names.Split('|');
                string prefix = parts[0][..(parts[0].LastIndexOf('.') + 1)];
                foreach (string name in parts.Skip(1).Select(part => prefix + part).Prepend(parts[0]))
                {
                    options.Add("accept-options", name);
                }
            }

            // The rest of `socks.*`, and how the documents of the enterprise edition place it.
            foreach (string name in (string[])["socks.mode", "socks.transport", "socks.ssl.ciphers", "socks.tls.ciphers", "socks.ssl.protocols", "socks.ssl.verify-client"])
            {
                options.Add("connect-options", name);
            }

            options.Add("connect-options", "socks.timeout");
            options.Add("connect-options", "ssl.verify-client");
            options.Add("connect-options", "udp.padding.alignment");
            options.Add("accept-options", "socks.mode");
            options.Add("accept-options", "socks.retry.maximum.interval");
            options.Add("accept-options", "socks.bind");
            options.Add("accept-options", "udp.bind");
            return options;
        }
    }

    /// <summary>Chapters 1.4 and 1.7: what each element may hold.</summary>
    public static TheoryData<string, string> Children
    {
        get
        {
            var children = new TheoryData<string, string>();
            foreach (string[] row in Inventory.Rows("1.4"))
            {
                string[] path = [];
                foreach (string name in Inventory.Names(row[0]))
                {
                    // A name without a slash stands where the one before it does.
                    path = name.Contains('/', StringComparison.Ordinal) ? name.Split('/') : [.. path[..^1], name];
                    for (int i = 1; i < path.Length; i++)
                    {
                        children.Add(path[i - 1], path[i]);
                    }
                }
            }

            foreach (string[] row in Inventory.Rows("1.7"))
            {
                children.Add("cross-site-constraint", Inventory.Names(row[0]).Single());
            }

            children.Add("service", "auth-constraint");
            children.Add("service", "notify-options");
            children.Add("service", "ws-extension");
            children.Add("authentication", "authorization-timeout");
            return children;
        }
    }

    /// <summary>Chapter 2: the properties of each type.</summary>
    public static TheoryData<string, string> Properties
    {
        get
        {
            var properties = new TheoryData<string, string>
            {
                { "echo", "repeat" },
                { "http.redirect", "location" }, { "http.redirect", "status-code" }, { "http.redirect", "cache-control" },
                { "turn.rest", "key.alias" }, { "turn.rest", "key.algorithm" }, { "turn.rest", "credentials.generator" },
                { "turn.rest", "credentials.ttl" }, { "turn.rest", "username.separator" }, { "turn.rest", "url" },
            };
            foreach ((string chapter, string type) in ((string, string)[])[("2.2", "broadcast"), ("2.3", "proxy"), ("2.5", "http.proxy"), ("2.7", "directory")])
            {
                foreach (string[] row in Inventory.Rows(chapter))
                {
                    properties.Add(type, Inventory.Names(row[0])[0]);
                }
            }

            return properties;
        }
    }

    [Fact]
    public void The_inventory_is_read_as_it_stands()
    {
        Assert.InRange(Inventory.Rows("1.4").Length, 40, 60);
        Assert.InRange(Inventory.Rows("1.6").Length, 15, 30);
        Assert.Contains(Options, row => row is ["accept-options", "socks.ssl.protocols"]);
        Assert.Contains(Options, row => row is ["accept-options", "wsn.bind"]);
        Assert.Contains(Children, row => row is ["property", "value"]);
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void Every_documented_option_loads_in_every_namespace(string place, string option)
    {
        string realm = option == "tcp.realm" ? "<realm-name>demo</realm-name><authorization-constraint><require-valid-user/></authorization-constraint>" : "";
        string service = "<service><name>p</name><accept>tcp://h:1</accept><connect>tcp://h:2</connect><type>proxy</type>"
            + $"<{place}><{option}>{ValueOf(option)}</{option}></{place}>{realm}</service>";
        Assert.All(
            GatewayNamespaces.All,
            ns => Assert.Equal("p", Assert.Single(ConfigurationReader.Parse(Around(Realm + service, ns.Uri), "test.xml", Nothing).Services).Name));
    }

    [Theory]
    [MemberData(nameof(Children))]
    public void Every_documented_element_is_known_where_it_belongs(string parent, string child) => Assert.Contains((parent, child), s_elements);

    [Theory]
    [MemberData(nameof(Properties))]
    public void Every_documented_property_is_known_to_its_type(string type, string property)
    {
        SettingGroup group = ServiceTypes.Find(type)!.Properties;

        Assert.True(group.Settings.Any(setting => setting.IsCalled(property)) || group.NotServedYet.Contains(property), property);
    }

    [Fact]
    public void Every_documented_name_stands_in_a_sample()
    {
        string samples = string.Concat(Samples.All().Select(File.ReadAllText));

        // Either spelling of an option is enough, and options of login modules have names of their own.
        string[] missing =
        [
            .. from name in Options.Concat(Children).Concat(Properties).Select(row => (string)row[1]).Distinct()
               where name is not ("*" or "internal.maximum.transferred.bytes")
               where !samples.Contains($"<{name}>", StringComparison.Ordinal) && !samples.Contains($"<{name}/>", StringComparison.Ordinal)
               where !samples.Contains($"<{name.Replace("tls.", "ssl.", StringComparison.Ordinal)}>", StringComparison.Ordinal)
               select name,
        ];

        Assert.Empty(missing);
    }

    [Theory]
    [InlineData("file", "<options><file>jaas-config.xml</file></options>")]
    [InlineData("ldap", "<options><userProvider>ldap://h</userProvider></options>")]
    [InlineData("jndi", "")]
    [InlineData("keystore", "")]
    [InlineData("gss", "")]
    [InlineData("kerberos5", "")]
    [InlineData("ip-filter", "")]
    [InlineData("class:com.example.Module", "")]
    public void Every_documented_login_module_loads(string type, string options) =>
        Assert.Equal(type, Assert.Single(Assert.Single(Read(
            $"<security><realm><name>a</name><authentication><login-modules><login-module><type>{type}</type><success>required</success>{options}"
            + $"</login-module></login-modules></authentication></realm></security>{Echo("")}").Security.Realms).Authentication!.LoginModules).Type);

    [Theory]
    [InlineData("ssl.", "tls.")]
    [InlineData("socks.ssl.", "socks.tls.")]
    public void Whatever_is_written_with_ssl_may_be_written_with_tls(string ssl, string tls) =>
        Assert.All(
            AcceptSettings.Group.Settings.Concat(ConnectSettings.Group.Settings).Where(setting => setting.Name.StartsWith(ssl, StringComparison.Ordinal)),
            setting => Assert.Equal(tls + setting.Name[ssl.Length..], setting.Alias));

    private static string ValueOf(string option) => option switch
    {
        "ws.maximum.message.size" => "64k",
        "http.keepalive" or "http.server.header" => "disabled",
        "http.keepalive.connections" or "http.maximum.redirects" or "http.max.authentication.attempts" or "udp.padding.alignment" => "4",
        "http.realm" or "tcp.realm" => "demo",
        "ws.version" => "draft-75",
        "udp.interface" => "eth0",
        "tcp.maximum.outbound.rate" => "1MB/s",
        "socks.mode" => "reverse",
        _ when option.EndsWith(".bind", StringComparison.Ordinal) => "8001",
        _ when option.EndsWith(".transport", StringComparison.Ordinal) => "tls://127.0.0.1:8100",
        _ when option.EndsWith(".ciphers", StringComparison.Ordinal) => "HIGH,!ADH",
        _ when option.EndsWith(".protocols", StringComparison.Ordinal) => "TLSv1.2",
        _ when option.EndsWith(".encryption", StringComparison.Ordinal) => "disabled",
        _ when option.EndsWith(".verify-client", StringComparison.Ordinal) => "optional",
        _ when option.EndsWith(".timeout", StringComparison.Ordinal) || option.EndsWith(".interval", StringComparison.Ordinal) => "1.5 minutes",
        _ => throw new ArgumentException($"The inventory names an option that this test has no value for: {option}.", nameof(option)),
    };

    private static HashSet<(string, string)> Elements()
    {
        var elements = new HashSet<(string, string)>();
        AddElement(GatewayElements.Root);
        return elements;

        void AddElement(ElementDescription element)
        {
            foreach (ChildDescription child in element.Children)
            {
                elements.Add((element.Name, child.Element.Name));
                if (child.Element.Alias is { } alias)
                {
                    elements.Add((element.Name, alias));
                }

                AddElement(child.Element);
            }

            if (element.Group is { } group)
            {
                AddGroup(element.Name, group);
            }
        }

        void AddGroup(string element, SettingGroup group)
        {
            if (group.IsOpen)
            {
                elements.Add((element, "*"));
            }

            foreach (Setting setting in group.Settings)
            {
                elements.Add((element, setting.Name));
                if (setting.Group is { } inner)
                {
                    AddGroup(setting.Name, inner);
                }
            }
        }
    }

    [GeneratedRegex(@"^[a-z]+(\.[a-z-]+)+(\|[a-z-]+)*$")]
    private static partial Regex OptionNames();
}
