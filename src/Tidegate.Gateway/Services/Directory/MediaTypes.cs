using System.Collections.Frozen;
using System.Collections.Immutable;
using Microsoft.AspNetCore.StaticFiles;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>What the files of a directory are said to be, by the ends of their names.</summary>
internal sealed class MediaTypes(ImmutableDictionary<string, string> mapped)
{
    /// <summary>What a file is said to be whose name tells nothing.</summary>
    internal const string Unknown = "application/octet-stream";

    // What the gateway has always said (compat.md 1.8), and types that ASP.NET's table lacks or calls by an old name.
    private static readonly FrozenDictionary<string, string> s_own = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["aspx"] = "text/html",
        ["js"] = "text/javascript",
        ["mjs"] = "text/javascript",
        ["xap"] = "application/x-silverlight-app",
        ["htc"] = "text/x-component",
        ["swf"] = "application/x-shockwave-flash",
        ["jnlp"] = "application/x-java-jnlp-file",
        ["manifest"] = "text/cache-manifest",
        ["appcache"] = "text/cache-manifest",
        ["vtt"] = "text/vtt",
        ["map"] = "application/json",
        ["webmanifest"] = "application/manifest+json",
        ["wasm"] = "application/wasm",
        ["avif"] = "image/avif",
        ["webp"] = "image/webp",
        ["md"] = "text/markdown",
        ["yaml"] = "application/yaml",
        ["yml"] = "application/yaml",
        ["gz"] = "application/gzip",
        ["woff2"] = "font/woff2",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly FileExtensionContentTypeProvider s_usual = new();

    private static readonly FrozenSet<string> s_compressible = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "application/javascript", "application/json", "application/xml", "application/wasm", "application/yaml", "application/rtf",
        "application/x-java-jnlp-file", "application/vnd.ms-fontobject", "font/ttf", "font/otf", "image/bmp", "image/x-icon");

    internal string For(string name)
    {
        string extension = Path.GetExtension(name).TrimStart('.');
        return mapped.TryGetValue(extension.ToLowerInvariant(), out string? type) || s_own.TryGetValue(extension, out type)
            || s_usual.TryGetContentType(name, out type)
            ? type
            : Unknown;
    }

    /// <summary>Whether files of a type become smaller when compressed: text, and what is text inside.</summary>
    internal static bool IsCompressible(string type)
    {
        string bare = type.Split(';')[0].Trim();
        return bare.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || s_compressible.Contains(bare)
            || bare.EndsWith("+xml", StringComparison.OrdinalIgnoreCase) || bare.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }
}
