using System.Collections.Immutable;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration.Description;

/// <summary>The settings that one element may hold, such as those of <c>accept-options</c> or the properties of a service type.</summary>
/// <param name="Place">How messages call the place: "&lt;accept-options&gt;", "the properties of an echo service".</param>
/// <param name="Settings">The settings, in the order of the reference.</param>
/// <param name="NotServedYet">Settings that existing files hold and that this version cannot honour.</param>
internal sealed record SettingGroup(string Place, ImmutableArray<Setting> Settings, NotServedYet NotServedYet)
{
    /// <summary>Reads the settings in an element; null stands for an element that is not there.</summary>
    /// <param name="element">The element that holds the settings.</param>
    /// <param name="owner">Where a required setting is reported missing if there is no such element.</param>
    /// <param name="findings">Takes what is wrong.</param>
    internal SettingValues Read(SourceElement? element, SourcePosition owner, Findings findings)
    {
        var values = new SettingValues();
        var seen = new HashSet<Setting>();
        if (element is not null)
        {
            ElementDescription.CheckAttributes(element, findings);
            ElementDescription.CheckNoText(element, findings);
        }

        foreach (SourceElement child in element?.Children ?? [])
        {
            Setting? setting = Settings.FirstOrDefault(s => s.Name == child.Name);
            if (setting is null)
            {
                if (NotServedYet.Contains(child.Name))
                {
                    NotServedYet.Report(child, findings);
                }
                else
                {
                    ElementDescription.ReportUnknown(child, Place, Settings.Select(s => s.Name), findings);
                }

                continue;
            }

            ElementDescription.CheckAttributes(child, findings);
            if (!seen.Add(setting) && !setting.Repeatable)
            {
                findings.Error(child.Position, $"<{child.Name}> stands twice in {Place}.", "Keep one of them.");
            }
            else if (!child.Children.IsEmpty)
            {
                findings.Error(child.Children[0].Position, $"<{child.Name}> holds text only; there is a <{child.Children[0].Name}> in it.", $"Write {setting.FormatDescription}.");
            }
            else if (setting.Read(child, findings) is { } value)
            {
                values.Add(setting, value, child.TextPosition);
            }
        }

        foreach (Setting missing in Settings.Where(s => s.Required && !seen.Contains(s)))
        {
            findings.Error(element?.Position ?? owner, $"Missing required property: {missing.Name}", $"in {Place}. {missing.Documentation}");
        }

        return values;
    }
}
