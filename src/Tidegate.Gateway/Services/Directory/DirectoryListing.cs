using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>The page that lists what is in a directory: directories first, then files, by name.</summary>
internal static class DirectoryListing
{
    /// <summary>Entries that a page shows at most.</summary>
    internal const int MaximumEntries = 10_000;

    private const string Style =
        ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}" +
        "h1{font-size:1.25rem;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}th{text-align:left}" +
        "th,td{padding:.25rem .75rem .25rem 0;border-bottom:1px solid color-mix(in srgb,currentColor 15%,transparent)}" +
        "td:first-child{overflow-wrap:anywhere}.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}";

    /// <summary>Writes the page.</summary>
    /// <param name="fullPath">The directory.</param>
    /// <param name="shownPath">Its path as the visitor knows it, decoded, ending in a slash.</param>
    /// <param name="hasParent">Whether there is a directory above that is served too.</param>
    /// <param name="isServed">Whether an entry would be found, so that no link is dead.</param>
    internal static string Write(string fullPath, string shownPath, bool hasParent, Func<FileSystemInfo, bool> isServed)
    {
        FileSystemInfo[] all = [.. new DirectoryInfo(fullPath)
            .EnumerateFileSystemInfos()
            .Where(isServed)
            .Take(MaximumEntries + 1)];
        string title = HtmlEncoder.Default.Encode($"Index of {shownPath}");
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{title}</title>
            <style>{Style}</style>
            </head>
            <body>
            <main>
            <h1 id="title">{title}</h1>
            <table aria-labelledby="title">
            <thead><tr><th scope="col">Name</th><th scope="col" class="number">Size</th><th scope="col" class="number">Modified (UTC)</th></tr></thead>
            <tbody>

            """);
        if (hasParent)
        {
            page.Append("<tr><td><a href=\"../\">Parent directory</a></td><td></td><td></td></tr>\n");
        }

        foreach (FileSystemInfo entry in all.Take(MaximumEntries).OrderBy(e => !IsDirectory(e)).ThenBy(e => e.Name, StringComparer.OrdinalIgnoreCase))
        {
            string slash = IsDirectory(entry) ? "/" : string.Empty;
            // "./" keeps a name with a colon from being a scheme.
            string link = "./" + Uri.EscapeDataString(entry.Name) + slash;
            string size = entry is FileInfo file && slash.Length == 0 ? SizeOf(file) : string.Empty;
            page.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td><a href=\"{HtmlEncoder.Default.Encode(link)}\">{HtmlEncoder.Default.Encode(entry.Name)}{slash}</a></td><td class=\"number\">{size}</td><td class=\"number\">{entry.LastWriteTimeUtc:dd-MMM-yyyy HH:mm}</td></tr>\n");
        }

        page.Append("</tbody>\n</table>\n");
        if (all.Length > MaximumEntries)
        {
            page.Append(CultureInfo.InvariantCulture, $"<p>There are more than {MaximumEntries} entries; the others are not shown.</p>\n");
        }

        return page.Append("</main>\n</body>\n</html>\n").ToString();
    }

    // A link to a directory is one.
    private static bool IsDirectory(FileSystemInfo entry) => (entry.Attributes & FileAttributes.Directory) != 0;

    private static string SizeOf(FileInfo file)
    {
        // A link has no size worth showing.
        long bytes = file.LinkTarget is null ? file.Length : ((FileInfo?)file.ResolveLinkTarget(returnFinalTarget: true))?.Length ?? 0;
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        int unit = 0;
        double shown = bytes;
        while (shown >= 1024 && unit < units.Length - 1)
        {
            shown /= 1024;
            unit++;
        }

        return shown.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + units[unit];
    }
}
