using System.Collections.Immutable;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration.Description;

/// <summary>What an element may hold directly.</summary>
internal enum ElementContent
{
    /// <summary>The elements that its description lists, and no text.</summary>
    Elements,

    /// <summary>Text and no elements.</summary>
    Text,

    /// <summary>Settings, which a <see cref="SettingGroup"/> describes and reads.</summary>
    Settings,

    /// <summary>Text, or elements of any name: it is kept as it is written.</summary>
    Anything,
}

/// <summary>
/// An element of the configuration file: what it is for and what it holds. Reading, error messages and the reference come from these
/// descriptions, so that they cannot differ.
/// </summary>
/// <param name="Name">The local name.</param>
/// <param name="Content">What it may hold.</param>
/// <param name="Documentation">One or two sentences for users.</param>
internal sealed record ElementDescription(string Name, ElementContent Content, string Documentation)
{
    /// <summary>The elements inside, and how often each may stand there.</summary>
    internal ImmutableArray<ChildDescription> Children { get; init; } = [];

    /// <summary>An older name for the same, or null.</summary>
    internal string? Alias { get; init; }

    /// <summary>What it holds, where that is settings and does not depend on a service's type.</summary>
    internal SettingGroup? Group { get; init; }

    /// <summary>Reports everything about the element and those inside that is not as described.</summary>
    internal void Check(SourceElement element, Findings findings)
    {
        CheckAttributes(element, findings);
        switch (Content)
        {
            case ElementContent.Text:
                CheckText(element, findings);
                break;

            case ElementContent.Elements:
                CheckElements(element, findings);
                break;
        }
    }

    internal static void CheckAttributes(SourceElement element, Findings findings)
    {
        foreach (SourceAttribute attribute in element.Attributes)
        {
            findings.Error(
                attribute.Position,
                $"<{element.Name}> has an attribute \"{attribute.Name}\"; no element here takes attributes.",
                $"Remove it, or write <{attribute.Name}> as an element if it belongs inside.");
        }
    }

    internal static void CheckNoText(SourceElement element, Findings findings)
    {
        if (element.Text is { Length: > 0 } text)
        {
            findings.Error(
                element.TextPosition,
                $"There is text directly in <{element.Name}>: \"{Shortened(text)}\".",
                "Put it into an element, or make it a comment: <!-- … -->.");
        }
    }

    private bool IsCalled(string written) => written == Name || (written == Alias && Alias is not null);

    /// <summary>What an empty one is told, where old words are searched for.</summary>
    internal string? EmptyProblem { get; init; }

    private void CheckText(SourceElement element, Findings findings)
    {
        foreach (SourceElement child in element.Children)
        {
            findings.Error(child.Position, $"<{element.Name}> holds text only; there is a <{child.Name}> in it.", $"Close <{element.Name}> before it.");
        }

        if (element.Text is { Length: 0 } && element.Children.IsEmpty)
        {
            findings.Error(element.Position, EmptyProblem ?? $"<{element.Name}> is empty.", "Write its value, or remove the element.");
        }
    }

    private void CheckElements(SourceElement element, Findings findings)
    {
        CheckNoText(element, findings);
        var counts = new Dictionary<string, int>();
        foreach (SourceElement child in element.Children)
        {
            ChildDescription? description = Children.FirstOrDefault(c => c.Element.IsCalled(child.Name));
            if (child.Namespace != element.Namespace)
            {
                findings.Error(
                    child.Position,
                    $"<{child.Name}> is in the namespace \"{child.Namespace}\".",
                    "Remove its xmlns attribute or prefix, so that it is in the namespace of <gateway-config>.");
            }
            else if (description is not null)
            {
                int count = counts[description.Element.Name] = counts.GetValueOrDefault(description.Element.Name) + 1;
                if (count == description.Maximum + 1)
                {
                    findings.Error(
                        child.Position,
                        $"Multiple <{child.Name}> elements found; only {(description.Maximum == 1 ? "one" : description.Maximum)} allowed.",
                        $"Keep one in this <{Name}>.");
                }

                description.Element.Check(child, findings);
            }
            else
            {
                ReportUnknown(child, $"<{Name}>", Children.Select(c => c.Element.Name), Children.Select(c => c.Element.Alias).OfType<string>(), findings);
            }
        }

        foreach (ChildDescription child in Children.Where(c => c.Minimum > counts.GetValueOrDefault(c.Element.Name)))
        {
            findings.Error(element.Position, $"Missing required element: <{child.Element.Name}>", $"in this <{Name}>. {child.Element.Documentation}");
        }
    }

    /// <summary>Reports an element that no description knows, with what was probably meant.</summary>
    /// <param name="element">The element.</param>
    /// <param name="parent">How messages call the place.</param>
    /// <param name="known">The names that are allowed there.</param>
    /// <param name="aliases">Other spellings of some of them, which whoever uses one spelling is told.</param>
    /// <param name="findings">Takes the error.</param>
    internal static void ReportUnknown(
        SourceElement element, string parent, IEnumerable<string> known, IEnumerable<string> aliases, Findings findings)
    {
        string[] names = [.. known.Order(StringComparer.Ordinal)];
        string cure = OldProperties.CureFor(element.Name)
            ?? (Suggestion.For(element.Name, names.Concat(aliases)) is { } similar ? $"Did you mean <{similar}>?"
                : names.Length == 0 ? "Remove it: nothing belongs here."
                : $"Allowed here: {string.Join(", ", names)}.");
        string bind = element.Name.EndsWith(Bind, StringComparison.Ordinal) && names.Any(name => name.EndsWith(Bind, StringComparison.Ordinal))
            ? $" Cannot apply unknown bind option '{Shortened(element.Name[..^Bind.Length])}'."
            : "";
        findings.Error(element.Position, $"Unknown element <{Shortened(element.Name)}> in {parent}.{bind}", cure);
    }

    private const string Bind = ".bind";

    private static string Shortened(string text) => text.Length <= 60 ? text : text[..60] + "…";
}

/// <summary>An element inside another, and how often it may stand there.</summary>
internal sealed record ChildDescription(ElementDescription Element, int Minimum, int Maximum)
{
    internal static ChildDescription Once(ElementDescription element) => new(element, 1, 1);

    internal static ChildDescription AtMostOnce(ElementDescription element) => new(element, 0, 1);

    internal static ChildDescription AnyNumber(ElementDescription element) => new(element, 0, int.MaxValue);
}
