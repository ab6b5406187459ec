using System.Collections.Immutable;
using System.Xml;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration.Description;

/// <summary>The settings that one element may hold, such as those of <c>accept-options</c> or the properties of a service type.</summary>
/// <param name="Place">How messages call the place: "&lt;accept-options&gt;", "the properties of an echo service".</param>
/// <param name="Settings">The settings, in the order of the reference.</param>
/// <param name="NotServedYet">Settings that existing files hold, whose values this version does not even read.</param>
internal sealed record SettingGroup(string Place, ImmutableArray<Setting> Settings, NotServedYet NotServedYet)
{
    /// <summary>What stands for a secret where the model is shown to people.</summary>
    internal const string Masked = "********";

    /// <summary>Whether elements that no setting describes may stand there, too.</summary>
    internal bool IsOpen { get; init; }

    /// <summary>Reads the settings in an element; null stands for an element that is not there.</summary>
    /// <param name="element">The element that holds the settings.</param>
    /// <param name="owner">Where a required setting is reported missing if there is no such element.</param>
    /// <param name="findings">Takes what is wrong.</param>
    internal SettingValues Read(SourceElement? element, SourcePosition owner, Findings findings)
    {
        var values = new SettingValues();
        var seen = new Dictionary<Setting, string>();
        if (element is not null)
        {
            ElementDescription.CheckAttributes(element, findings);
            ElementDescription.CheckNoText(element, findings);
        }

        foreach (SourceElement child in element?.Children ?? [])
        {
            Setting? setting = Settings.FirstOrDefault(s => s.IsCalled(child.Name));
            if (setting is null)
            {
                if (NotServedYet.Contains(child.Name))
                {
                    NotServedYet.Report(child, findings);
                }
                else if (IsOpen)
                {
                    values.Others.Add(PropertyElement.From(child, findings));
                }
                else
                {
                    ElementDescription.ReportUnknown(child, Place, Settings.Select(s => s.Name), Settings.Select(s => s.Alias).OfType<string>(), findings);
                    values.Unreadable.Add(Suggestion.For(child.Name, Settings.Select(s => s.Name)) ?? child.Name);
                }

                continue;
            }

            if (setting.Group is null)
            {
                ElementDescription.CheckAttributes(child, findings);
            }

            if (seen.TryGetValue(setting, out string? earlier) && !setting.Repeatable)
            {
                findings.Error(
                    child.Position,
                    earlier == child.Name
                        ? $"<{child.Name}> stands twice in {Place}."
                        : $"<{child.Name}> is another spelling of <{earlier}>, which stands in {Place} too.",
                    "Keep one of them.");
                continue;
            }

            seen[setting] = child.Name;
            if (setting.Read(child, findings) is { } value)
            {
                values.Add(setting, value, setting.Group is null ? child.TextPosition : child.Position);
                if (!setting.IsDefault(value) && UnservedYet.CureFor(Place, setting.Name) is { } cure)
                {
                    findings.Unserved(child.Position, $"<{child.Name}>", cure);
                }
            }
            else
            {
                values.Unreadable.Add(setting.Name);
            }
        }

        foreach (Setting missing in Settings.Where(s => s.Required && !seen.ContainsKey(s)))
        {
            findings.Error(
                element?.Position ?? owner,
                Place.StartsWith('<') ? $"Missing required element: <{missing.Name}>" : $"Missing required property: {missing.Name}",
                $"in {Place}. {missing.Documentation}");
        }

        return values;
    }

    /// <summary>Writes the elements that read back as these values, in the order of the reference.</summary>
    internal void Write(XmlWriter xml, SettingValues values, bool showSecrets)
    {
        foreach (Setting setting in Settings)
        {
            foreach (object value in values.Of(setting))
            {
                setting.Write(xml, value, showSecrets);
            }
        }

        foreach (PropertyElement other in values.Others)
        {
            other.Write(xml, showSecrets);
        }
    }
}
