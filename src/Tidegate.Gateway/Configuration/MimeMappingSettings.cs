using System.Collections.Immutable;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration;

/// <summary>What <c>mime-mapping</c> may hold.</summary>
internal static class MimeMappingSettings
{
    private static readonly Setting<string> s_extension = new(
        "extension", new TextFormat("a file name extension such as html", ExtensionFault), "The end of file names, without the dot; case does not matter.")
    {
        Required = true,
    };

    private static readonly Setting<string> s_mimeType = new(
        "mime-type", new TextFormat("a media type such as text/html", MimeTypeFault), "What such files are said to be.")
    {
        Required = true,
    };

    internal static readonly SettingGroup Group = new("<mime-mapping>", [s_extension, s_mimeType], NotServedYet.Nothing);

    /// <summary>The mappings among an element's children, over those given. Of two for one extension, the last holds.</summary>
    internal static ImmutableDictionary<string, string> Read(
        SourceElement? parent, ImmutableDictionary<string, string> defaults, Findings findings)
    {
        foreach (SourceElement element in parent?.ChildrenNamed("mime-mapping") ?? [])
        {
            SettingValues values = Group.Read(element, element.Position, findings);
            if (values.Get(s_extension) is { } extension && values.Get(s_mimeType) is { } type)
            {
                defaults = defaults.SetItem(extension.TrimStart('.').ToLowerInvariant(), type);
            }
        }

        return defaults;
    }

    /// <summary>The values that make this mapping.</summary>
    internal static SettingValues Take(string extension, string type) => new SettingValues().With(s_extension, extension).With(s_mimeType, type);

    private static TextFault? ExtensionFault(string text) =>
        text.Trim('.').Length == 0 || text.AsSpan().IndexOfAny("/\\ *") >= 0
            ? new($"\"{text}\" is not a file name extension.", "Write one such as html.")
            : null;

    private static TextFault? MimeTypeFault(string text) =>
        !text.Contains('/', StringComparison.Ordinal) || text.Any(c => char.IsControl(c) || c > '~')
            ? new($"\"{text}\" is not a media type.", "Write one such as text/html or text/html; charset=utf-8.")
            : null;
}
