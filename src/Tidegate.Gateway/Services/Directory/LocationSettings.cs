using System.Diagnostics.CodeAnalysis;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>What <c>location</c> may hold.</summary>
internal static class LocationSettings
{
    private static readonly Setting<string> s_patterns = new(
        "patterns", new TextFormat("patterns of paths such as **/*.html, with spaces between"),
        "Which files: ? stands for a character, * for any number of them, ** for any number of directories. Case does not matter.")
    {
        Required = true,
    };

    private static readonly Setting<CacheControl> s_cacheControl = new(
        "cache-control", new CacheControlFormat(), "What browsers and caches are told about them. max-age=m+TIME counts from the file's last modification.")
    {
        Required = true,
    };

    internal static GroupSetting<DirectoryLocation> Location { get; } = new(
        "location",
        new SettingGroup("<location>", [s_patterns, s_cacheControl], NotServedYet.Nothing),
        (values, _, _) => values.Get(s_patterns) is { } patterns && values.Get(s_cacheControl) is { } control
            ? new DirectoryLocation { Patterns = [.. patterns.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)], CacheControl = control }
            : null,
        location => new SettingValues().With(s_patterns, string.Join(' ', location.Patterns)).With(s_cacheControl, location.CacheControl),
        "How long browsers and caches may keep some of the files.")
    {
        Repeatable = true,
    };

    private sealed class CacheControlFormat : ValueFormat<CacheControl>
    {
        internal override string Description => "cache-control directives such as max-age=1 hour, public";

        internal override bool TryRead(string text, [MaybeNullWhen(false)] out CacheControl value, [NotNullWhen(false)] out TextFault? fault) =>
            CacheControl.TryParse(text, out value, out fault);
    }
}
