using System.Globalization;
using System.Text;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Configuration.Documents;

/// <summary>The reference of the configuration as a page, made from the descriptions that the reader works by.</summary>
internal static class ConfigurationReference
{
    /// <summary>The page in Markdown, which ends with a line break.</summary>
    internal static string Write()
    {
        var page = new StringBuilder();
        page.Append(
            """
            # Configuration reference

            Every element, option and property that Tidegate reads, as the reader itself knows them: this page is generated. How they
            work together, what values look like, and what `${name}` means is in [configuration.md](configuration.md).

            Elements inside another may stand in any order, and none takes attributes. Whatever was documented for one namespace is read in
            every one, but for the [old properties](#old-properties). *Not served yet* means that `tidegate validate`
            accepts it and `tidegate start` refuses it, or with `--lenient` leaves out the service that asks for it.


            """);
        page.Append("## Namespaces\n\n");
        foreach ((string uri, GatewayEdition edition) in GatewayNamespaces.All)
        {
            page.Append(CultureInfo.InvariantCulture, $"- `{uri}`{EditionNote(uri, edition)}\n");
        }

        WriteElement(page, GatewayElements.Root);
        WriteOldProperties(page);
        page.Append("\n## Service types\n");
        foreach (ServiceTypeDescription type in ServiceTypes.All.Concat(PlannedServiceTypes.All).OrderBy(type => type.Name, StringComparer.Ordinal))
        {
            WriteType(page, type);
        }

        return page.ToString();
    }

    private static string EditionNote(string uri, GatewayEdition edition) => edition switch
    {
        GatewayEdition.June2016 => ": the newest, for new files",
        GatewayEdition.November2015 => ": `realm-name` without `authorization-constraint` protects nothing, and each `balance` needs its balancer in the same file and an accept with the same port and path",
        _ when uri.Contains("2014", StringComparison.Ordinal) => ": the same, a `directory` service has a `location` for `**/*` with `max-age=0`, and there are [old properties](#old-properties)",
        _ => ": as 2014/09",
    };

    private static void WriteElement(StringBuilder page, ElementDescription element, ElementDescription? parent = null)
    {
        string place = parent is null || parent == GatewayElements.Root ? "" : $" in `{parent.Name}`";
        page.Append(CultureInfo.InvariantCulture, $"\n## `{element.Name}`{place}\n\n{element.Documentation}\n");
        if (element.Content == ElementContent.Elements)
        {
            page.Append("\n| element | how often | |\n| --- | --- | --- |\n");
            foreach (ChildDescription child in element.Children)
            {
                string alias = child.Element.Alias is { } other ? $", also `{other}`" : "";
                page.Append(
                    CultureInfo.InvariantCulture,
                    $"| `{child.Element.Name}`{alias} | {HowOften(child.Minimum, child.Maximum)} | {Note(child.Element.Documentation, $"<{element.Name}>", child.Element.Name)} |\n");
            }

            foreach (ChildDescription child in element.Children.Where(child => child.Element.Content != ElementContent.Text && !IsRepeated(element, child.Element)))
            {
                WriteElement(page, child.Element, element);
            }
        }
        else if (element.Group is { } group)
        {
            WriteGroup(page, group, "element");
        }
        else if (element.Content == ElementContent.Anything)
        {
            page.Append("\nIt is read as it is written.\n");
        }
        else if (element.Content == ElementContent.Settings)
        {
            page.Append("\nSee [service types](#service-types).\n");
        }
    }

    // service-defaults hold what service holds, which is described there.
    private static bool IsRepeated(ElementDescription parent, ElementDescription child) =>
        parent.Name == "service-defaults" && GatewayElements.Service.Children.Any(c => c.Element.Name == child.Name);

    private static void WriteOldProperties(StringBuilder page)
    {
        page.Append(
            """

            ## Old properties

            Properties that a `broadcast`, `directory`, `echo`, `http.proxy` or `proxy` service could have up to 2014/09. In files of these
            namespaces they are text, and earn a warning; in later ones they are errors, as they were.

            | property | what it was | now |
            | --- | --- | --- |

            """);
        foreach ((string name, string did, string instead) in OldProperties.All)
        {
            page.Append(CultureInfo.InvariantCulture, $"| `{name}` | {did} | {instead} |\n");
        }
    }

    private static void WriteType(StringBuilder page, ServiceTypeDescription type)
    {
        page.Append(CultureInfo.InvariantCulture, $"\n### {type.Name}\n\n{type.Documentation}");
        if (!type.IsServed)
        {
            page.Append((type as PlannedServiceType)?.LeftOutBecause is { } reason ? $" *{reason} The service is left out.*" : " *Not served yet.*");
        }

        if (type.MaximumAccepts > 0)
        {
            page.Append(CultureInfo.InvariantCulture, $" Accepts {Schemes(type.AcceptSchemes)}.");
        }

        if (type.MaximumConnects > 0)
        {
            page.Append(CultureInfo.InvariantCulture, $" Connects to {Schemes(type.ConnectSchemes)}: {HowOften(type.MinimumConnects, type.MaximumConnects)}.");
        }

        page.Append('\n');
        if (type.Properties.IsOpen)
        {
            page.Append("\nIts properties are read as they are written.\n");
        }
        else if (!type.Properties.Settings.IsEmpty)
        {
            WriteGroup(page, type.Properties, "property");
        }
    }

    private static void WriteGroup(StringBuilder page, SettingGroup group, string noun)
    {
        page.Append(CultureInfo.InvariantCulture, $"\n| {noun} | value | default | |\n| --- | --- | --- | --- |\n");
        foreach (Setting setting in group.Settings)
        {
            string alias = setting.Alias is { } other ? $", `{other}`" : "";
            string @default = setting.Required ? "required" : setting.DefaultText is { Length: > 0 } text ? $"`{text}`" : "none";
            string repeated = setting.Repeatable ? " May be repeated." : "";
            page.Append(
                CultureInfo.InvariantCulture,
                $"| `{setting.Name}`{alias} | {ValueOf(setting)} | {@default} | {Note(setting.Documentation + repeated, group.Place, setting.Name)} |\n");
        }

        foreach (string name in group.NotServedYet.All)
        {
            page.Append(CultureInfo.InvariantCulture, $"| `{name}` | as written | none | *Not served yet.* |\n");
        }

        foreach (Setting setting in group.Settings.Where(setting => setting.Group is { IsOpen: false }))
        {
            page.Append(CultureInfo.InvariantCulture, $"\n`{setting.Name}` holds:\n");
            WriteGroup(page, setting.Group!, "element");
        }
    }

    private static string ValueOf(Setting setting) =>
        setting.Group is not null ? "elements"
        : setting.Words.IsEmpty ? setting.FormatDescription
        : string.Join(", ", setting.Words.Select(word => $"`{word}`"));

    private static string Note(string documentation, string place, string name) =>
        (UnservedYet.CureFor(place, name) is null ? documentation : $"{documentation} *Not served yet.*").Replace("|", "\\|", StringComparison.Ordinal);

    private static string HowOften(int minimum, int maximum) => (minimum, maximum) switch
    {
        (0, 1) => "0 or 1",
        (0, int.MaxValue) => "any number",
        (1, 1) => "1",
        (_, int.MaxValue) => string.Create(CultureInfo.InvariantCulture, $"{minimum} or more"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{minimum} to {maximum}"),
    };

    private static string Schemes(UriScheme[] schemes) => string.Join(", ", schemes.Select(scheme => $"`{scheme}`"));
}
