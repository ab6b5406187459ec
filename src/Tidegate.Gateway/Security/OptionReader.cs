using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Security;

/// <summary>The options of a login module: each at most once, none empty, and no others than there are.</summary>
internal sealed class OptionReader
{
    private readonly LoginModuleConfiguration _module;
    private readonly RealmConfiguration _realm;

    /// <param name="module">The module.</param>
    /// <param name="realm">Its realm, which errors name.</param>
    /// <param name="known">The options that there are.</param>
    /// <exception cref="ConfigurationException">There is another one, one is empty, or one is there twice.</exception>
    internal OptionReader(LoginModuleConfiguration module, RealmConfiguration realm, ImmutableArray<string> known)
    {
        (_module, _realm) = (module, realm);
        foreach (PropertyElement option in module.Options)
        {
            if (!known.Contains(option.Name) || option.Text.Length == 0 || !option.Children.IsEmpty)
            {
                throw Fault($"The login module {module.Type} has no option <{option.Name}>, or it is empty.", $"Options: {string.Join(", ", known)}.");
            }

            if (module.Options.Count(other => other.Name == option.Name) > 1)
            {
                throw Fault($"The login module {module.Type} has <{option.Name}> more than once.", "Remove all but one.");
            }
        }
    }

    /// <summary>An option as it is written, or null.</summary>
    internal string? Text(string name) => _module.Options.FirstOrDefault(option => option.Name == name)?.Text;

    /// <summary>A length of time, or null.</summary>
    /// <exception cref="ConfigurationException">It is none.</exception>
    internal TimeSpan? Time(string name, TimeSpan minimum = default) => Text(name) is not { } text ? null
        : new TimeIntervalFormat(minimum).TryRead(text, out TimeSpan time, out TextFault? fault) ? time
        : throw Fault($"<{name}>: {fault.Problem}", fault.Cure);

    /// <summary>true or false, in any case as Java reads them; null where it is not there.</summary>
    /// <exception cref="ConfigurationException">It is neither.</exception>
    internal bool? Flag(string name) => Text(name) is not { } text ? null
        : bool.TryParse(text, out bool value) ? value
        : throw Fault($"<{name}> is neither true nor false: {text}.", "Write one of them.");

    /// <summary>A path relative to the directory of the configuration, made full.</summary>
    internal string PathOf(string written) => System.IO.Path.GetFullPath(written, System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(_realm.Position.File))!);

    internal ConfigurationException Fault(string problem, string cure) => new([new(_realm.Position, problem, cure)]);
}
