using System.Collections.Immutable;

namespace Tidegate.Gateway.Configuration.Source;

/// <summary>An element of the file as written, with its places. It knows nothing of what elements mean.</summary>
internal sealed record SourceElement
{
    /// <summary>The local name.</summary>
    internal required string Name { get; init; }

    /// <summary>The namespace URI; empty if there is none.</summary>
    internal required string Namespace { get; init; }

    /// <summary>Where the start tag's <c>&lt;</c> is.</summary>
    internal required SourcePosition Position { get; init; }

    /// <summary>Where the text starts, white space skipped; the element's own place if it has no text.</summary>
    internal required SourcePosition TextPosition { get; init; }

    /// <summary>
    /// The text directly inside, white space collapsed, parameters replaced; null if a parameter in it has no value, which has then
    /// been reported.
    /// </summary>
    internal required string? Text { get; init; }

    /// <summary>The elements directly inside, in order.</summary>
    internal required ImmutableArray<SourceElement> Children { get; init; }

    /// <summary>The attributes, those of XML namespaces and schema instances left out.</summary>
    internal required ImmutableArray<SourceAttribute> Attributes { get; init; }

    internal IEnumerable<SourceElement> ChildrenNamed(string name) => Children.Where(c => c.Name == name);

    internal SourceElement? FirstChild(string name) => ChildrenNamed(name).FirstOrDefault();

    internal string? TextOf(string child) => FirstChild(child)?.Text;
}

/// <summary>An attribute as written.</summary>
internal sealed record SourceAttribute(string Name, SourcePosition Position);
