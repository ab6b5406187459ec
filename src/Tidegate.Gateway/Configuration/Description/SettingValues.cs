using System.Collections.Immutable;

namespace Tidegate.Gateway.Configuration.Description;

/// <summary>The settings that were written in one place, typed, with where each was written.</summary>
internal sealed class SettingValues
{
    private readonly Dictionary<Setting, List<(object Value, SourcePosition Position)>> _values = [];

    /// <summary>The elements that an open group holds besides its settings.</summary>
    internal List<PropertyElement> Others { get; } = [];

    /// <summary>The names of settings that are written and could not be read; for a name that nobody knows, the one that was probably meant.</summary>
    internal HashSet<string> Unreadable { get; } = [];

    internal bool IsEmpty => _values.Count == 0 && Others.Count == 0;

    internal void Add(Setting setting, object value, SourcePosition position)
    {
        if (!_values.TryGetValue(setting, out List<(object, SourcePosition)>? list))
        {
            _values.Add(setting, list = []);
        }

        list.Add((value, position));
    }

    /// <summary>Adds what the model holds, which knows no places. Nothing is added for null.</summary>
    internal SettingValues With<T>(TypedSetting<T> setting, T? value)
        where T : class
    {
        if (value is not null)
        {
            Add(setting, value, SourcePosition.Unknown);
        }

        return this;
    }

    /// <inheritdoc cref="With{T}(TypedSetting{T}, T)"/>
    internal SettingValues With<T>(TypedSetting<T> setting, T? value)
        where T : struct
    {
        if (value is { } written)
        {
            Add(setting, written, SourcePosition.Unknown);
        }

        return this;
    }

    /// <summary>Adds a value that nobody need see where it is the default: those of rare options, which would hide the others.</summary>
    internal SettingValues WithUnlessDefault<T>(TypedSetting<T> setting, T value)
        where T : struct => setting.IsDefault(value) ? this : With(setting, (T?)value);

    /// <summary>Adds each of several.</summary>
    internal SettingValues WithAll<T>(TypedSetting<T> setting, IEnumerable<T> values)
        where T : notnull
    {
        foreach (T value in values)
        {
            Add(setting, value, SourcePosition.Unknown);
        }

        return this;
    }

    internal bool Has(Setting setting) => _values.ContainsKey(setting);

    /// <summary>The value written, or the setting's default.</summary>
    internal T? Get<T>(TypedSetting<T> setting)
        where T : notnull => _values.TryGetValue(setting, out List<(object Value, SourcePosition)>? list) ? (T)list[0].Value : setting.Default;

    /// <summary>Every value written, with its place.</summary>
    internal ImmutableArray<(T Value, SourcePosition Position)> All<T>(TypedSetting<T> setting)
        where T : notnull =>
        _values.TryGetValue(setting, out List<(object Value, SourcePosition Position)>? list)
            ? [.. list.Select(v => ((T)v.Value, v.Position))]
            : [];

    /// <summary>Every value of a setting, its type unknown.</summary>
    internal IEnumerable<object> Of(Setting setting) =>
        _values.TryGetValue(setting, out List<(object Value, SourcePosition Position)>? list) ? list.Select(v => v.Value) : [];

    /// <summary>Where the setting is written, or else the place given.</summary>
    internal SourcePosition PositionOf(Setting setting, SourcePosition otherwise) =>
        _values.TryGetValue(setting, out List<(object Value, SourcePosition Position)>? list) ? list[0].Position : otherwise;

    /// <summary>These values and, where a setting is not among them, those of <paramref name="defaults"/>.</summary>
    internal SettingValues Over(SettingValues defaults)
    {
        var merged = new SettingValues();
        merged.Unreadable.UnionWith(Unreadable);
        merged.Unreadable.UnionWith(defaults.Unreadable);
        foreach ((Setting setting, List<(object, SourcePosition)> list) in defaults._values.Where(v => !Has(v.Key)).Concat(_values))
        {
            merged._values.Add(setting, list);
        }

        return merged;
    }
}
