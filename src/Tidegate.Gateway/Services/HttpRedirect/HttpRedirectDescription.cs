using System.Globalization;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Services.HttpRedirect;

/// <summary>The <c>http.redirect</c> service type.</summary>
internal sealed class HttpRedirectDescription : ServiceTypeDescription
{
    private static readonly HttpRedirectOptions s_defaults = new() { Location = "" };

    private static readonly Setting<string> s_location = new(
        "location", new TextFormat("a URI or a path", LocationFault), "Where clients are sent: a URI, or a path at the same host.")
    {
        Required = true,
    };

    private static readonly Setting<int> s_statusCode = new(
        "status-code",
        new ChoiceFormat<int>(StatusProblem, ("300", 300), ("301", 301), ("302", 302), ("303", 303), ("307", 307), ("308", 308)),
        s_defaults.StatusCode,
        "The status of the answer: 301 and 308 for good, 302 and 307 for now (of these, 307 and 308 keep method and body), 303 to be fetched with GET. "
        + "300 is the default of old, which browsers do not follow.");

    private static readonly Setting<string> s_cacheControl = new(
        "cache-control", new TextFormat("directives with commas between", DirectivesFault),
        "The Cache-Control header of the answer, which then has an Expires header of 1970, too: what is not allowed by a directive is not kept.")
    {
        Repeatable = true,
    };

    private static readonly Setting<bool> s_propagatePath = new(
        "propagate-path", Choices.EnabledOrDisabled, s_defaults.PropagatesPath,
        "Whether what follows the accept's path in a request follows the location's path, too.");

    private static readonly Setting<bool> s_propagateQuery = new(
        "propagate-query", Choices.EnabledOrDisabled, s_defaults.PropagatesQuery, "Whether the query of a request is added to the location's.");

    internal override string Name => "http.redirect";

    internal override string Documentation => "Answers every request with a redirect.";

    internal override UriScheme[] AcceptSchemes => [UriScheme.Http, UriScheme.Https];

    internal override SettingGroup Properties { get; } = new(
        "the properties of an http.redirect service",
        [s_location, s_statusCode, s_cacheControl, s_propagatePath, s_propagateQuery],
        NotServedYet.Nothing);

    internal override Service Create(ServiceConfiguration configuration, ServiceContext context) => new HttpRedirectService(configuration);

    internal override ServiceOptions ReadOptions(ServiceProperties properties)
    {
        SettingValues values = properties.Values;
        string location = values.Get(s_location) ?? "";
        if (values.Get(s_propagatePath) && location.Length > 0 && !new RedirectTarget(location).TakesPath)
        {
            properties.Findings.Error(
                values.PositionOf(s_location, properties.Service),
                $"No path can follow the location {location}.",
                "With propagate-path it begins with a scheme and a host, such as https://example.com/, or with a slash.");
        }

        if (properties.Element is { } element && !values.Has(s_statusCode) && !values.Unreadable.Contains(s_statusCode.Name))
        {
            properties.Findings.Warning(
                element.Position, "Without <status-code> the answer's status is 300, as it has always been, and browsers do not follow that.",
                "Write 301, 302, 303, 307 or 308.");
        }

        return new HttpRedirectOptions
        {
            Location = location,
            StatusCode = values.Get(s_statusCode),
            CacheControl = [.. values.All(s_cacheControl).Select(directive => directive.Value)],
            PropagatesPath = values.Get(s_propagatePath),
            PropagatesQuery = values.Get(s_propagateQuery),
        };
    }

    internal override SettingValues TakeOptions(ServiceOptions options)
    {
        var redirect = (HttpRedirectOptions)options;
        return new SettingValues()
            .With(s_location, redirect.Location)
            .With(s_statusCode, (int?)redirect.StatusCode)
            .WithAll(s_cacheControl, redirect.CacheControl)
            .With(s_propagatePath, (bool?)redirect.PropagatesPath)
            .With(s_propagateQuery, (bool?)redirect.PropagatesQuery);
    }

    // The words of the old gateway, which knew all numbers from 300 on that have a name; only these lead anywhere.
    private static string StatusProblem(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number is < 300 or > 399
            ? $"Wrong value for status-code:{text}. Valid values are integers between 300 and 399."
            : $"Unrecognized status code: {text}.";

    private static TextFault? LocationFault(string text) =>
        text.AsSpan().ContainsAnyExceptInRange('!', '~') ? new($"There is white space or a character beyond ASCII in the location {text}.", "Percent-encode it.")
        : text.Contains('\\', StringComparison.Ordinal) ? new($"There is a backslash in the location {text}.", "Write a slash, or %5C.")
        : null;

    private static TextFault? DirectivesFault(string text) =>
        text.AsSpan().ContainsAnyExceptInRange(' ', '~') ? new($"There is a character beyond ASCII in {text}.", "Write directives such as no-store or max-age=3600.") : null;
}
