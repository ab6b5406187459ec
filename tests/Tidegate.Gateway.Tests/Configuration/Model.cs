using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>Compares configurations by what they say: records compare their arrays by identity, and places differ.</summary>
internal static class Model
{
    /// <summary>Everything that a configuration says, places, warnings and what is not served left out.</summary>
    internal static string Show(GatewayConfiguration configuration)
    {
        var text = new StringBuilder();
        Show(configuration with { File = "", Warnings = [], Unserved = [] }, text, 0);
        return text.ToString();
    }

    private static void Show(object? value, StringBuilder text, int depth)
    {
        switch (value)
        {
            case null:
                text.Append("null\n");
                break;
            case SourcePosition:
                text.Append('\n');
                break;
            case string or bool or int or long or Enum or TimeSpan or GatewayUri or BindAddress or ClusterAddress:
                text.Append(CultureInfo.InvariantCulture, $"{value.GetType().Name} {value}\n");
                break;
            case IDictionary map:
                Show(map.Keys.Cast<object>().OrderBy(key => key.ToString(), StringComparer.Ordinal).Select(key => (object)$"{key}={map[key]}"), text, depth);
                break;
            case IEnumerable list:
                text.Append("[\n");
                foreach (object item in list)
                {
                    text.Append(' ', depth + 2);
                    Show(item, text, depth + 2);
                }

                text.Append(' ', depth).Append("]\n");
                break;
            default:
                text.Append(CultureInfo.InvariantCulture, $"{value.GetType().Name} {{\n");
                foreach (PropertyInfo property in value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).OrderBy(p => p.Name, StringComparer.Ordinal))
                {
                    text.Append(' ', depth + 2).Append(property.Name).Append(" = ");
                    Show(property.GetValue(value), text, depth + 2);
                }

                text.Append(' ', depth).Append("}\n");
                break;
        }
    }
}
