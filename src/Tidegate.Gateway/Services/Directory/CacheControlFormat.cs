using System.Diagnostics.CodeAnalysis;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>The directives of a <c>cache-control</c> element.</summary>
internal sealed class CacheControlFormat : ValueFormat<CacheControl>
{
    internal override string Description => "directives with commas between";

    internal override bool TryRead(string text, [MaybeNullWhen(false)] out CacheControl value, [NotNullWhen(false)] out TextFault? fault) =>
        CacheControl.TryParse(text, out value, out fault);
}
