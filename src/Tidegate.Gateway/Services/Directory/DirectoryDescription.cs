using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>The <c>directory</c> service type.</summary>
internal sealed class DirectoryDescription : ServiceTypeDescription
{
    private static readonly Setting<string> s_directory = new(
        "directory", new TextFormat("a path", DirectoryFault), "The directory to serve: relative to the web directory, or a file:// URI.")
    {
        Required = true,
    };

    private static readonly Setting<string> s_welcomeFile = new(
        "welcome-file", new TextFormat("a file name", WelcomeFileFault), "The file that is served for the directory itself.");

    private static readonly Setting<string> s_errorPagesDirectory = new(
        "error-pages-directory", new TextFormat("a path", DirectoryFault),
        "Where pages such as 404.html are, relative to the installation directory.");

    private static readonly Setting<bool> s_indexes = new(
        "options", new ChoiceFormat<bool>(("indexes", true), ("none", false)), false,
        "indexes: a directory without a welcome file is shown as a list of what is in it.");

    private static readonly Setting<bool> s_followSymbolicLinks = new(
        "symbolic-links", new ChoiceFormat<bool>(("restricted", false), ("follow", true)), false,
        "Whether symbolic links may lead out of the directory. What they lead to there is otherwise not found.");

    private static readonly Setting<ImmutableArray<string>> s_patterns = new(
        "patterns", new NameListFormat(), "Patterns of file names, with spaces between: * within a name, ** across directories.")
    {
        Required = true,
    };

    private static readonly Setting<CacheControl> s_cacheControl = new(
        "cache-control", new CacheControlFormat(), "The Cache-Control of these files; max-age=m+N is N after the last change.")
    {
        Required = true,
    };

    private static readonly GroupSetting<DirectoryLocation> s_location = new(
        "location",
        new SettingGroup("<location>", [s_patterns, s_cacheControl], NotServedYet.Nothing),
        (values, _, _) => values.Get(s_cacheControl) is { } cacheControl && values.Has(s_patterns)
            ? new DirectoryLocation { Patterns = values.Get(s_patterns), CacheControl = cacheControl }
            : null,
        location => new SettingValues().With(s_patterns, (ImmutableArray<string>?)location.Patterns).With(s_cacheControl, location.CacheControl),
        "How long browsers may keep files of some names.")
    {
        Repeatable = true,
    };

    internal override string Name => "directory";

    internal override string Documentation => "Serves the files of a directory over HTTP.";

    internal override UriScheme[] AcceptSchemes => [UriScheme.Http, UriScheme.Https];

    internal override bool TakesMimeMappings => true;

    internal override SettingGroup Properties { get; } = new(
        "the properties of a directory service",
        [s_directory, s_welcomeFile, s_errorPagesDirectory, s_indexes, s_followSymbolicLinks, s_location],
        NotServedYet.Nothing);

    internal override IEnumerable<ConfigurationError> MissingFor(ServiceConfiguration service, string webDirectory)
    {
        // A directory that could not be read has been reported.
        var options = (DirectoryOptions)service.Options;
        return
            from place in (IEnumerable<(string? Path, string Property)>)
            [
                (options.Directory.Length == 0 ? null : options.DirectoryIn(webDirectory), "directory"),
                (options.ErrorPagesDirectoryIn(webDirectory), "error-pages-directory"),
            ]
            where place.Path is not null && !System.IO.Directory.Exists(place.Path)
            select Missing(service, place.Path, place.Property);
    }

    /// <summary>That a directory is not there.</summary>
    internal static ConfigurationError Missing(ServiceConfiguration service, string path, string property) =>
        new(
            (property == s_directory.Name ? ((DirectoryOptions)service.Options).DirectoryPosition : ((DirectoryOptions)service.Options).ErrorPagesPosition) ?? service.Position,
            $"service \"{service.Name}\": {property} {path} does not exist.", "Create it, or name one that does.");

    internal override Service Create(ServiceConfiguration configuration, ServiceContext context) => new DirectoryService(configuration, context);

    internal override ServiceOptions ReadOptions(ServiceProperties properties) => new DirectoryOptions
    {
        Directory = properties.Values.Get(s_directory) ?? "",
        WelcomeFile = properties.Values.Get(s_welcomeFile),
        ErrorPagesDirectory = properties.Values.Get(s_errorPagesDirectory),
        Indexes = properties.Values.Get(s_indexes),
        FollowSymbolicLinks = properties.Values.Get(s_followSymbolicLinks),
        DirectoryPosition = properties.Values.PositionOf(s_directory, properties.Service),
        ErrorPagesPosition = properties.Values.PositionOf(s_errorPagesDirectory, properties.Service),
        Locations = [.. properties.Values.All(s_location).Select(l => l.Value)],
    };

    internal override SettingValues TakeOptions(ServiceOptions options)
    {
        var directory = (DirectoryOptions)options;
        return new SettingValues()
            .With(s_directory, directory.Directory)
            .With(s_welcomeFile, directory.WelcomeFile)
            .With(s_errorPagesDirectory, directory.ErrorPagesDirectory)
            .With(s_indexes, (bool?)directory.Indexes)
            .With(s_followSymbolicLinks, (bool?)directory.FollowSymbolicLinks)
            .WithAll(s_location, directory.Locations);
    }

    private static TextFault? DirectoryFault(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            return new("There is a zero character in the path.", "Remove it.");
        }

        bool uri = text.StartsWith("file:", StringComparison.OrdinalIgnoreCase) || text.Contains("://", StringComparison.Ordinal);
        return uri && !(Uri.TryCreate(text, UriKind.Absolute, out Uri? parsed) && parsed is { IsFile: true, IsUnc: false })
            ? new($"Unexpected resources directory: {text}.", "Write a path relative to the web directory, or a URI such as file:///srv/www.")
            : null;
    }

    private static TextFault? WelcomeFileFault(string text)
    {
        char wrong = text.FirstOrDefault(c => c is ':' or ';' or '\\' || char.IsControl(c));
        if (wrong != default)
        {
            return new($"Unexpected character \"{wrong}\" in welcome file: {text}.", "Write the name of a file in the directory, such as index.html.");
        }

        return text.StartsWith('/') || text.Split('/').Contains("..")
            ? new($"The welcome file {text} is not in the directory.", "Write its name relative to the directory, such as index.html.")
            : null;
    }
}
